/** What NAT rewrites in every message: `nf_nat_sip` of net/netfilter/nf_nat_sip.c. */
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import { REPLY } from '../connection.ts'
import { startsWithIgnoringCase } from './payload.ts'
import {
  addressParameter,
  CONTACT,
  FROM,
  type HeaderCursor,
  headerHost,
  hostOfUri,
  isLineEnd,
  numberParameter,
  TO,
  VIA_TCP,
  VIA_UDP,
} from './sip-headers.ts'
import type { SipMessage } from './sip-message.ts'
import { addressText, type HostSpan, hostText, isLetter } from './sip-text.ts'

/**
 * Both ends' addresses with their ports, as the speaker knows them, become those that the listener knows: in the
 * request's URI, the topmost Via with its parameters, all contacts, From and To.
 */
export function translateMessage(message: SipMessage): 'accept' | 'drop' {
  const isRequest = !startsWithIgnoringCase(message.bytes, message.start, 'SIP/2.0')
  if (isRequest && !translateHost(message, requestHost(message))) return message.drop('dropped: its URI')
  if (!translateVia(message, isRequest)) return message.drop('dropped: its Via')
  const cursor: HeaderCursor = { at: message.start, inList: false }
  for (;;) {
    const contact = headerHost(message, CONTACT, cursor)
    if (contact === undefined) break
    // The kernel reads on at the offset from before: what became shorter can hide the next header.
    if (!translateHost(message, contact)) return message.drop('dropped: its Contact')
  }
  if (!translateHost(message, headerHost(message, FROM)) || !translateHost(message, headerHost(message, TO)))
    return message.drop('dropped: its From or To')
  return answerWhereItListens(message)
}

/** The host of `INVITE sip:user@host SIP/2.0`. */
function requestHost(message: SipMessage): HostSpan | undefined {
  const { bytes, start, end } = message
  let at = start
  while (at < end && isLetter(bytes[at])) at++
  if (at === start) return undefined
  for (at++; at < end - 4 && !isLineEnd(bytes[at]); at++)
    if (startsWithIgnoringCase(bytes, at, 'sip:')) return hostOfUri(message, at + 4)
  return undefined
}

/** True also where there is nothing to translate. */
function translateHost(message: SipMessage, host: HostSpan | undefined): boolean {
  if (host === undefined) return true
  const { here, there, state } = message
  const { address, port } = host
  if (here.source.equals(address) && here.sport === port)
    return writeHost(message, host, there.destination.equals(address) && there.dport === port, () =>
      hostText(there.destination, there.dport),
    )
  if (!here.destination.equals(address) || here.dport !== port) return true
  const newPort = state.forcedPort || there.sport
  return writeHost(message, host, there.source.equals(address) && newPort === port, () =>
    hostText(there.source, newPort),
  )
}

function writeHost(message: SipMessage, host: HostSpan, isSame: boolean, text: () => string): boolean {
  return isSame || message.replace(host, text())
}

/** The speaker's own Via in a request, the listener's in a response; and what its parameters say of both. */
function translateVia(message: SipMessage, isRequest: boolean): boolean {
  const { here, there } = message
  const isTcp = message.connection.original.protocol === IPPROTO_TCP
  const via = headerHost(message, isTcp ? VIA_TCP : VIA_UDP)
  if (via === undefined) return true
  const [owner, ownPort] = isRequest ? [here.source, here.sport] : [here.destination, here.dport]
  if (!via.address.equals(owner) || via.port !== ownPort) return true
  const length = message.end
  if (!translateHost(message, via)) return false
  const behind = via.end + message.end - length

  const answerTo = addressParameter(message, behind, 'maddr=', 'brackets')
  if (answerTo?.address.equals(here.source) && !answerTo.address.equals(there.destination)) {
    const text = addressText(there.destination)
    if (!message.replace(answerTo, message.family === 4 ? text : `[${text}]`)) return false
  }
  const cameFrom = addressParameter(message, behind, 'received=', 'perhaps')
  if (cameFrom?.address.equals(here.destination) && !cameFrom.address.equals(there.source))
    if (!message.replace(cameFrom, addressText(there.source))) return false
  const fromPort = numberParameter(message, behind, 'rport=')
  if (fromPort?.value === undefined || fromPort.value < 1024) return true
  if (fromPort.value !== here.dport || fromPort.value === there.sport) return true
  return message.replace(fromPort.span, `${there.sport}`)
}

/** Some phones send requests from a high port and listen on another, which their Via names. */
function answerWhereItListens(message: SipMessage): 'accept' | 'drop' {
  const { skb, direction, connection, nat } = message
  const { forcedPort } = message.state
  if (direction !== REPLY || forcedPort === 0) return 'accept'
  if (connection.original.protocol !== IPPROTO_UDP) return message.drop('dropped: a port of UDP in TCP')
  const bytes = skb.writable()
  bytes[skb.transportOffset + 2] = forcedPort >>> 8
  bytes[skb.transportOffset + 3] = forcedPort
  return nat!.mangleUdpPayload(skb, 0, 0, '') ? 'accept' : 'drop'
}
