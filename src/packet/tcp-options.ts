import type { TcpOption } from './decoded.ts'

const EOL = 0
const NOP = 1
const MSS = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const SACK = 5
const TIMESTAMPS = 8

/** Takes a TCP header's options apart; every byte ends up in one of them, but for zeros that fill the last word. */
export function decodeTcpOptions(bytes: Uint8Array): TcpOption[] {
  const options: TcpOption[] = []
  for (let at = 0; at < bytes.length; ) {
    const type = bytes[at]!
    if (type === NOP) {
      options.push({ kind: 'nop' })
      at++
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (type === EOL || length < 2 || at + length > bytes.length) {
      const rest = bytes.subarray(at)
      const fillsWord = rest.length < 4 && bytes.length % 4 === 0 && rest.every(byte => byte === 0)
      if (!fillsWord) options.push({ kind: 'rest', bytes: rest })
      break
    }
    options.push(decodeOption(type, bytes.subarray(at + 2, at + length)))
    at += length
  }
  return options
}

function decodeOption(type: number, data: Uint8Array): TcpOption {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (type === MSS && data.length === 2) return { kind: 'mss', size: view.getUint16(0) }
  if (type === WINDOW_SCALE && data.length === 1) return { kind: 'window-scale', shift: data[0]! }
  if (type === SACK_PERMITTED && data.length === 0) return { kind: 'sack-permitted' }
  if (type === TIMESTAMPS && data.length === 8)
    return { kind: 'timestamps', value: view.getUint32(0), echo: view.getUint32(4) }
  if (type === SACK && data.length > 0 && data.length % 8 === 0) {
    const blocks: (readonly [number, number])[] = []
    for (let at = 0; at < data.length; at += 8) blocks.push([view.getUint32(at), view.getUint32(at + 4)])
    return { kind: 'sack', blocks }
  }
  return { kind: 'unknown', type, data }
}

/** The options' bytes, filled up with zeros to a multiple of 4. */
export function encodeTcpOptions(options: readonly TcpOption[]): Uint8Array {
  const bytes: number[] = []
  for (const option of options) {
    const data = optionData(option)
    if (option.kind === 'nop') bytes.push(NOP)
    else if (option.kind === 'rest') bytes.push(...option.bytes)
    else bytes.push(optionType(option), data.length + 2, ...data)
  }
  while (bytes.length % 4 !== 0) bytes.push(0)
  return Uint8Array.from(bytes)
}

function optionType(option: Exclude<TcpOption, { kind: 'nop' | 'rest' }>): number {
  switch (option.kind) {
    case 'mss':
      return MSS
    case 'window-scale':
      return WINDOW_SCALE
    case 'sack-permitted':
      return SACK_PERMITTED
    case 'sack':
      return SACK
    case 'timestamps':
      return TIMESTAMPS
    case 'unknown':
      return option.type
    default:
      return option satisfies never
  }
}

function optionData(option: TcpOption): readonly number[] {
  switch (option.kind) {
    case 'mss':
      return [option.size >>> 8, option.size & 0xff]
    case 'window-scale':
      return [option.shift]
    case 'sack':
      return option.blocks.flatMap(([left, right]) => [...wordBytes(left), ...wordBytes(right)])
    case 'timestamps':
      return [...wordBytes(option.value), ...wordBytes(option.echo)]
    case 'unknown':
      return [...option.data]
    case 'nop':
    case 'rest':
    case 'sack-permitted':
      return []
    default:
      return option satisfies never
  }
}

function wordBytes(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]
}
