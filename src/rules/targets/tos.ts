import { type Draft, defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import { parseNumber, scanNumber } from '../numbers.ts'
import { writeDsField } from './ds-field.ts'
import { hexByte, parseBounded } from './mark-value.ts'

/** The new TOS is `(tos & ~mask) ^ value`. */
export interface TosOptions {
  readonly value: number
  readonly mask: number
}

/** RFC 1349's names. They leave the ECN bits alone. */
const NAMES: readonly (readonly [string, number])[] = [
  ['Minimize-Delay', 0x10],
  ['Maximize-Throughput', 0x08],
  ['Maximize-Reliability', 0x04],
  ['Minimize-Cost', 0x02],
  ['Normal-Service', 0x00],
]
const NAME_MASK = 0x3f

const OPERATIONS = ['set-tos', 'and-tos', 'or-tos', 'xor-tos']

/** `-j TOS`: net/netfilter/xt_DSCP.c, `tos_tg`. */
export const tos = defineTarget<TosOptions>({
  name: 'TOS',
  tables: ['mangle'],
  summary: "change IPv4's TOS or IPv6's traffic class",
  options: [
    {
      name: 'set-tos',
      arguments: 1,
      excludes: OPERATIONS.filter(name => name !== 'set-tos'),
      placeholder: 'value[/mask]|name',
      help: 'clear the bits of mask (default 0xff) and XOR value in, or a name such as Minimize-Delay',
      set(options, [text = '']) {
        write(options, parseTos(text))
      },
    },
    bitOption('and-tos', 'keep only these bits', bits => ({ value: 0, mask: ~bits & 0xff })),
    bitOption('or-tos', 'set these bits', bits => ({ value: bits, mask: bits })),
    bitOption('xor-tos', 'flip these bits', bits => ({ value: bits, mask: 0 })),
  ],
  finish({ value, mask }) {
    if (value === undefined || mask === undefined)
      throw new OptionError('An action is required', {
        expected: OPERATIONS.map(name => `--${name}`).join(' '),
      })
    return { value, mask }
  },
  save: ({ value, mask }) => `--set-tos ${hexByte(value)}/${hexByte(mask)}`,
  list({ value, mask }, _family, numeric) {
    const set = `TOS set ${hexByte(value)}/${hexByte(mask)}`
    if (numeric) return set
    const name = mask === NAME_MASK ? NAMES.find(row => row[1] === value)?.[0] : undefined
    if (name !== undefined) return ` TOS set${name}` // iptables really puts its blank there
    if (value === 0) return `TOS and ${hexByte(~mask & 0xff)}`
    if (value === mask) return `TOS or ${hexByte(value)}`
    return mask === 0 ? `TOS xor ${hexByte(value)}` : set
  },
  compile({ value, mask }) {
    const kept = ~mask
    return skb => {
      const changed = (skb.tos & kept) ^ value
      if (changed !== skb.tos) writeDsField(skb, changed)
      return Verdict.CONTINUE
    }
  },
})

function bitOption(name: string, help: string, read: (bits: number) => TosOptions): OptionSpec<TosOptions> {
  return {
    name,
    arguments: 1,
    excludes: OPERATIONS.filter(other => other !== name),
    placeholder: 'bits',
    help,
    set(options, [text = '']) {
      write(options, read(parseBounded(text, name, 0, 0xff)))
    },
  }
}

function write(options: Draft<TosOptions>, { value, mask }: TosOptions): void {
  options.value = value
  options.mask = mask
}

function parseTos(text: string): TosOptions {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.value > 0xffn) return { value: parseName(text), mask: NAME_MASK }
  const { rest } = scanned
  const mask = rest === '' ? 0xff : rest.startsWith('/') ? parseNumber(rest.slice(1), 0, 0xff) : undefined
  if (mask === undefined)
    throw new OptionError(`Illegal value: "${text}"`, { expected: 'value[/mask], both up to 0xff' })
  return { value: Number(scanned.value), mask }
}

function parseName(text: string): number {
  const found = NAMES.find(([name]) => name.toLowerCase() === text.toLowerCase())
  if (found === undefined)
    throw new OptionError(`Symbolic name "${text}" is unknown`, {
      expected: `a number up to 0xff, or ${NAMES.map(([name]) => name).join(' ')}`,
    })
  return found[1]
}
