import type { Address } from '../../address.ts'
import { type Connection, type ORIGINAL, type REPLY, Status } from '../../conntrack/connection.ts'
import type { HostMask, NegatableNumber, NegatableRange } from './support.ts'

/** The four tuple addresses and four tuple ports that can be asked for, in the kernel's order. */
export const ADDRESS_FIELDS = ['origsrc', 'origdst', 'replsrc', 'repldst'] as const
export type AddressField = (typeof ADDRESS_FIELDS)[number]
export const PORT_FIELDS = ['origsrcport', 'origdstport', 'replsrcport', 'repldstport'] as const
export type PortField = (typeof PORT_FIELDS)[number]

export interface ConntrackOptions {
  /** `StateBit`s */
  readonly state?: NegatableNumber
  readonly protocol?: NegatableNumber
  readonly addresses?: { readonly [field in AddressField]?: HostMask & { readonly negated: boolean } }
  readonly ports?: { readonly [field in PortField]?: NegatableRange }
  /** `Status` bits; 0 for NONE, which nothing has. */
  readonly status?: NegatableNumber
  readonly expire?: NegatableRange
  readonly direction?: typeof ORIGINAL | typeof REPLY
}

export const STATUSES = [
  ['EXPECTED', Status.EXPECTED],
  ['SEEN_REPLY', Status.SEEN_REPLY],
  ['ASSURED', Status.ASSURED],
  ['CONFIRMED', Status.CONFIRMED],
] as const

export function statusText(bits: number): string {
  return STATUSES.flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name])).join(',') || 'NONE'
}

/** Where an address option looks. */
export const ADDRESS_OF: Readonly<Record<AddressField, (connection: Connection) => Address>> = {
  origsrc: ({ original }) => original.source,
  origdst: ({ original }) => original.destination,
  replsrc: ({ reply }) => reply.source,
  repldst: ({ reply }) => reply.destination,
}

/** Where a port option looks; for ICMP that is the id, and type and code. */
export const PORT_OF: Readonly<Record<PortField, (connection: Connection) => number>> = {
  origsrcport: ({ original }) => original.sport,
  origdstport: ({ original }) => original.dport,
  replsrcport: ({ reply }) => reply.sport,
  repldstport: ({ reply }) => reply.dport,
}
