import { Status, TcpTracking } from './conntrack/connection.ts'
import { TcpState } from './conntrack/tcp-table.ts'
import { type ErrorPeers, emptyAllowance, spendError } from './ip/error-limit.ts'
import { type Answer, type AnswerContext, buildIcmpError } from './ip/icmp-error.ts'
import { attachedInfo, reject } from './ip/reject.ts'
import type { IcmpError } from './ip/route.ts'
import { IPPROTO_ICMP, IPPROTO_TCP } from './packet/protocols.ts'
import { ChecksumState, Skb } from './packet/skb.ts'
import type { Hook } from './rules/model.ts'
import type { Transaction } from './transaction.ts'

const DAY_MS = 86_400_000
const KERNEL_SOCKET = {}

/** The box tells the sender of a packet what is wrong, where RFCs and kernel allow it (`icmp_send`, `icmpv6_send`). */
export function answerError(skb: Skb, error: IcmpError, transaction: Transaction): void {
  const answer = buildIcmpError(skb, error, contextOf(skb, transaction))
  countAgainstPeer(skb, answer, transaction)
  sendError(skb, error, answer, transaction)
}

function sendError(skb: Skb, error: IcmpError, answer: Answer, transaction: Transaction): void {
  sendAnswer(skb, answer, `ICMP type ${error.type} code ${error.code}`, transaction)
}

/** There is no route: IPv4 tells each sender so five times, and then once a second (`ip_error`). */
export function answerUnroutable(skb: Skb, error: IcmpError, transaction: Transaction): void {
  if (skb.family === 4) {
    const before = transaction.memory.get(TOLD) as ErrorPeers | undefined
    const { isAllowed, peers } = spendError(before, skb.source, transaction.nowMs)
    transaction.memory.set(TOLD, peers)
    if (!isAllowed) {
      transaction.recorder?.add({ kind: 'no-answer', why: 'the sender was told five times within seconds' })
      return
    }
  }
  // in the same tick of the clock, so `icmp_send` takes nothing more from the peer
  sendError(skb, error, buildIcmpError(skb, error, contextOf(skb, transaction)), transaction)
}

/** `icmpv4_xrlim_allow`: not for what goes over loopback, nor for types outside of `icmp_ratemask`. */
function countAgainstPeer(skb: Skb, answer: Answer, transaction: Transaction): void {
  if (!answer.sent || skb.family !== 4 || skb.inDevice === 'lo' || answer.route.device === 'lo') return
  const header = (answer.bytes[0]! & 15) * 4
  if (answer.bytes[9] !== IPPROTO_ICMP) return
  const type = answer.bytes[header]!
  const isPathMtu = type === 3 && answer.bytes[header + 1] === 4
  if (isPathMtu || type > 31 || ((RATE_MASK >>> type) & 1) === 0) return
  const before = transaction.memory.get(TOLD) as ErrorPeers | undefined
  transaction.memory.set(TOLD, emptyAllowance(before, skb.source, transaction.nowMs))
}

/** `icmp_ratemask`: destination unreachable, source quench, time exceeded, parameter problem. */
const RATE_MASK = (1 << 3) | (1 << 4) | (1 << 11) | (1 << 12)

const TOLD = 'ip_error'

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
  made.isAnswer = true
  made.isLocal = true
  // ICMP sends through a socket of its own (`icmp_push_reply`), a reset does not
  if (made.protocol !== IPPROTO_TCP) made.socket = KERNEL_SOCKET
  if (answer.checksumPartial) {
    made.checksumPartial = made.protocol
    made.checksumState = ChecksumState.UNNECESSARY
  }
  made.connection = skb.connection
  made.ctInfo = attachedInfo(skb)
  transaction.recorder?.add({ kind: 'answer', why, packet: made.share() })
  transaction.answering++
  transaction.path.send(made, answer.route, transaction)
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
}
