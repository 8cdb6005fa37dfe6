import type { Address, Family } from '../address.ts'

/**
 * What a packet set may speak of, in the order of the variables. Everything else that a rule asks is an opaque
 * condition (see `space.ts`). Few-valued fields come first; what a transport match asks lies below the addresses, so
 * that it is put under them without copying them.
 */
export const FIELD_NAMES = [
  'state',
  'direction',
  'snat',
  'dnat',
  'in',
  'out',
  'protocol',
  'source',
  'destination',
  'kind',
  'dport',
  'sport',
  'flags',
  'icmpType',
  'icmpCode',
  'packetType',
  'mac',
  'tos',
  'ttl',
  'length',
  'mark',
] as const
export type FieldName = (typeof FIELD_NAMES)[number]

/** Bits `offset` to `offset + bits - 1` of a vector, the most significant first. */
export interface Field {
  readonly name: FieldName
  readonly offset: number
  readonly bits: number
  /** For fields that are names rather than numbers: value i is `atoms[i]`. */
  readonly atoms?: readonly string[]
}

/** The states a packet can be in; exactly one of them. SNAT and DNAT are bits of their own. */
export const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const
export type StateName = (typeof STATES)[number]

/** `whole`: its transport header can be read. `later`: a later fragment. `unreadable`: too short for its own header. */
export const KINDS = ['whole', 'later', 'unreadable'] as const

export const DIRECTIONS = ['original', 'reply'] as const
export const PACKET_TYPES = ['host', 'broadcast', 'multicast', 'otherhost'] as const

const WIDTHS: Readonly<Record<FieldName, number>> = {
  state: 3,
  direction: 1,
  snat: 1,
  dnat: 1,
  in: 0,
  out: 0,
  protocol: 8,
  kind: 2,
  source: 32,
  destination: 32,
  dport: 16,
  sport: 16,
  flags: 6,
  icmpType: 8,
  icmpCode: 8,
  packetType: 2,
  mac: 0,
  tos: 8,
  ttl: 8,
  length: 16,
  mark: 32,
}

/** Names that differ between rulesets: the devices and MAC addresses that they mention, each with stand-ins for the rest. */
export interface Vocabulary {
  readonly devices: readonly string[]
  readonly macs: readonly string[]
}

/** Lays the fields out one behind the other. */
export function layOut(family: Family, vocabulary: Vocabulary): Readonly<Record<FieldName, Field>> {
  const atomsOf: { readonly [name in FieldName]?: readonly string[] } = {
    state: STATES,
    direction: DIRECTIONS,
    in: vocabulary.devices,
    out: vocabulary.devices,
    kind: KINDS,
    packetType: PACKET_TYPES,
    mac: vocabulary.macs,
  }
  const fields: { [name in FieldName]?: Field } = {}
  let offset = 0
  for (const name of FIELD_NAMES) {
    const atoms = atomsOf[name]
    const isAddress = name === 'source' || name === 'destination'
    const bits = isAddress && family === 6 ? 128 : WIDTHS[name] || bitsFor(atoms?.length ?? 1)
    fields[name] = { name, offset, bits, ...(atoms !== undefined && { atoms }) }
    offset += bits
  }
  return fields as Record<FieldName, Field>
}

function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)))
}

/** Bit `index` (0 the most significant) of a number `bits` wide. */
export function bitOf(value: number, bits: number, index: number): 0 | 1 {
  return ((value >>> (bits - 1 - index)) & 1) as 0 | 1
}

/** The same of an address. */
export function addressBit(address: Address, index: number): 0 | 1 {
  const word = index < 32 ? address.w0 : index < 64 ? address.w1 : index < 96 ? address.w2 : address.w3
  return ((word >>> (31 - (index & 31))) & 1) as 0 | 1
}
