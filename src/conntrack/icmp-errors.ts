/**
 * ICMP and ICMPv6 messages that are no queries: errors belong to the connection of the packet that they quote,
 * neighbour discovery and multicast listener discovery to none.
 * After nf_conntrack_proto_icmp.c and nf_conntrack_proto_icmpv6.c.
 */
import { transportChecksumValid } from '../packet/checksum.ts'
import type { Skb } from '../packet/skb.ts'
import { CtInfo } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { findConnection } from './find.ts'
import { transportAt, tupleAt } from './packet-tuple.ts'
import type { ConntrackTemplate } from './template.ts'
import { invertTuple } from './tuple.ts'
import { zoneOf } from './zone.ts'

/** What the message turned out to be. `query`: tracked like any other packet. */
export type IcmpFinding =
  | { readonly kind: 'query' | 'related' | 'untracked' }
  | { readonly kind: 'invalid'; readonly reason: string }

const QUERY: IcmpFinding = { kind: 'query' }
const RELATED: IcmpFinding = { kind: 'related' }
const UNTRACKED: IcmpFinding = { kind: 'untracked' }

const LAST_ICMP_TYPE = 18
/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])
/** Multicast listener discovery, router and neighbour solicitation and advertisement, MLDv2 reports. */
const ICMPV6_UNTRACKED: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143])
const ICMPV6_REDIRECT = 137

/** Gives an error its connection (`skb.connection`, `skb.ctInfo`); leaves the skb alone otherwise. */
export function inspectIcmp(
  skb: Skb,
  dataOffset: number,
  template: ConntrackTemplate | undefined,
  context: ConntrackContext,
): IcmpFinding {
  if (dataOffset + 8 > skb.bytes.length) return invalid('the packet is too short for an ICMP header')
  if (context.sysctls.checksum && context.hook === 'PREROUTING' && !transportChecksumValid(skb))
    return invalid('bad ICMP checksum')
  const type = skb.bytes[dataOffset]!
  if (skb.family === 4) {
    if (type > LAST_ICMP_TYPE) return invalid(`unknown ICMP type ${type}`)
    return ICMP_ERRORS.has(type) ? relate(skb, dataOffset + 8, template, context) : QUERY
  }
  if (ICMPV6_UNTRACKED.has(type)) return UNTRACKED
  if (type === ICMPV6_REDIRECT) return inspectRedirect(skb, dataOffset, template, context)
  return type < 128 ? relate(skb, dataOffset + 8, template, context) : QUERY
}

/** Redirects quote a packet in an option, behind 40 bytes of header (RFC 4861 4.5). */
function inspectRedirect(
  skb: Skb,
  dataOffset: number,
  template: ConntrackTemplate | undefined,
  context: ConntrackContext,
): IcmpFinding {
  const { bytes } = skb
  const option = dataOffset + 40
  if (option > bytes.length) return invalid('the redirect is too short')
  if (bytes[dataOffset + 1] !== 0) return QUERY
  const isLinkLocal = (skb.source.w0 & 0xffc00000) === (0xfe800000 | 0)
  if (skb.ttl !== 255 || !isLinkLocal) return invalid('a redirect must come from a link-local neighbour')
  if (option + 2 > bytes.length || bytes[option + 1] === 0) return invalid('a redirect without options')
  const redirectedHeader = 4
  return bytes[option] === redirectedHeader ? relate(skb, option + 8, template, context) : QUERY
}

/**
 * Finds the connection of the quoted packet (`nf_conntrack_inet_error`). The quote went the other way than the error,
 * so its inverse is looked up; the error must go to where that direction of the connection goes.
 */
function relate(
  skb: Skb,
  quote: number,
  template: ConntrackTemplate | undefined,
  context: ConntrackContext,
): IcmpFinding {
  const { family, bytes } = skb
  const transport = transportAt(family, bytes, quote)
  if (transport < 0) return invalid('the ICMP error quotes no packet that could be tracked')
  const quoted = tupleAt(family, bytes, quote, transport & 0xff, transport >>> 8, context.greKeys)
  const inverse = quoted === undefined ? undefined : invertTuple(quoted)
  if (inverse === undefined) return invalid('the ICMP error quotes too little of a packet')
  const found = findConnection(inverse, zoneOf(template, skb.mark), context)
  if (found < 0) return invalid('the ICMP error is about an unknown connection')
  const connection = context.sessions.get(found >> 1)!
  const direction = (found & 1) as 0 | 1
  if (!connection.tuple(direction).destination.equals(skb.destination))
    return invalid('the ICMP error goes elsewhere than the connection it is about')
  skb.connection = connection
  skb.ctInfo = direction === 0 ? CtInfo.RELATED : CtInfo.RELATED_REPLY
  return RELATED
}

function invalid(reason: string): IcmpFinding {
  return { kind: 'invalid', reason }
}
