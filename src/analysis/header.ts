import { Address } from '../address.ts'
import { DIRECTIONS, KINDS, PACKET_TYPES, STATES, type StateName } from './fields.ts'
import type { Opaque, PacketSpace } from './space.ts'

/** A vector of a packet space, read: one packet and what must be true of it besides. */
export interface HeaderPoint {
  readonly state: StateName
  readonly direction: (typeof DIRECTIONS)[number]
  /** `--ctstate SNAT`, `DNAT` */
  readonly translated: readonly ('SNAT' | 'DNAT')[]
  /** '' for none. */
  readonly in: string
  readonly out: string
  readonly protocol: number
  readonly kind: (typeof KINDS)[number]
  readonly source: Address
  readonly destination: Address
  readonly sport: number
  readonly dport: number
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
  readonly flags: number
  readonly icmpType: number
  readonly icmpCode: number
  readonly packetType: (typeof PACKET_TYPES)[number]
  readonly mac: string
  readonly tos: number
  readonly ttl: number
  readonly length: number
  readonly mark: number
  /** The conditions beyond the fields that must hold, and (unless nobody cares) those that must not. */
  readonly conditions: readonly { readonly text: string; readonly holds: boolean }[]
}

/** @param relevant the free variables that matter; the others are left out */
export function readPoint(
  space: PacketSpace,
  bits: Uint8Array,
  relevant: (opaque: Opaque) => boolean = () => true,
): HeaderPoint {
  const atom = (name: 'in' | 'out' | 'mac'): string =>
    space.fields[name].atoms![space.valueOf(name, bits)] ?? ''
  const conditions: { text: string; holds: boolean }[] = []
  for (let level = space.fieldBits; level < bits.length; level++) {
    const opaque = space.opaqueAt(level)
    if (opaque !== undefined && relevant(opaque))
      conditions.push({ text: opaque.text, holds: bits[level] === 1 })
  }
  return {
    state: STATES[space.valueOf('state', bits)] ?? 'NEW',
    direction: DIRECTIONS[space.valueOf('direction', bits)]!,
    translated: [
      ...(space.valueOf('snat', bits) === 1 ? (['SNAT'] as const) : []),
      ...(space.valueOf('dnat', bits) === 1 ? (['DNAT'] as const) : []),
    ],
    in: atom('in'),
    out: atom('out'),
    protocol: space.valueOf('protocol', bits),
    kind: KINDS[space.valueOf('kind', bits)] ?? 'whole',
    source: addressOf(space, 'source', bits),
    destination: addressOf(space, 'destination', bits),
    sport: space.valueOf('sport', bits),
    dport: space.valueOf('dport', bits),
    flags: space.valueOf('flags', bits),
    icmpType: space.valueOf('icmpType', bits),
    icmpCode: space.valueOf('icmpCode', bits),
    packetType: PACKET_TYPES[space.valueOf('packetType', bits)]!,
    mac: atom('mac'),
    tos: space.valueOf('tos', bits),
    ttl: space.valueOf('ttl', bits),
    length: space.valueOf('length', bits),
    mark: space.valueOf('mark', bits),
    conditions,
  }
}

function addressOf(space: PacketSpace, name: 'source' | 'destination', bits: Uint8Array): Address {
  const { offset } = space.fields[name]
  const word = (from: number): number => {
    let value = 0
    for (let i = 0; i < 32; i++) value = (value << 1) | bits[offset + from + i]!
    return value
  }
  return space.family === 4 ? Address.v4(word(0)) : new Address(6, word(0), word(32), word(64), word(96))
}
