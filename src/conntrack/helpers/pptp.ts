import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, CtInfo, type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import { callExpected, endCall, expectCall } from './pptp-calls.ts'
import { MESSAGE_OFFSET, Message, type PptpMessage, readMessage } from './pptp-messages.ts'
import { Call, type PptpState, pptpStateOf, Session } from './pptp-state.ts'

/** `resultCode` of replies: the session is started or stopped, the call is accepted. */
const OK = 1

/**
 * PPTP (RFC 2637): the control connection agrees on two call ids, and the tunnel's GRE packets carry the receiver's. The
 * client (PNS) is taken to have opened the control connection; only one call of a session is followed.
 * After net/netfilter/nf_conntrack_pptp.c and net/ipv4/netfilter/nf_nat_pptp.c.
 */
export const pptp: ConntrackHelper = {
  name: 'pptp',
  protocols: [IPPROTO_TCP],
  maxExpected: [2],
  timeoutMs: [300_000],
  help(skb, transportOffset, connection, direction, ctInfo, context) {
    if (ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return 'accept'
    if (skb.bytes.length < transportOffset + 20) return 'accept'
    const payload = transportOffset + (skb.bytes[transportOffset + 12]! >> 4) * 4
    const message = readMessage(skb.bytes, payload)
    if (message === undefined) return 'accept'
    const state = pptpStateOf(connection)
    const fits = direction === ORIGINAL ? fromClient : fromServer
    const next = fits(message, state, connection, context)
    if (next === undefined) return 'accept'
    connection.helperState = next
    if (!connection.has(Status.SRC_NAT | Status.DST_NAT)) return 'accept'
    return direction === ORIGINAL
      ? translateForServer(skb, message, connection, context)
      : translateForClient(skb, message, connection, context)
  },
  expected: callExpected,
  destroy: endCall,
}

type Fits = (
  message: PptpMessage,
  state: PptpState,
  connection: Connection,
  context: ConntrackContext,
) => PptpState | undefined

/** What a message of the client (PNS) makes of the state; undefined: it does not fit, and nothing comes of it. */
const fromClient: Fits = (message, state) => {
  switch (message.type) {
    case Message.START_SESSION_REQUEST:
      return state.session === Session.NONE ? { ...state, session: Session.REQUESTED } : undefined
    case Message.STOP_SESSION_REQUEST:
      return { ...state, session: Session.STOP_REQUESTED }
    case Message.OUT_CALL_REQUEST:
      if (state.session !== Session.CONFIRMED) return undefined
      return { ...state, call: Call.OUT_REQUESTED, pnsCallId: message.u16(0) }
    case Message.IN_CALL_REPLY:
      if (state.call !== Call.IN_REQUESTED && state.call !== Call.IN_REPLIED) return undefined
      if (message.u16(2) !== state.pacCallId) return undefined
      return message.u8(4) === OK
        ? { ...state, call: Call.IN_REPLIED, pnsCallId: message.u16(0) }
        : { ...state, call: Call.NONE }
    case Message.CALL_CLEAR_REQUEST:
      return state.session === Session.CONFIRMED ? { ...state, call: Call.CLEAR_REQUESTED } : undefined
    case Message.SET_LINK_INFO:
    case Message.ECHO_REQUEST:
    case Message.ECHO_REPLY:
      return state
    default:
      return undefined
  }
}

/** The same of the server (PAC), which says when a call stands and when it has ended. */
const fromServer: Fits = (message, state, connection, context) => {
  switch (message.type) {
    case Message.START_SESSION_REPLY:
      if (state.session < Session.REQUESTED) return undefined
      return { ...state, session: message.u8(2) === OK ? Session.CONFIRMED : Session.ERROR }
    case Message.STOP_SESSION_REPLY:
      if (state.session > Session.STOP_REQUESTED) return undefined
      return { ...state, session: message.u8(0) === OK ? Session.NONE : Session.ERROR }
    case Message.OUT_CALL_REPLY: {
      if (state.session !== Session.CONFIRMED) return undefined
      if (state.call !== Call.OUT_REQUESTED && state.call !== Call.OUT_CONFIRMED) return undefined
      if (message.u16(2) !== state.pnsCallId) return undefined
      if (message.u8(4) !== OK) return { ...state, call: Call.NONE }
      const agreed = { ...state, call: Call.OUT_CONFIRMED, pacCallId: message.u16(0) }
      return expectCall(agreed, pptp, connection, context)
    }
    case Message.IN_CALL_REQUEST:
      if (state.session !== Session.CONFIRMED) return undefined
      return { ...state, call: Call.IN_REQUESTED, pacCallId: message.u16(0) }
    case Message.IN_CALL_CONNECT:
      if (state.session !== Session.CONFIRMED) return undefined
      if (state.call !== Call.IN_REPLIED && state.call !== Call.IN_CONFIRMED) return undefined
      if (message.u16(0) !== state.pnsCallId) return undefined
      return expectCall({ ...state, call: Call.IN_CONFIRMED }, pptp, connection, context)
    case Message.CALL_DISCONNECT_NOTIFY:
      endCall(connection, context)
      return { ...state, call: Call.NONE }
    case Message.WAN_ERROR_NOTIFY:
    case Message.ECHO_REQUEST:
    case Message.ECHO_REPLY:
      return state
    default:
      return undefined
  }
}

/** The client's call id on the outside is the source port of the control connection, which is unique there. */
function translateForServer(
  skb: Skb,
  { type }: PptpMessage,
  connection: Connection,
  context: ConntrackContext,
): 'accept' | 'drop' {
  if (type === Message.OUT_CALL_REQUEST) {
    const state = pptpStateOf(connection)
    connection.helperState = { ...state, insidePnsCallId: state.pnsCallId, pnsCallId: connection.reply.dport }
  } else if (type !== Message.IN_CALL_REPLY && type !== Message.CALL_CLEAR_REQUEST) return 'accept'
  const { pnsCallId } = pptpStateOf(connection)
  return writeCallId(skb, connection, ORIGINAL, 0, pnsCallId, context)
}

/** The server speaks of the client's call by its id on the outside. */
function translateForClient(
  skb: Skb,
  { type }: PptpMessage,
  connection: Connection,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const { insidePnsCallId } = pptpStateOf(connection)
  switch (type) {
    case Message.OUT_CALL_REPLY:
      return writeCallId(skb, connection, REPLY, 2, insidePnsCallId, context)
    case Message.IN_CALL_CONNECT:
    case Message.WAN_ERROR_NOTIFY:
    case Message.CALL_DISCONNECT_NOTIFY:
      return writeCallId(skb, connection, REPLY, 0, insidePnsCallId, context)
    default:
      return 'accept'
  }
}

function writeCallId(
  skb: Skb,
  connection: Connection,
  direction: Direction,
  offset: number,
  callId: number,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const text = String.fromCharCode(callId >> 8, callId & 0xff)
  const at = MESSAGE_OFFSET + offset
  return context.nat?.mangleTcpPayload(skb, connection, direction, at, 2, text) === false ? 'drop' : 'accept'
}
