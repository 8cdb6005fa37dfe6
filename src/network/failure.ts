import { icmpName } from '../packet/names.ts'
import type { ProcessEvent, SocketId, Unreachable } from './process.ts'
import type { IcmpReport } from './segment.ts'

/** Why a connection did not come about, from the point of view of the one who tried. */
export type ConnectFailure =
  /** Somebody said no: a RST from the host (or a firewall in its name), or an ICMP port unreachable (`by`). */
  | { readonly outcome: 'refused'; readonly by: IcmpReport | undefined }
  /** Nobody said anything: dropped on the way, there or back, or no such host behind a router that keeps quiet. */
  | { readonly outcome: 'filtered'; readonly afterMs: number }
  /** No route, a name that does not exist, or a router that said so (`by`). */
  | { readonly outcome: 'unreachable'; readonly error: Unreachable; readonly by: IcmpReport | undefined }

/** The failure that an event tells of, if it is about this socket's connect. */
export function failureOf(
  event: ProcessEvent,
  socket: SocketId,
  afterMs: number,
): ConnectFailure | undefined {
  if (!('socket' in event) || event.socket !== socket) return undefined
  if (event.kind === 'refused') return { outcome: 'refused', by: event.by }
  if (event.kind === 'timeout') return { outcome: 'filtered', afterMs }
  if (event.kind === 'unreachable') return { outcome: 'unreachable', error: event.error, by: event.by }
  return undefined
}

const ERRNO_TEXTS: Readonly<Record<Unreachable, string>> = {
  'unknown-host': 'Name or service not known',
  'network-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
  prohibited: 'Permission denied',
  'not-permitted': 'Operation not permitted',
  'too-big': 'Message too long',
}

/** As `strerror` has it: `Connection refused`, `Connection timed out`, `No route to host`. */
export function failureText(failure: ConnectFailure): string {
  if (failure.outcome === 'refused') return 'Connection refused'
  return failure.outcome === 'filtered' ? 'Connection timed out' : ERRNO_TEXTS[failure.error]
}

export function errorText(error: Unreachable): string {
  return ERRNO_TEXTS[error]
}

/** `port-unreachable from 203.0.113.1` */
export function reportText({ from, type, code }: IcmpReport): string {
  return `${icmpName(from.family, type, code) ?? `type ${type} code ${code}`} from ${from}`
}
