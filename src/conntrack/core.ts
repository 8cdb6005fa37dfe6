import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { type Connection, CtInfo, type Direction, Status } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { Change } from './events.ts'
import { findConnection } from './find.ts'
import { inspectIcmp } from './icmp-errors.ts'
import { openConnection } from './open.ts'
import { transportAt, tupleOf } from './packet-tuple.ts'
import { trackerOf } from './protocols.ts'
import type { CtStateName } from './steps.ts'
import type { ConntrackTemplate } from './template.ts'
import { type ProtocolTracker, Tracked, TrackedPacket } from './tracker.ts'
import { zoneOf } from './zone.ts'

/**
 * What connection does a packet belong to? Finds it, or makes a new one (not yet in the table: see `confirmPacket`),
 * and lets its protocol's tracker judge. Afterwards `skb.connection` and `skb.ctInfo` say it: no connection is INVALID,
 * unless `ctInfo` is UNTRACKED. INVALID packets are accepted; what to do with them is up to the rules.
 *
 * Source: `nf_conntrack_in` in net/netfilter/nf_conntrack_core.c (Linux 6.18).
 *
 * @param template what `-j CT` or NOTRACK said in the raw table
 * @returns 'drop' only when the table is full, or a tracker insists
 */
export function trackPacket(
  skb: Skb,
  template: ConntrackTemplate | undefined,
  context: ConntrackContext,
): 'accept' | 'drop' | 'full' {
  if (skb.connection?.has(Status.TEMPLATE)) {
    skb.connection = undefined
    skb.ctInfo = undefined
  }
  if (template?.notrack === true && skb.connection === undefined)
    return conclude(skb, untracked(skb), context)
  // Seen before: looped back through lo, or made by the box in answer to a packet of the connection.
  if (skb.connection !== undefined || skb.ctInfo === CtInfo.UNTRACKED) return 'accept'
  const { family, bytes } = skb
  const transport = transportAt(family, bytes, 0)
  if (transport < 0) return conclude(skb, invalid('no transport header that could be tracked'), context)
  const protocol = transport & 0xff
  const dataOffset = transport >>> 8

  if (protocol === (family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
    const finding = inspectIcmp(skb, dataOffset, template, context)
    if (finding.kind === 'invalid') return conclude(skb, finding, context)
    if (finding.kind === 'untracked') return conclude(skb, untracked(skb), context)
    if (finding.kind === 'related') return conclude(skb, NOTHING_ODD, context)
  }
  for (;;) {
    const found = resolve(skb, protocol, dataOffset, template, context)
    if (found === undefined) return conclude(skb, invalid('no connection can be made of it'), context)
    if (found === 'full') return 'full'
    const tracker = trackerOf(protocol)
    const packet = new TrackedPacket(skb, dataOffset, found, skb.ctInfo!, context)
    const before = context.recorder === undefined ? undefined : stateName(tracker, found)
    const verdict = tracker.track(packet)
    if (verdict === Tracked.ACCEPT) {
      if (packet.ctInfo === CtInfo.ESTABLISHED_REPLY && !found.has(Status.SEEN_REPLY)) {
        found.status |= Status.SEEN_REPLY
        found.pendingChanges |= Change.REPLY
      }
      return conclude(skb, packet, context, tracker, before)
    }
    skb.connection = undefined
    skb.ctInfo = undefined
    if (verdict === Tracked.REPEAT) continue
    conclude(skb, packet, context)
    return verdict === Tracked.DROP ? 'drop' : 'accept'
  }
}

/** `resolve_normal_ct`: the step's own copy of the packet's connection, also written to the skb. */
function resolve(
  skb: Skb,
  protocol: number,
  dataOffset: number,
  template: ConntrackTemplate | undefined,
  context: ConntrackContext,
): Connection | 'full' | undefined {
  const tuple = tupleOf(skb.source, skb.destination, skb.bytes, protocol, dataOffset, context.greKeys)
  if (tuple === undefined) return undefined
  const zone = zoneOf(template, skb.mark)
  const found = findConnection(tuple, zone, context)
  if (found < 0) {
    const opened = openConnection(tuple, zone, template, skb, context)
    if (opened === undefined || opened === 'full') return opened
    skb.ctInfo = opened.has(Status.EXPECTED) ? CtInfo.RELATED : CtInfo.NEW
    skb.connection = opened
    return opened
  }
  const connection = context.sessions.own(context.sessions.get(found >> 1)!)
  if ((found & 1) === 1) skb.ctInfo = CtInfo.ESTABLISHED_REPLY
  else if (connection.has(Status.SEEN_REPLY)) skb.ctInfo = CtInfo.ESTABLISHED
  else skb.ctInfo = connection.has(Status.EXPECTED) ? CtInfo.RELATED : CtInfo.NEW
  skb.connection = connection
  return connection
}

interface Finding {
  readonly reason?: string
  readonly ignored?: boolean
}
const NOTHING_ODD: Finding = {}

function invalid(reason: string): Finding {
  return { reason }
}

function untracked(skb: Skb): Finding {
  skb.connection = undefined
  skb.ctInfo = CtInfo.UNTRACKED
  return NOTHING_ODD
}

/** Tells the recorder, if there is one. */
function conclude(
  skb: Skb,
  finding: Finding,
  context: ConntrackContext,
  tracker?: ProtocolTracker,
  before?: string,
): 'accept' {
  const { recorder } = context
  if (recorder === undefined) return 'accept'
  const { connection } = skb
  const after = connection === undefined || tracker === undefined ? undefined : stateName(tracker, connection)
  recorder.add({
    kind: 'conntrack',
    ctState: ctStateName(skb),
    ...(connection !== undefined && {
      direction: skb.direction as Direction,
      original: connection.original,
      reply: connection.reply,
      timeoutMs: connection.has(Status.CONFIRMED)
        ? connection.expiresAtMs - context.nowMs
        : connection.expiresAtMs,
    }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    ...(finding.ignored === true && { ignored: true }),
    ...(finding.reason !== undefined && finding.reason !== '' && { reason: finding.reason }),
  })
  return 'accept'
}

/** A new connection has no state until its first packet was tracked. */
function stateName(tracker: ProtocolTracker, connection: Connection): string | undefined {
  return connection.protocolState === undefined ? undefined : tracker.stateName?.(connection)
}

/** What `--ctstate` sees of a packet. */
export function ctStateName(skb: Skb): CtStateName {
  switch (skb.ctInfo) {
    case undefined:
      return 'INVALID'
    case CtInfo.NEW:
      return 'NEW'
    case CtInfo.ESTABLISHED:
    case CtInfo.ESTABLISHED_REPLY:
      return 'ESTABLISHED'
    case CtInfo.UNTRACKED:
      return 'UNTRACKED'
    default:
      return 'RELATED'
  }
}

export { confirmPacket } from './confirm.ts'
