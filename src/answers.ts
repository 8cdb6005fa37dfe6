import { Status, TcpTracking } from './conntrack/connection.ts'
import { TcpState } from './conntrack/tcp-table.ts'
import { type ErrorPeers, spendError } from './ip/error-limit.ts'
import { type Answer, type AnswerContext, buildIcmpError } from './ip/icmp-error.ts'
import { attachedInfo, reject } from './ip/reject.ts'
import type { IcmpError } from './ip/route.ts'
import { IPPROTO_TCP } from './packet/protocols.ts'
import { ChecksumState, Skb } from './packet/skb.ts'
import type { Hook } from './rules/model.ts'
import type { Transaction } from './transaction.ts'

const DAY_MS = 86_400_000
const KERNEL_SOCKET = {}

/** The box tells the sender of a packet what is wrong, where RFCs and kernel allow it (`icmp_send`, `icmpv6_send`). */
export function answerError(skb: Skb, error: IcmpError, transaction: Transaction): void {
  const answer = buildIcmpError(skb, error, contextOf(skb, transaction))
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
  answerError(skb, error, transaction)
}

const TOLD = 'ip_error'

/** `-j REJECT`: an ICMP error or a TCP reset. The reset closes the connection it belongs to. */
export function answerReject(skb: Skb, kind: string, hook: Hook, transaction: Transaction): void {
  const answer = reject(skb, kind, hook, contextOf(skb, transaction))
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
  made.checksumState = ChecksumState.UNNECESSARY
  made.checksumPartial = answer.checksumPartial ? made.protocol : 0
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
