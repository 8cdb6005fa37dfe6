import { pullFragments } from '../../packet/fragments.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, CtInfo, type Direction } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import { refreshConnection } from '../refresh.ts'
import { startsWith, startsWithIgnoringCase, tcpPayload } from './payload.ts'
import { CONTENT_LENGTH, CSEQ, headerDigits, headerHost, VIA_UDP } from './sip-headers.ts'
import { announceMedia, EXPECTED_MS, MAX_EXPECTED, SipClass } from './sip-media.ts'
import { SipMessage } from './sip-message.ts'
import { announceCalls, confirmCalls } from './sip-register.ts'
import { isLetter, numberAt } from './sip-text.ts'
import { translateMessage } from './sip-translate.ts'

/** `sip_timeout`: a connection lives this long from each of its messages. */
const SESSION_MS = 3_600_000
const SHORTEST = 'SIP/2.0 200'.length

/**
 * SIP (RFC 3261): registrations announce calls, session descriptions (SDP) announce media. After
 * net/netfilter/nf_conntrack_sip.c and nf_nat_sip.c, with the modules' parameters as they are by default: calls from
 * the registrar only, media between the ends of the signalling only.
 */
export const sip: ConntrackHelper = {
  name: 'sip',
  protocols: [IPPROTO_TCP, IPPROTO_UDP],
  maxExpected: MAX_EXPECTED,
  timeoutMs: MAX_EXPECTED.map(() => EXPECTED_MS),
  help(skb, transportOffset, connection, direction, ctInfo, context) {
    const isTcp = connection.original.protocol === IPPROTO_TCP
    if (isTcp && ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return 'accept'
    const payload = isTcp ? tcpPayload(skb.bytes, transportOffset) : transportOffset + 8
    if (payload < 0 || payload >= skb.bytes.length) return 'accept'
    refreshConnection(connection, SESSION_MS, context.nowMs)
    pullFragments(skb, skb.bytes.length)
    if (skb.bytes.length - payload < SHORTEST) return 'accept'
    return isTcp
      ? readSegment(skb, payload, connection, direction, context)
      : readMessage(new SipMessage(skb, payload, skb.bytes.length, connection, direction, context))
  },
}

/**
 * The whole messages that a segment begins with; each says its length. Sequence numbers shift by the sum of what NAT
 * changed, unless a message follows whose end the segment does not hold.
 */
function readSegment(
  skb: Skb,
  payload: number,
  connection: Connection,
  direction: Direction,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const sequence = skb.u32(skb.transportOffset + 4)
  const length = skb.bytes.length
  for (let start = payload; ; ) {
    const end = endOfMessage(skb, start, connection)
    if (end === undefined) break
    if (end > skb.bytes.length) return 'accept'
    const message = new SipMessage(skb, start, end, connection, direction, context)
    if (readMessage(message) === 'drop') return 'drop'
    start = message.end
  }
  const difference = ((skb.bytes.length - length) << 16) >> 16
  context.nat?.shiftSequences(connection, direction, sequence, difference)
  return 'accept'
}

/** Where the message that begins at an offset ends, by its Content-Length; undefined: there is none to read. */
function endOfMessage(skb: Skb, start: number, connection: Connection): number | undefined {
  const { bytes } = skb
  const text = { family: connection.original.family, bytes, start, end: bytes.length }
  const digits = headerDigits(text, CONTENT_LENGTH)
  const bodyLength = digits && numberAt(text, digits.start)
  if (digits === undefined || bodyLength === undefined || bodyLength > text.end - start) return undefined
  for (let at = digits.end; at + 4 <= text.end; at++)
    if (startsWith(bytes, at, '\r\n\r\n')) return at + 4 + bodyLength
  return undefined
}

function readMessage(message: SipMessage): 'accept' | 'drop' {
  const isResponse = startsWithIgnoringCase(message.bytes, message.start, 'SIP/2.0 ')
  const verdict = isResponse ? readResponse(message) : readRequest(message)
  return verdict === 'accept' && message.nat !== undefined ? translateMessage(message) : verdict
}

type OnRequest = (message: SipMessage, cseq: number) => 'accept' | 'drop'
type OnResponse = (message: SipMessage, cseq: number, code: number) => 'accept' | 'drop'

/** The methods that tell anything, and what is made of their requests and of the responses to them. */
const METHODS: readonly {
  readonly name: string
  readonly request: OnRequest
  readonly response?: OnResponse
}[] = [
  { name: 'INVITE', request: invited, response: answered },
  { name: 'UPDATE', request: announceMedia, response: answered },
  { name: 'ACK', request: announceMedia },
  { name: 'PRACK', request: announceMedia, response: answered },
  { name: 'BYE', request: ended },
  { name: 'REGISTER', request: announceCalls, response: confirmCalls },
]

function readRequest(message: SipMessage): 'accept' | 'drop' {
  const { bytes, start, end, here } = message
  const via = headerHost(message, VIA_UDP)
  if (via !== undefined && via.port !== here.sport && via.address.equals(here.source))
    message.remember({ forcedPort: via.port })
  for (const { name, request } of METHODS) {
    if (end - start < name.length + 2 || !startsWithIgnoringCase(bytes, start, name)) continue
    if (bytes[start + name.length] !== 0x20 || !isLetter(bytes[start + name.length + 1])) continue
    const digits = headerDigits(message, CSEQ)
    if (digits === undefined) return message.drop('dropped: no CSeq')
    const cseq = numberAt(message, digits.start)
    return cseq === undefined ? message.drop('dropped: no number in CSeq') : request(message, cseq)
  }
  return 'accept'
}

function readResponse(message: SipMessage): 'accept' | 'drop' {
  const { bytes, start, end } = message
  if (end - start < SHORTEST) return 'accept'
  const code = numberAt(message, start + 'SIP/2.0 '.length)
  if (code === undefined || code === 0) return message.drop('dropped: no status code')
  const digits = headerDigits(message, CSEQ)
  if (digits === undefined) return message.drop('dropped: no CSeq')
  const cseq = numberAt(message, digits.start)
  if (cseq === undefined) return message.drop('dropped: no number in CSeq')
  const method = digits.end + 1
  for (const { name, response } of METHODS) {
    if (response === undefined || end < method + name.length) continue
    if (startsWithIgnoringCase(bytes, method, name)) return response(message, cseq, code)
  }
  return 'accept'
}

/** A new call, or an old one that changes: what was announced for it counts no more. */
function invited(message: SipMessage, cseq: number): 'accept' | 'drop' {
  forgetMedia(message)
  const verdict = announceMedia(message)
  if (verdict === 'accept') message.remember({ inviteCseq: cseq })
  return verdict
}

function answered(message: SipMessage, cseq: number, code: number): 'accept' | 'drop' {
  if (code >= 100 && code <= 299) return announceMedia(message)
  if (message.state.inviteCseq === cseq) forgetMedia(message)
  return 'accept'
}

function ended(message: SipMessage): 'accept' {
  forgetMedia(message)
  return 'accept'
}

function forgetMedia({ context, connection }: SipMessage): void {
  const { expectations } = context
  if (expectations.size === 0) return
  for (const expectation of expectations.of(connection))
    if (expectation.class !== SipClass.SIGNALLING) expectations.remove(expectation)
}
