import { Address, type Family } from '../address.ts'
import { Connection, CtInfo, Status } from '../conntrack/connection.ts'
import { TCP_FIN, TCP_RST } from '../conntrack/tcp-segment.ts'
import { Tuple } from '../conntrack/tuple.ts'
import { netfilterChecksumValid } from '../packet/checksum.ts'
import { IPPROTO_TCP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { type SynproxyOffer, Verdict } from '../rules/extension.ts'
import type { Transaction } from '../transaction.ts'
import { issueCookie, readCookie } from './cookies.ts'
import { answerOptions, readOptions, recallOptions, type SegmentOptions } from './options.ts'
import { ACK, CWR, ECE, SYN, SYN_ACK, sendSegment, tcpHeaderAt } from './segments.ts'

/**
 * `-j SYNPROXY` (net/ipv4/netfilter/ipt_SYNPROXY.c, its IPv6 twin, and nf_synproxy_core.c): a client's SYN is answered
 * with a cookie and forgotten; the ACK that brings the cookie back becomes a SYN to the server. Anything else is no
 * affair of the target's.
 */
export function synproxy(skb: Skb, offer: SynproxyOffer, transaction: Transaction): Verdict {
  if (!netfilterChecksumValid(skb, transaction.hook, IPPROTO_TCP))
    return refuse('its checksum is wrong', transaction)
  const at = tcpHeaderAt(skb)
  const options = at < 0 ? undefined : readOptions(skb.bytes, at)
  if (options === undefined) return refuse('its TCP header is cut off', transaction)
  switch (skb.bytes[at + 13]! & (SYN_ACK | TCP_FIN | TCP_RST)) {
    case SYN:
      answerSyn(skb, at, options, offer, transaction)
      return Verdict.STOLEN
    case ACK:
      return openToServer(skb, at, options, (skb.u32(at + 4) - 1) >>> 0, transaction)
        ? Verdict.STOLEN
        : Verdict.DROP
    default:
      return Verdict.CONTINUE
  }
}

function refuse(why: string, transaction: Transaction): Verdict {
  transaction.recorder?.add({ kind: 'synproxy', what: why })
  return Verdict.DROP
}

function answerSyn(
  skb: Skb,
  at: number,
  asked: SegmentOptions,
  offer: SynproxyOffer,
  transaction: Transaction,
): void {
  const sequence = skb.u32(at + 4)
  if ((skb.bytes[at + 13]! & (ECE | CWR)) === (ECE | CWR)) asked.ecn = true
  const client = clientOf(skb, at)
  const cookie = issueCookie(client, sequence, asked.mss ?? 0, transaction)
  const options = answerOptions(asked, offer, cookie.timestamp)
  transaction.recorder?.add({
    kind: 'synproxy',
    what: `answers for the server, with the cookie ${cookie.sequence}; the SYN goes no further`,
  })
  sendSegment(
    skb,
    {
      source: skb.destination,
      destination: skb.source,
      sport: client.dport,
      dport: client.sport,
      sequence: cookie.sequence,
      acknowledgment: (sequence + 1) >>> 0,
      flags: SYN_ACK | (options.ecn ? ECE : 0),
      window: 0,
      options,
    },
    { connection: skb.connection, ctInfo: CtInfo.ESTABLISHED_REPLY },
    'SYN/ACK with a cookie',
    transaction,
  )
}

/**
 * The third segment of the handshake, if it is one. False: its cookie is none of ours (`synproxy_recv_client_ack`).
 *
 * @param begins the sequence number that the SYN to the server gets
 */
export function openToServer(
  skb: Skb,
  at: number,
  options: SegmentOptions,
  begins: number,
  transaction: Transaction,
): boolean {
  const { recorder } = transaction
  const client = clientOf(skb, at)
  const sequence = skb.u32(at + 4)
  const cookie = (skb.u32(at + 8) - 1) >>> 0
  const mss = readCookie(client, (sequence - 1) >>> 0, cookie, transaction)
  if (mss === undefined) {
    recorder?.add({ kind: 'synproxy', what: `${cookie} is no cookie for this client and these two minutes` })
    return false
  }
  const recalled = recallOptions(options, mss)
  recorder?.add({
    kind: 'synproxy',
    what: `the cookie ${cookie} is good: the client is real, and the server hears of it`,
  })
  sendSegment(
    skb,
    {
      source: skb.source,
      destination: skb.destination,
      sport: client.sport,
      dport: client.dport,
      sequence: begins,
      // tells the hook behind POSTROUTING how our numbers and the server's will differ
      acknowledgment: cookie,
      flags: SYN | (recalled.ecn ? ECE | CWR : 0),
      window: skb.u16(at + 14),
      options: recalled,
    },
    { connection: STAND_IN[skb.family], ctInfo: CtInfo.NEW, template: { synproxy: true } },
    'SYN to the server',
    transaction,
  )
  return true
}

function clientOf(skb: Skb, at: number) {
  const { source, destination } = skb
  return { source, sport: skb.u16(at), destination, dport: skb.u16(at + 2) }
}

/** Until conntrack runs, rules take the template for the segment's connection, as they do with `-j CT`. */
const STAND_IN: Readonly<Record<Family, Connection>> = { 4: standIn('0.0.0.0'), 6: standIn('::') }

function standIn(nobody: string): Connection {
  const address = Address.parse(nobody)
  const tuple = new Tuple(address, address, 0, 0, 0)
  const connection = new Connection(tuple, tuple)
  connection.status = Status.TEMPLATE | Status.CONFIRMED
  return connection
}
