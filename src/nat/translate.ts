import { type Connection, CtInfo, type Direction, ORIGINAL, REPLY, Status } from '../conntrack/connection.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { netfilterChecksumValid, transportChecksum, writePartialChecksum } from '../packet/checksum.ts'
import { pullFragments } from '../packet/fragments.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import type { NatContext } from './context.ts'
import type { Manip } from './manip.ts'
import { portOf } from './range.ts'
import { rewritePacket, transportAt } from './rewrite.ts'

const NAT_BITS = Status.SRC_NAT | Status.DST_NAT
const DONE_BITS = Status.SRC_NAT_DONE | Status.DST_NAT_DONE

/**
 * Makes one half of a packet look like what the other side of its connection expects: the kernel's `nf_nat_packet`.
 * The connection's two tuples say everything: what a packet of one direction looks like on the far side is the inverse
 * of the other direction's tuple.
 *
 *     original 10.6.0.2:1025 → 198.51.100.7:80     leaves as the inverse of the reply tuple
 *     reply    198.51.100.7:80 → 203.0.113.1:1025  arrives, and leaves as the inverse of the original tuple
 *
 * @returns false when the packet must be dropped, since a header that has to change is cut off
 */
export function translate(
  skb: Skb,
  connection: Connection,
  ctInfo: CtInfo,
  manip: Manip,
  context: NatContext,
): boolean {
  const direction: Direction = ctInfo >= CtInfo.ESTABLISHED_REPLY ? REPLY : ORIGINAL
  if ((connection.status & statusBit(manip, direction)) === 0) return true
  const other = direction === ORIGINAL ? connection.reply : connection.original
  const from = context.recorder === undefined ? undefined : endpoint(skb, manip)
  if (!rewriteOuter(skb, other, other.protocol, manip)) return false
  if (from !== undefined)
    context.recorder?.add({ kind: 'nat-rewrite', manip, direction, from, to: endpoint(skb, manip) })
  return true
}

/**
 * An ICMP or ICMPv6 error about a translated connection: the quoted packet and the error's own addresses are both
 * rewritten, and the checksum is computed anew (`nf_nat_icmp_reply_translation`). Redirects about translated
 * connections are dropped, since they would talk about an address that the receiver never used.
 *
 * @returns false when the packet must be dropped
 */
export function translateIcmpError(
  skb: Skb,
  connection: Connection,
  ctInfo: CtInfo,
  manip: Manip,
  context: NatContext,
): boolean {
  const { family, transportOffset: at } = skb
  const quote = at + 8
  const quoted = quote + (family === 4 ? 20 : 40)
  if (skb.bytes.length < quoted) return false
  pullFragments(skb, quoted)
  if (!netfilterChecksumValid(skb, context.hook)) return false
  if (skb.bytes[at] === (family === 4 ? 5 : 137)) {
    if ((connection.status & DONE_BITS) !== DONE_BITS) return false
    if (connection.has(NAT_BITS)) return false
  }
  const direction: Direction = ctInfo >= CtInfo.ESTABLISHED_REPLY ? REPLY : ORIGINAL
  if ((connection.status & statusBit(manip, direction)) === 0) return true

  const other = direction === ORIGINAL ? connection.reply : connection.original
  const from = context.recorder === undefined ? undefined : endpoint(skb, manip)
  const bytes = skb.writable()
  const inner = transportAt(family, bytes, quote)
  if (inner >= 0) pullFragments(skb, inner + headerLength(other.protocol, bytes.length - inner))
  // The quote travelled the other way: it must look like the packet as the error's receiver sent it.
  const quoteManip = manip === 'source' ? 'destination' : 'source'
  const address = quoteManip === 'source' ? other.source : other.destination
  const port = portOf(other, quoteManip)
  if (!rewritePacket(family, bytes, quote, other.protocol, quoteManip, address, port)) return false
  const checksum = transportChecksum(bytes, family, skb.protocol, at)!
  bytes[at + 2] = checksum >>> 8
  bytes[at + 3] = checksum
  if (!rewriteOuter(skb, other, family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, manip)) return false
  if (from !== undefined)
    context.recorder?.add({ kind: 'nat-rewrite-error', manip, direction, from, to: endpoint(skb, manip) })
  return true
}

/** Is this half of packets of this direction translated? (`statusbit` of nf_nat_packet) */
function statusBit(manip: Manip, direction: Direction): number {
  const source = (manip === 'source') === (direction === ORIGINAL)
  return source ? Status.SRC_NAT : Status.DST_NAT
}

/** `other` is the tuple of the opposite direction, whose inverse the packet shall look like. */
function rewriteOuter(skb: Skb, other: Tuple, protocol: number, manip: Manip): boolean {
  const isSource = manip === 'source'
  const address = isSource ? other.destination : other.source
  const port = portOf(other, isSource ? 'destination' : 'source')
  pullFragments(skb, skb.transportOffset + headerLength(protocol, skb.transportLength))
  const bytes = skb.writable()
  if (!rewritePacket(skb.family, bytes, 0, protocol, manip, address, port)) return false
  if (skb.checksumPartial === IPPROTO_TCP && protocol === IPPROTO_TCP)
    writePartialChecksum(bytes, skb.family, skb.transportOffset)
  if (isSource) skb.source = address
  else skb.destination = address
  return true
}

/** How much of the transport header is made writable (`l4proto_manip_pkt` in nf_nat_proto.c). */
function headerLength(protocol: number, available: number): number {
  const whole = protocol === IPPROTO_TCP ? 20 : protocol === IPPROTO_SCTP ? 12 : 8
  return available >= whole ? whole : 8
}

/** For traces only: the address and port that stand in the packet. */
function endpoint(skb: Skb, manip: Manip): string {
  const address = manip === 'source' ? skb.source : skb.destination
  const at = skb.transportOffset + (manip === 'source' ? 0 : 2)
  switch (skb.protocol) {
    case 6:
    case 17:
    case 132:
    case 136: {
      if (at + 2 > skb.bytes.length) return address.toString()
      return address.family === 4 ? `${address}:${skb.u16(at)}` : `[${address}]:${skb.u16(at)}`
    }
    default:
      return address.toString()
  }
}
