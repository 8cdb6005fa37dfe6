import { Address, maskLength, Prefix } from '../address.ts'
import { protocolName } from '../packet/protocols.ts'
import { EMPTY, FULL, type Node } from './bdd.ts'
import type { FieldName } from './fields.ts'
import type { PacketSpace } from './space.ts'

/** More than so many pieces are not listed. */
const MAX_PIECES = 6
const FLAG_NAMES = ['URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']

/**
 * The values of one field as people write them: `tcp,udp`, `22`, `1024-65535`, `not 10.0.0.0/8`, `SYN+!ACK`.
 *
 * @param side a set over this field's bits only
 * @param possible the values that exist
 */
export function fieldText(space: PacketSpace, name: FieldName, side: Node, possible: Node): string {
  const { bdd } = space
  const positive = pieces(space, name, bdd.and(side, possible))
  const negative = pieces(space, name, bdd.difference(possible, side))
  return negative.length < positive.length ? `not ${list(negative)}` : list(positive)
}

function list(parts: readonly string[]): string {
  if (parts.length <= MAX_PIECES) return parts.join(',')
  return `${parts.slice(0, MAX_PIECES - 1).join(',')} and ${parts.length - MAX_PIECES + 1} more`
}

function pieces(space: PacketSpace, name: FieldName, side: Node): readonly string[] {
  if (side === EMPTY) return []
  const { offset, bits, atoms } = space.fields[name]
  if (atoms !== undefined)
    return atoms.filter((_, index) => space.bdd.and(side, space.is(name, index)) !== EMPTY).map(atomText)
  if (name === 'flags') {
    const cube = cubeOf(space, side, offset, bits)
    if (cube !== undefined && isSyn(cube)) return ['--syn']
    if (cube !== undefined)
      return [
        FLAG_NAMES.flatMap((flag, i) =>
          cube[i] === undefined ? [] : [cube[i] === 1 ? flag : `!${flag}`],
        ).join('+'),
      ]
  }
  if (name === 'source' || name === 'destination') return addressPieces(space, name, side)
  if (name === 'mark' || name === 'tos') {
    const cube = cubeOf(space, side, offset, bits)
    if (cube !== undefined) return [maskedText(cube)]
  }
  return intervals(space, side, offset, bits, MAX_PIECES * 8).map(([low, high]) =>
    rangeText(name, Number(low), Number(high)),
  )
}

function atomText(atom: string): string {
  return atom === '' ? '(none)' : atom
}

function rangeText(name: FieldName, low: number, high: number): string {
  const text = (value: number): string =>
    name === 'protocol' ? (protocolName(value) ?? `${value}`) : `${value}`
  return low === high ? text(low) : `${low}-${high}`
}

/** What iptables calls `--syn`: SYN without RST, ACK and FIN. */
function isSyn(cube: Cube): boolean {
  return FLAG_NAMES.every((flag, i) => {
    if (flag === 'SYN') return cube[i] === 1
    return cube[i] === (flag === 'URG' || flag === 'PSH' ? undefined : 0)
  })
}

type Cube = readonly (0 | 1 | undefined)[]

/** The bits that a set fixes, if it is nothing but fixed bits. */
function cubeOf(space: PacketSpace, side: Node, offset: number, bits: number): Cube | undefined {
  const { bdd } = space
  const cube: (0 | 1 | undefined)[] = new Array(bits).fill(undefined)
  let node = side
  while (node !== FULL) {
    const low = bdd.low(node)
    const high = bdd.high(node)
    if (low !== EMPTY && high !== EMPTY) return undefined
    cube[bdd.level(node) - offset] = low === EMPTY ? 1 : 0
    node = low === EMPTY ? high : low
  }
  return cube
}

function maskedText(cube: Cube): string {
  const number = (bit: (fixed: 0 | 1 | undefined) => boolean): number =>
    cube.reduce<number>((value, fixed) => value * 2 + (bit(fixed) ? 1 : 0), 0)
  const value = number(fixed => fixed === 1)
  const mask = number(fixed => fixed !== undefined)
  const full = 2 ** cube.length - 1
  return mask === full ? `0x${value.toString(16)}` : `0x${value.toString(16)}/0x${mask.toString(16)}`
}

function addressPieces(space: PacketSpace, name: 'source' | 'destination', side: Node): readonly string[] {
  const { offset, bits } = space.fields[name]
  const cube = cubeOf(space, side, offset, bits)
  if (cube !== undefined) {
    const address = toAddress(space, (i: number) => cube[i] === 1)
    const mask = toAddress(space, (i: number) => cube[i] !== undefined)
    return [maskLength(mask) === bits ? `${address}` : `${new Prefix(address, mask)}`]
  }
  return intervals(space, side, offset, bits, MAX_PIECES * 8).map(([low, high]) => {
    const size = high - low + 1n
    const from = fromNumber(space, low)
    if (size === 1n) return `${from}`
    const isPrefix = (size & (size - 1n)) === 0n && low % size === 0n
    return isPrefix ? `${from}/${bits - (size.toString(2).length - 1)}` : `${from}-${fromNumber(space, high)}`
  })
}

function toAddress(space: PacketSpace, bit: (index: number) => boolean): Address {
  const word = (at: number): number => {
    let value = 0
    for (let i = 0; i < 32; i++) value = (value << 1) | (bit(at + i) ? 1 : 0)
    return value
  }
  return space.family === 4 ? Address.v4(word(0)) : new Address(6, word(0), word(32), word(64), word(96))
}

function fromNumber(space: PacketSpace, value: bigint): Address {
  const bits = space.family === 4 ? 32 : 128
  return toAddress(space, i => ((value >> BigInt(bits - 1 - i)) & 1n) === 1n)
}

/** The values of a set over one field as sorted, disjoint ranges; it stops soon after `limit` of them. */
function intervals(
  space: PacketSpace,
  side: Node,
  offset: number,
  bits: number,
  limit: number,
): (readonly [bigint, bigint])[] {
  const { bdd } = space
  const found: [bigint, bigint][] = []
  const visit = (node: Node, level: number, base: bigint): void => {
    if (node === EMPTY || found.length > limit) return
    const size = 1n << BigInt(offset + bits - level)
    if (node === FULL) {
      const last = found.at(-1)
      if (last !== undefined && last[1] + 1n === base) last[1] = base + size - 1n
      else found.push([base, base + size - 1n])
      return
    }
    const own = bdd.level(node) === level
    visit(own ? bdd.low(node) : node, level + 1, base)
    visit(own ? bdd.high(node) : node, level + 1, base + size / 2n)
  }
  visit(side, offset, 0n)
  return found
}
