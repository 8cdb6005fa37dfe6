import { Address } from '../address.ts'

/**
 * Protocols that conntrack has no tracker for: RFC 3692's experiment, DCCP, IPComp, AH, tunnels, PIM, OSPF, VRRP, and
 * IPv6's mobility and routing headers.
 */
const NUMBERS: Readonly<Record<4 | 6, readonly number[]>> = {
  4: [253, 33, 108, 51, 4, 41, 2, 103, 89, 112, 255],
  6: [253, 33, 108, 135, 43, 51, 41, 103, 89, 112],
}

/** What the header is made of. */
interface Said {
  readonly from: { readonly address: string; readonly port: number }
  readonly to: { readonly address: string; readonly port: number }
  readonly id: number
}

/** Which of them a conversation talks. */
export function unusualNumber(family: 4 | 6, course: number): number {
  return NUMBERS[family][course % NUMBERS[family].length]!
}

/** What one side says in it: the header, varied by the packet's id, and the data behind. */
export function unusualBytes(number: number, said: Said, data: Uint8Array): Uint8Array {
  const header = headerOf(number, said)
  const bytes = new Uint8Array(header.length + data.length)
  bytes.set(header)
  bytes.set(data, header.length)
  return bytes
}

const NO_NEXT_HEADER = 59

function headerOf(number: number, { from, to, id }: Said): readonly number[] {
  switch (number) {
    case 33:
      // 28 bytes with options that only short packet types have room for
      return [
        ...ports(from.port, to.port),
        7,
        0,
        0,
        0,
        (id % 12) << 1,
        0,
        0,
        1,
        ...repeat([1, 65, 2, 41], 16),
      ]
    case 51:
      return [
        id % 2 === 0 ? NO_NEXT_HEADER : 6,
        4,
        0,
        0,
        ...[to.port >> 8, to.port & 255, from.port >> 8, id % 3],
        ...repeat([0, 1, 2], 16),
      ]
    case 108:
      return [6, 0, to.port >> 8, to.port & 255]
    case 135:
      return [id % 4 === 0 ? 6 : NO_NEXT_HEADER, 0, id % 9, 0, 0, 0, 0, 0]
    case 43:
      return [
        NO_NEXT_HEADER,
        4,
        4,
        id % 4,
        1 + (id % 2),
        0,
        0,
        7,
        ...bytesOf(to.address),
        ...bytesOf(from.address),
      ]
    default:
      return []
  }
}

function ports(source: number, destination: number): number[] {
  return [source >> 8, source & 255, destination >> 8, destination & 255]
}

function repeat(pattern: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, index) => pattern[index % pattern.length]!)
}

function bytesOf(address: string): readonly number[] {
  const bytes = new Uint8Array(16)
  Address.parse(address).write(bytes, 0)
  return [...bytes]
}
