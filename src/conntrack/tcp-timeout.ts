import type { TcpTracking } from './connection.ts'
import type { TcpTimeouts } from './sysctls.ts'
import { TcpFlag } from './tcp-options.ts'
import { Segment, TcpState } from './tcp-table.ts'

/**
 * How long a connection lives on after a segment that brought it to `state`, in ms: the state's timeout, or a shorter
 * one where there is doubt that both ends are still there (retransmissions, unacknowledged data, a closed window).
 */
export function tcpTimeout(
  tcp: TcpTracking,
  kind: number,
  state: number,
  maxRetransmissions: number,
  timeouts: TcpTimeouts,
): number {
  const regularMs = timeoutOf(state, timeouts)
  if (tcp.retransmissions >= maxRetransmissions && regularMs > timeouts.maxRetransMs)
    return timeouts.maxRetransMs
  if (kind === Segment.RST) return timeouts.closeMs
  const unacknowledged = (tcp.peers[0].flags | tcp.peers[1].flags) & TcpFlag.DATA_UNACKNOWLEDGED
  if (unacknowledged !== 0 && regularMs > timeouts.unacknowledgedMs) return timeouts.unacknowledgedMs
  if (tcp.lastWindow === 0 && regularMs > timeouts.maxRetransMs) return timeouts.maxRetransMs
  return regularMs
}

function timeoutOf(state: number, timeouts: TcpTimeouts): number {
  switch (state) {
    case TcpState.SYN_SENT:
      return timeouts.synSentMs
    case TcpState.SYN_RECV:
      return timeouts.synRecvMs
    case TcpState.ESTABLISHED:
      return timeouts.establishedMs
    case TcpState.FIN_WAIT:
      return timeouts.finWaitMs
    case TcpState.CLOSE_WAIT:
      return timeouts.closeWaitMs
    case TcpState.LAST_ACK:
      return timeouts.lastAckMs
    case TcpState.TIME_WAIT:
      return timeouts.timeWaitMs
    case TcpState.CLOSE:
      return timeouts.closeMs
    default:
      return timeouts.synSent2Ms
  }
}
