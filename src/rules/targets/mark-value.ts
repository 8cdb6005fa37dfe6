import { OptionError } from '../extension.ts'
import { parseNumber, scanNumber } from '../numbers.ts'

/** A mark and which bits of it count, both unsigned. */
export interface MarkValue {
  readonly value: number
  readonly mask: number
}

export const ALL_BITS = 0xffff_ffff

/** An option that sets a mark to `(mark & ~mask) ^ value`. */
export interface MarkOperation {
  readonly name: string
  readonly placeholder: string
  readonly help: string
  readonly read: (text: string) => MarkValue
}

/** MARK has them for the mark of the packet, CONNMARK for that of the connection. */
export const MARK_OPERATIONS: readonly MarkOperation[] = [
  {
    name: 'set-xmark',
    placeholder: 'value[/mask]',
    help: 'clear the bits of mask and XOR value into the mark',
    read: text => parseMarkMask(text, 'set-xmark'),
  },
  {
    name: 'set-mark',
    placeholder: 'value[/mask]',
    help: 'clear the bits of mask and OR value into the mark',
    read(text) {
      const { value, mask } = parseMarkMask(text, 'set-mark')
      return { value, mask: (mask | value) >>> 0 }
    },
  },
  {
    name: 'and-mark',
    placeholder: 'bits',
    help: 'keep only these bits',
    read: text => ({ value: 0, mask: ~parseBounded(text, 'and-mark', 0, ALL_BITS) >>> 0 }),
  },
  {
    name: 'or-mark',
    placeholder: 'bits',
    help: 'set these bits',
    read(text) {
      const value = parseBounded(text, 'or-mark', 0, ALL_BITS)
      return { value, mask: value }
    },
  },
  {
    name: 'xor-mark',
    placeholder: 'bits',
    help: 'flip these bits',
    read: text => ({ value: parseBounded(text, 'xor-mark', 0, ALL_BITS), mask: 0 }),
  },
]

/** `5`, `0x5/0xff`: iptables' XTTYPE_MARKMASK32. Without a mask all bits count. */
export function parseMarkMask(text: string, option: string): MarkValue {
  const scanned = scanNumber(text)
  const value = Number(scanned?.value)
  const rest = scanned?.rest ?? ''
  const mask =
    rest === '' ? ALL_BITS : rest.startsWith('/') ? parseNumber(rest.slice(1), 0, ALL_BITS) : undefined
  if (scanned === undefined || value > ALL_BITS || mask === undefined)
    throw new OptionError(`bad integer value for option "--${option}", or out of range`, {
      expected: 'a 32-bit number, with a mask behind a slash or without: 0x1/0xff',
    })
  return { value, mask }
}

/** A number between the bounds (XTTYPE_UINT8 to UINT32). */
export function parseBounded(text: string, option: string, minimum: number, maximum: number): number {
  const value = parseNumber(text, minimum, maximum)
  if (value === undefined)
    throw new OptionError(`bad value for option "--${option}", or out of range (${minimum}-${maximum})`, {
      expected: `a number from ${minimum} to ${maximum}`,
    })
  return value
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`
}

/** `0x0a`: two digits at least. */
export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}

/** What `iptables -L` makes of `(mark & ~mask) ^ value`: the name of the operation people would have written. */
export function listMarkOperation(value: number, mask: number): string {
  if (value === 0) return `and ${hex(~mask)}`
  if (value === mask) return `or ${hex(value)}`
  if (mask === 0) return `xor ${hex(value)}`
  if (mask === ALL_BITS) return `set ${hex(value)}`
  return `xset ${hex(value)}/${hex(mask)}`
}
