import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, CtInfo, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import type { NewExpectation } from '../expectations.ts'
import { Tuple } from '../tuple.ts'
import { anySource, unspecified } from './expect.ts'
import { isDigit, startsWith, startsWithIgnoringCase, tcpPayload } from './payload.ts'

/** The kernel looks no further into a segment (`MAX_SEARCH_SIZE`). */
const SEARCH_LIMIT = 4095
const DCC_PROTOCOLS = ['SEND ', 'CHAT ', 'MOVE ', 'TSEND ', 'SCHAT ']
const SHORTEST_MESSAGE = 26
const SHORTEST_ADDRESS = 12

/**
 * IRC's Direct Client-to-Client: `PRIVMSG x :\x01DCC SEND file address port size\x01` of the client announces a
 * connection that anybody may open to it. After net/netfilter/nf_conntrack_irc.c and nf_nat_irc.c. IPv4 only.
 */
export const irc: ConntrackHelper = {
  name: 'irc',
  protocols: [IPPROTO_TCP],
  maxExpected: [8],
  timeoutMs: [300_000],
  help(skb, transportOffset, connection, direction, ctInfo, context) {
    if (direction === REPLY || ctInfo !== CtInfo.ESTABLISHED) return 'accept'
    const payload = tcpPayload(skb.bytes, transportOffset)
    if (payload < 0) return 'accept'
    const data = skb.bytes.subarray(payload, Math.min(skb.bytes.length, payload + SEARCH_LIMIT))
    const offer = findOffer(data, connection)
    return offer === undefined ? 'accept' : announce(skb, offer, connection, context)
  },
}

/** What a DCC command says, and where its address and port stand. */
interface Offer {
  readonly offset: number
  readonly length: number
  readonly port: number
}

function findOffer(data: Uint8Array, connection: Connection): Offer | undefined {
  let at = 0
  while (at < data.length - 10 && (data[at] === 32 || data[at] === 13 || data[at] === 10)) at++
  if (at < data.length - 10) {
    if (!startsWithIgnoringCase(data, at, 'PRIVMSG ')) return undefined
    at += 8
  }
  while (at < data.length - SHORTEST_MESSAGE) {
    if (!startsWith(data, at, ' :')) {
      at++
      continue
    }
    at += 2
    if (!startsWith(data, at, '\x01DCC ')) return undefined
    at += 5
    for (const protocol of DCC_PROTOCOLS) {
      if (!startsWith(data, at, protocol)) continue
      at += protocol.length
      const offer = parseOffer(data, at)
      // Also an address that NAT gave the client is the client's own.
      if (offer !== undefined && offer.port !== 0 && isOwnAddress(offer.address, connection)) return offer
    }
  }
  return undefined
}

function isOwnAddress(address: number, connection: Connection): boolean {
  return connection.original.source.w0 === address || connection.reply.destination.w0 === address
}

/** `name address port …`, with a newline behind. */
function parseOffer(data: Uint8Array, start: number): (Offer & { readonly address: number }) | undefined {
  let at = start
  while (data[at++] !== 32) if (at > data.length - SHORTEST_ADDRESS) return undefined
  if (data.indexOf(10, at) < 0) return undefined
  const offset = at
  const address = readNumber(data, at)
  at = address.end
  while (data[at] === 32) {
    if (at >= data.length) return undefined
    at++
  }
  const port = readNumber(data, at)
  return { offset, length: port.end - offset, address: address.value | 0, port: port.value & 0xffff }
}

/** `simple_strtoul(…, 10)`; of a longer number only the low 32 bits are looked at. */
function readNumber(data: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0
  let end = start
  while (isDigit(data[end])) value = (Math.imul(value, 10) + data[end++]! - 0x30) >>> 0
  return { value, end }
}

function announce(
  skb: Skb,
  offer: Offer,
  connection: Connection,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const { destination } = connection.reply
  const make = (port: number): NewExpectation => ({
    tuple: new Tuple(unspecified(4), destination, IPPROTO_TCP, 0, port),
    mask: anySource(4),
    helper: irc.name,
    maxExpected: irc.maxExpected[0]!,
    timeoutMs: irc.timeoutMs[0]!,
  })
  const { nat } = context
  if (nat === undefined || !connection.has(Status.SRC_NAT | Status.DST_NAT))
    return context.expectations.add(make(offer.port), connection, context.nowMs) === 'added'
      ? 'accept'
      : 'drop'
  const expected = { savedAddress: unspecified(4), savedPort: offer.port, direction: REPLY } as const
  const port = nat.expectOnFreePort(
    offer.port,
    port => ({ ...make(port), nat: expected, onExpected: 'nat-follow-master' }),
    connection,
    context,
  )
  if (port === 0) return 'drop'
  const text = `${destination.w0 >>> 0} ${port}`
  return nat.mangleTcpPayload(skb, connection, ORIGINAL, offer.offset, offer.length, text) ? 'accept' : 'drop'
}
