/** Connections and expectations as plain data: what ctnetlink tells about them, in the form of the recorded kernel cases. */
import { maskOf } from '../address.ts'
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import { type Connection, type SequenceAdjustment, Status } from './connection.ts'
import type { Expectation } from './expectations.ts'
import { trackerOf } from './protocols.ts'
import type { Tuple } from './tuple.ts'

/** Source, destination, and the ports; `[type, code, id]` for ICMP; nothing for protocols without ports. */
export type DumpedTuple = (string | number)[]

export interface DumpedConnection {
  proto: number
  orig: DumpedTuple
  reply: DumpedTuple
  state?: string
  /** Seconds left, rounded up. */
  timeout: number
  /** `IPS_*` in the order of their bits, without CONFIRMED. */
  status: string[]
  /** Packets and bytes of the original direction, then of the reply direction. */
  counters: [number, number, number, number]
  /** Window scales and `IP_CT_TCP_FLAG_*` of both sides. */
  tcp?: [number, number, number, number]
  vtag?: [number, number]
  mark?: number
  zone?: number
  zone_orig?: number
  zone_reply?: number
  helper?: string
  master?: [number, DumpedTuple]
  seqadj_orig?: [number, number, number]
  seqadj_reply?: [number, number, number]
}

export interface DumpedExpectation {
  proto: number
  tuple: DumpedTuple
  mask: DumpedTuple
  master: [number, DumpedTuple]
  timeout: number
  helper: string
  flags: number
  class?: number
  fn?: string
  nat?: { dir: number; tuple: DumpedTuple }
}

/** The order of `IPS_*` bits. */
const STATUS_NAMES = [
  'EXPECTED',
  'SEEN_REPLY',
  'ASSURED',
  'CONFIRMED',
  'SRC_NAT',
  'DST_NAT',
  'SEQ_ADJUST',
  'SRC_NAT_DONE',
  'DST_NAT_DONE',
  'DYING',
  'FIXED_TIMEOUT',
  'TEMPLATE',
  'NAT_CLASH',
  'HELPER',
  'OFFLOAD',
  'HW_OFFLOAD',
]

export function dumpConnection(connection: Connection, nowMs: number): DumpedConnection {
  const { original, reply, packets, bytes, zone, protocolState, sequenceAdjustments } = connection
  const state = stateName(connection)
  const isWholeZone = zone.original && zone.reply
  const [seqOriginal, seqReply] = sequenceAdjustments.map(dumpAdjustment)
  return {
    proto: original.protocol,
    orig: dumpTuple(original),
    reply: dumpTuple(reply),
    ...(state !== undefined && { state }),
    timeout: secondsLeft(connection.expiresAtMs, nowMs),
    status: statusNames(connection),
    counters: [packets[0], bytes[0], packets[1], bytes[1]],
    ...(protocolState?.kind === 'tcp' && {
      tcp: [
        protocolState.peers[0].scale,
        protocolState.peers[1].scale,
        protocolState.peers[0].flags,
        protocolState.peers[1].flags,
      ] satisfies [number, number, number, number],
    }),
    ...(protocolState?.kind === 'sctp' && {
      vtag: [protocolState.vtags[0] >>> 0, protocolState.vtags[1] >>> 0] satisfies [number, number],
    }),
    ...(connection.mark !== 0 && { mark: connection.mark >>> 0 }),
    ...(zone.id !== 0 && isWholeZone && { zone: zone.id }),
    ...(zone.id !== 0 && !isWholeZone && zone.original && { zone_orig: zone.id }),
    ...(zone.id !== 0 && !isWholeZone && zone.reply && { zone_reply: zone.id }),
    ...(connection.helper !== undefined && { helper: connection.helper }),
    ...(connection.masterOriginal !== undefined && { master: dumpMaster(connection.masterOriginal) }),
    ...(seqOriginal !== undefined && { seqadj_orig: seqOriginal }),
    ...(seqReply !== undefined && { seqadj_reply: seqReply }),
  }
}

export function dumpExpectation(expectation: Expectation, nowMs: number): DumpedExpectation {
  const { tuple, mask, nat, onExpected } = expectation
  const { family } = tuple
  const everything = maskOf(family, 128).toString()
  const any = maskOf(family, 0).toString()
  return {
    proto: tuple.protocol,
    tuple: dumpTuple(tuple),
    mask: [mask.source.toString(), everything, mask.sport, 0xffff],
    master: dumpMaster(expectation.masterOriginal),
    timeout: secondsLeft(expectation.expiresAtMs, nowMs),
    helper: expectation.helper,
    flags: expectation.flags,
    ...(expectation.class !== 0 && { class: expectation.class }),
    ...(onExpected !== undefined && { fn: onExpected }),
    ...(nat !== undefined &&
      // the kernel tells it only if there is anything to tell
      (nat.savedPort !== 0 || !nat.savedAddress.isZero()) && {
        nat: { dir: nat.direction, tuple: [nat.savedAddress.toString(), any, nat.savedPort, 0] },
      }),
  }
}

function dumpTuple(tuple: Tuple): DumpedTuple {
  const addresses = [tuple.source.toString(), tuple.destination.toString()]
  if (tuple.protocol === IPPROTO_ICMP || tuple.protocol === IPPROTO_ICMPV6)
    return [...addresses, tuple.dport >>> 8, tuple.dport & 0xff, tuple.sport]
  return hasPorts(tuple.protocol) ? [...addresses, tuple.sport, tuple.dport] : addresses
}

/** The name of the protocol's state; undefined for protocols without. */
export function stateName(connection: Connection): string | undefined {
  return connection.protocolState && trackerOf(connection.original.protocol).stateName?.(connection)
}

/** Until it dies, in seconds, rounded up. */
function secondsLeft(expiresAtMs: number, nowMs: number): number {
  return Math.ceil((expiresAtMs - nowMs) / 1000)
}

export function hasPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_UDPLITE ||
    protocol === IPPROTO_SCTP ||
    protocol === IPPROTO_GRE
  )
}

function statusNames(connection: Connection): string[] {
  return STATUS_NAMES.filter((_, bit) => (connection.status & ~Status.CONFIRMED & (1 << bit)) !== 0)
}

function dumpMaster(tuple: Tuple): [number, DumpedTuple] {
  return [tuple.protocol, dumpTuple(tuple)]
}

function dumpAdjustment(adjustment: SequenceAdjustment | undefined): [number, number, number] | undefined {
  if (adjustment === undefined) return undefined
  const { correctionPosition, offsetBefore, offsetAfter } = adjustment
  return [correctionPosition >>> 0, offsetBefore, offsetAfter]
}
