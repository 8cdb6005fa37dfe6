/** Registrations: a phone tells where it can be called. `process_register_*` of net/netfilter/nf_conntrack_sip.c. */
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import { type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import { ExpectFlags, type NewExpectation } from '../expectations.ts'
import { Tuple } from '../tuple.ts'
import { exactSource } from './expect.ts'
import { startsWithIgnoringCase } from './payload.ts'
import {
  CONTACT,
  EXPIRES,
  type HeaderCursor,
  headerDigits,
  headerHost,
  numberParameter,
  parameterAt,
} from './sip-headers.ts'
import { EXPECTED_MS, MAX_EXPECTED, SipClass } from './sip-media.ts'
import type { SipMessage } from './sip-message.ts'
import { type HostSpan, hostText, numberAt } from './sip-text.ts'

/** A timer counts 250 ticks a second (`CONFIG_HZ`), and those that a registrar grants in 32 bits. */
const TICKS_PER_SECOND = 250

/**
 * A REGISTER announces calls from the registrar (`sip_direct_signalling`) to the contact that it names, if that is the
 * speaker itself. They do not count before the registrar agrees.
 */
export function announceCalls(message: SipMessage, cseq: number): 'accept' | 'drop' {
  const { connection, here, there } = message
  if (connection.has(Status.EXPECTED)) return 'accept'
  const contact = headerHost(message, CONTACT)
  if (contact === undefined || !contact.address.equals(here.source)) return 'accept'
  if (!usesSameTransport(message, contact.end)) return 'accept'
  const expires = expiryOf(message, contact, expiresHeader(message))
  if (expires === undefined) return message.drop('dropped: no number of seconds to expire in')
  if (expires > 0) {
    const expected: NewExpectation = {
      tuple: new Tuple(there.source, contact.address, connection.original.protocol, 0, contact.port),
      mask: exactSource(message.family),
      class: SipClass.SIGNALLING,
      flags: ExpectFlags.PERMANENT | ExpectFlags.INACTIVE,
      helper: 'sip',
      assignHelper: 'sip',
      maxExpected: MAX_EXPECTED[SipClass.SIGNALLING]!,
      timeoutMs: EXPECTED_MS,
    }
    if (!expectCalls(message, contact, expected)) return message.drop('dropped: its calls cannot be expected')
  }
  message.remember({ registerCseq: cseq })
  return 'accept'
}

function expectCalls(message: SipMessage, contact: HostSpan, expected: NewExpectation): boolean {
  const { here, there, connection, context, nat } = message
  if (nat === undefined) return context.expectations.add(expected, connection, context.nowMs) === 'added'
  const direction: Direction = message.direction === ORIGINAL ? REPLY : ORIGINAL
  const outside = here.source.equals(there.destination) ? contact.address : there.destination
  // Calls to the port that it speaks from come to the port that it seems to speak from.
  const isOwnPort = contact.port === (message.state.forcedPort || here.sport)
  const make = (port: number): NewExpectation => ({
    ...expected,
    tuple: new Tuple(there.source, outside, connection.original.protocol, 0, port),
    nat: { savedAddress: contact.address, savedPort: contact.port, direction },
    onExpected: 'sip',
  })
  const port = nat.expectOnFreePort(isOwnPort ? there.dport : contact.port, make, connection, context)
  if (port === 0) return false
  if (outside.equals(contact.address) && port === contact.port) return true
  if (message.replace(contact, hostText(outside, port))) return true
  context.expectations.unexpect(make(port).tuple, connection)
  return false
}

/**
 * The registrar's answer to the last REGISTER: it lists the contacts that it has now. If the one that is waited for is
 * among them, calls to it count for as long as the registrar says; else they are expected no more.
 */
export function confirmCalls(message: SipMessage, cseq: number, code: number): 'accept' | 'drop' {
  if (message.state.registerCseq !== cseq || (code >= 100 && code <= 199)) return 'accept'
  if (code >= 200 && code <= 299) {
    const agreed = findAgreed(message)
    if (agreed !== undefined) return agreed
  }
  const { expectations } = message.context
  const waiting = expectations.of(message.connection).find(one => one.class === SipClass.SIGNALLING)
  if (waiting !== undefined) expectations.remove(waiting)
  return 'accept'
}

/** Undefined: the registrar lists no contact that is expected. */
function findAgreed(message: SipMessage): 'accept' | 'drop' | undefined {
  const { context, connection, here } = message
  const general = expiresHeader(message)
  const cursor: HeaderCursor = { at: message.start, inList: false }
  for (;;) {
    const contact = headerHost(message, CONTACT, cursor)
    if (contact === undefined) return undefined
    if (!contact.address.equals(here.destination) || !usesSameTransport(message, contact.end)) continue
    const expires = expiryOf(message, contact, general)
    if (expires === undefined) return message.drop('dropped: no number of seconds to expire in')
    if (expires === 0) return undefined
    const waiting = context.expectations
      .of(connection)
      .find(
        ({ class: class_, tuple, expiresAtMs }) =>
          class_ === SipClass.SIGNALLING &&
          tuple.destination.equals(contact.address) &&
          tuple.protocol === connection.original.protocol &&
          tuple.dport === contact.port &&
          expiresAtMs > context.nowMs,
      )
    if (waiting === undefined) continue
    const ticks = Math.imul(expires, TICKS_PER_SECOND) >>> 0
    context.expectations.activate(waiting, context.nowMs + (ticks / TICKS_PER_SECOND) * 1000)
    return 'accept'
  }
}

function expiresHeader(message: SipMessage): number {
  const digits = headerDigits(message, EXPIRES)
  return digits === undefined ? 0 : (numberAt(message, digits.start) ?? 0)
}

/** The contact's own `expires=` counts more than the header; undefined: it is no number. */
function expiryOf(message: SipMessage, contact: HostSpan, general: number): number | undefined {
  const own = numberParameter(message, contact.end, 'expires=')
  return own === undefined ? general : own.value
}

/** A contact with another `transport=` is not for this connection. */
function usesSameTransport(message: SipMessage, at: number): boolean {
  const value = parameterAt(message, at, 'transport=')
  if (value === undefined) return true
  const { protocol } = message.connection.original
  if (startsWithIgnoringCase(message.bytes, value, 'TCP')) return protocol === IPPROTO_TCP
  return startsWithIgnoringCase(message.bytes, value, 'UDP') && protocol === IPPROTO_UDP
}
