import type { Address, Family } from './address.ts'
import { Status, TcpTracking } from './conntrack/connection.ts'
import { Change } from './conntrack/events.ts'
import { TcpState } from './conntrack/tcp-table.ts'
import { type Answer, type AnswerContext, buildIcmpError } from './ip/icmp-error.ts'
import type { OutputRoute } from './ip/output-route.ts'
import {
  NO_PEERS,
  type Peers,
  type Spend,
  spendError,
  spendRedirect4,
  spendRedirect6,
  spendUnlimited,
} from './ip/peers.ts'
import { redirect4, redirect6 } from './ip/redirect.ts'
import { attachedInfo, reject } from './ip/reject.ts'
import type { IcmpError, InputRoute } from './ip/route.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from './packet/protocols.ts'
import { ChecksumState, Skb } from './packet/skb.ts'
import type { Hook } from './rules/model.ts'
import type { Transaction } from './transaction.ts'

const DAY_MS = 86_400_000
const KERNEL_SOCKET = {}

/** The box tells the sender of a packet what is wrong, where RFCs and kernel allow it (`icmp_send`, `icmpv6_send`). */
export function answerError(skb: Skb, error: IcmpError, transaction: Transaction): void {
  const answer = buildIcmpError(skb, error, contextOf(skb, transaction))
  countAgainstPeer(skb, answer, transaction)
  sendAnswer(skb, answer, `ICMP type ${error.type} code ${error.code}`, transaction)
}

/** There is no route: IPv4 tells each sender so five times, and then once a second (`ip_error`). */
export function answerUnroutable(skb: Skb, error: IcmpError, transaction: Transaction): void {
  if (skb.family === 6 || isAllowed(spendError, skb.source, transaction)) answerError(skb, error, transaction)
  else transaction.recorder?.add({ kind: 'no-answer', why: 'the sender was told five times within seconds' })
}

/** A packet leaves by the device it came in on: its sender may be told of the nearer way, now and then. */
export function answerDetour(skb: Skb, route: InputRoute, transaction: Transaction): void {
  if (skb.inDevice !== route.device) return
  const table = transaction.routing(skb.family)
  if (skb.family === 4) {
    const error = redirect4(skb, route, table)
    if (error !== undefined && isAllowed(spendRedirect4, skb.source, transaction))
      answerError(skb, error, transaction)
    return
  }
  // both ends count, the destination first and whether or not anything can be sent
  if (!isAllowed(spendRedirect6, skb.destination, transaction)) return
  const redirect = redirect6(skb, route, table)
  if (redirect !== undefined && isAllowed(spendRedirect6, skb.source, transaction))
    sendOwn(new Skb(6, redirect.bytes), redirect.route, 'redirect', transaction)
}

/** May a host be sent one more message? The peers of its family remember that they were asked. */
function isAllowed(spend: Spend, host: Address, { memory, nowMs }: Transaction): boolean {
  const key = host.family === 4 ? 'peers4' : 'peers6'
  const decision = spend((memory.get(key) as Peers | undefined) ?? NO_PEERS, host, nowMs)
  memory.set(key, decision.peers)
  return decision.isAllowed
}

/**
 * `icmpv4_xrlim_allow`, `icmpv6_xrlim_allow`: not for what goes over loopback, nor for types outside of the rate mask.
 * The limit itself is off in the reference box.
 */
function countAgainstPeer(skb: Skb, answer: Answer, transaction: Transaction): void {
  if (!answer.sent || skb.inDevice === 'lo' || answer.route.device === 'lo') return
  if (!isRateLimited(answer.bytes, skb.family)) return
  isAllowed(spendUnlimited, skb.source, transaction)
}

/** By default: IPv4 destination unreachable, source quench, time exceeded, parameter problem; IPv6 errors. No path MTU. */
function isRateLimited(bytes: Uint8Array, family: Family): boolean {
  if (family === 6) return bytes[6] === IPPROTO_ICMPV6 && bytes[40]! < 128 && bytes[40] !== 2
  const header = (bytes[0]! & 15) * 4
  if (bytes[9] !== IPPROTO_ICMP) return false
  const type = bytes[header]!
  if (type === 3) return bytes[header + 1] !== 4
  return type === 4 || type === 11 || type === 12
}

/** `-j REJECT`: an ICMP error or a TCP reset. The reset closes the connection it belongs to. */
export function answerReject(skb: Skb, kind: string, hook: Hook, transaction: Transaction): void {
  const answer = reject(skb, kind, hook, contextOf(skb, transaction))
  countAgainstPeer(skb, answer, transaction)
  if (answer.closesConnection) closeConnection(skb, transaction)
  sendAnswer(skb, answer, kind, transaction)
}

function contextOf(skb: Skb, transaction: Transaction): AnswerContext {
  return {
    table: transaction.routing(skb.family),
    type: skb.routeType,
    options: skb.ipv4Options,
    id: transaction.packetId(),
    milliseconds: transaction.nowMs % DAY_MS,
  }
}

/** The answer belongs to the connection of the packet that caused it, so it passes conntrack as RELATED. */
function sendAnswer(skb: Skb, answer: Answer, why: string, transaction: Transaction): void {
  if (!answer.sent) {
    transaction.recorder?.add({ kind: 'no-answer', why: answer.reason })
    return
  }
  const made = new Skb(skb.family, answer.bytes)
  if (answer.checksumPartial) {
    made.checksumPartial = made.protocol
    made.checksumState = ChecksumState.UNNECESSARY
  }
  made.connection = skb.connection
  made.ctInfo = attachedInfo(skb)
  sendOwn(made, answer.route, why, transaction)
}

/** Sends a packet that the kernel makes itself: through OUTPUT and POSTROUTING, told as an answer. */
export function sendOwn(made: Skb, route: OutputRoute, why: string, transaction: Transaction): void {
  made.isAnswer = true
  made.isLocal = true
  // ICMP sends through a socket of its own (`icmp_push_reply`), a reset does not
  if (made.protocol !== IPPROTO_TCP) made.socket = KERNEL_SOCKET
  transaction.recorder?.add({ kind: 'answer', why, packet: made.share() })
  transaction.answering++
  transaction.path.send(made, route, transaction)
  transaction.answering--
  transaction.recorder?.add({ kind: 'answer-end' })
}

/** `nf_conntrack_tcp_set_closing` */
function closeConnection(skb: Skb, transaction: Transaction): void {
  if (!skb.connection?.has(Status.CONFIRMED)) return
  const connection = transaction.ownConnection(skb)!
  const tcp = connection.protocolState
  if (!(tcp instanceof TcpTracking)) return
  const before = tcp.state
  tcp.state = TcpState.CLOSE
  if (before === TcpState.CLOSE || connection.has(Status.FIXED_TIMEOUT)) return
  connection.expiresAtMs = transaction.nowMs + transaction.sysctls.tcp.closeMs
  connection.pendingChanges |= Change.PROTOCOL
}
