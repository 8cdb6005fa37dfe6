/**
 * Media that a session description announces: `process_sdp` and `set_expected_rtp_rtcp` of
 * net/netfilter/nf_conntrack_sip.c, `nf_nat_sdp_*` of net/netfilter/nf_nat_sip.c.
 */
import type { Address } from '../../address.ts'
import { IPPROTO_UDP } from '../../packet/protocols.ts'
import { type Direction, ORIGINAL, REPLY } from '../connection.ts'
import type { NewExpectation } from '../expectations.ts'
import { Tuple } from '../tuple.ts'
import { exactSource, unspecified } from './expect.ts'
import { startsWith } from './payload.ts'
import { sdpAddress, sdpMedia, sdpStart } from './sdp-lines.ts'
import { CONTENT_LENGTH, headerDigits } from './sip-headers.ts'
import type { SipMessage } from './sip-message.ts'
import { addressText, numberAt, type Span } from './sip-text.ts'

/** `SIP_EXPECT_*`: the classes of expectations, with the most that one connection may have of each. */
export const SipClass = { SIGNALLING: 0, AUDIO: 1, VIDEO: 2, IMAGE: 3 } as const
export const MAX_EXPECTED: readonly number[] = [1, 4, 4, 2]
/** Each waits three minutes, unless a registrar grants another time. */
export const EXPECTED_MS = 180_000

const MEDIA = [
  { name: 'audio ', class: SipClass.AUDIO },
  { name: 'video ', class: SipClass.VIDEO },
  { name: 'image ', class: SipClass.IMAGE },
]
const LOWEST_PORT = 1024

/** A port that a description names, by its digits. */
interface Media {
  readonly class: number
  readonly port: number
  readonly span: Span
}

/**
 * Expects the first three media with a port that a message describes, and under NAT rewrites their ports and
 * addresses. A message without a description passes.
 */
export function announceMedia(message: SipMessage): 'accept' | 'drop' {
  const start = sdpStart(message)
  if (start === undefined) return 'accept'
  const session = sdpAddress(message, start, 'c=')?.address
  // What the description is to name in the end: the address of its last media.
  let named = session
  let from = start
  for (let count = 0; count < MEDIA.length; ) {
    const line = sdpMedia(message, from)
    if (line === undefined) break
    const type = MEDIA.find(
      ({ name }) => line.end - line.start >= name.length && startsWith(message.bytes, line.start, name),
    )
    if (type === undefined) {
      from = line.end
      continue
    }
    from = line.start + type.name.length
    const port = numberAt(message, from)
    // A port of zero is that of media that rest.
    if (port === undefined || port === 0) continue
    if (port < LOWEST_PORT || port > 0xffff) return message.drop(`dropped: wrong port ${port}`)
    const own = sdpAddress(message, from, 'c=')?.address
    const address = own ?? session
    if (address === undefined) return message.drop('dropped: media without an address')
    named = expectMedia(message, address, { class: type.class, port, span: { start: from, end: line.end } })
    if (named === undefined) return message.drop('dropped: its media cannot be expected')
    if (own !== undefined && message.nat !== undefined && !writeAddress(message, from, 'c=', named))
      return message.drop("dropped: its media's address cannot be rewritten")
    count++
  }
  if (message.nat === undefined || named === undefined) return 'accept'
  return writeSession(message, start, named)
}

/**
 * Media of the speaker itself are expected from the peer (`sip_direct_media`), a pair of an even port for RTP and the
 * next for RTCP.
 *
 * @returns the address that the description shall name; undefined: the packet must be dropped
 */
function expectMedia(message: SipMessage, address: Address, media: Media): Address | undefined {
  const { here, there, connection, context } = message
  if (!address.equals(here.source)) return address
  const known = findKnown(message, address, media)
  const port = known.port & ~1
  if (known.isDirect && !writePort(message, media.span, port)) return undefined
  if (known.isExpected) return known.address
  const make = (port: number, address: Address): NewExpectation => ({
    tuple: new Tuple(there.source, address, IPPROTO_UDP, 0, port),
    mask: exactSource(message.family),
    class: media.class,
    helper: 'sip',
    sharesMasters: true,
    maxExpected: MAX_EXPECTED[media.class]!,
    timeoutMs: EXPECTED_MS,
  })
  if (message.nat !== undefined && !known.isDirect) return expectTranslated(message, media, port, make)
  const { expectations, nowMs } = context
  const rtp = make(port, known.address)
  const added = expectations.add(rtp, connection, nowMs)
  if (added !== 'added' && added !== 'already') return undefined
  const control = expectations.add(make(port + 1, known.address), connection, nowMs)
  if (control === 'added' || control === 'already') return known.address
  if (added === 'added') expectations.unexpect(rtp.tuple, connection)
  return undefined
}

/**
 * The same media may be announced on several connections, when a call rings several phones. Where another one expects
 * them already, and that is translated as this one is, both ends are taken to reach each other without us: the
 * description names where the media are really expected.
 */
function findKnown(message: SipMessage, address: Address, media: Media) {
  const { there, connection, context, family, nat } = message
  let found = { address, port: media.port, isDirect: false, isExpected: false }
  for (;;) {
    const wanted = new Tuple(there.source, found.address, IPPROTO_UDP, 0, found.port)
    const other = context.expectations.find(wanted, connection.zone, context.nowMs)
    if (other === undefined || other.masterOriginal === connection.original) return found
    const isOurs = other.helper === 'sip' && other.masterOriginal.protocol === connection.original.protocol
    if (!isOurs || other.class !== media.class) return found
    const { savedAddress, savedPort } = other.nat ?? { savedAddress: unspecified(family), savedPort: 0 }
    const isTranslated = !savedAddress.equals(other.tuple.destination) || savedPort !== other.tuple.dport
    if (found.isDirect || !isTranslated || nat === undefined) return { ...found, isExpected: true }
    found = { address: savedAddress, port: savedPort, isDirect: true, isExpected: false }
  }
}

/**
 * The same pair of ports outside, or else the next pair that nobody else has (`nf_nat_sdp_media`). Where another phone
 * expects just the same, the kernel does not try another pair but drops the packet.
 */
function expectTranslated(
  message: SipMessage,
  media: Media,
  port: number,
  make: (port: number, address: Address) => NewExpectation,
): Address | undefined {
  const { here, there, connection, context } = message
  const { expectations, nowMs } = context
  const direction: Direction = message.direction === ORIGINAL ? REPLY : ORIGINAL
  const outside = here.source.equals(there.destination) ? here.source : there.destination
  const add = (outsidePort: number, savedPort: number) =>
    expectations.add(
      {
        ...make(outsidePort, outside),
        nat: { savedAddress: here.source, savedPort, direction },
        onExpected: 'sip',
      },
      connection,
      nowMs,
    )
  for (let tried = port; tried !== 0; tried = (tried + 2) & 0xffff) {
    const added = add(tried, port)
    if (added === 'clash') continue
    if (added !== 'added') return undefined
    const control = add(tried + 1, port + 1)
    if (control === 'added') {
      if (tried === port || writePort(message, media.span, tried)) return outside
      forget(tried)
      forget(tried + 1)
      return undefined
    }
    forget(tried)
    if (control !== 'clash') return undefined
  }
  return undefined

  function forget(outsidePort: number): void {
    expectations.unexpect(make(outsidePort, outside).tuple, connection)
  }
}

/** `o=` must name an address, `c=` may (`nf_nat_sdp_session`). */
function writeSession(message: SipMessage, start: number, address: Address): 'accept' | 'drop' {
  const owner = sdpAddress(message, start, 'o=')
  if (owner === undefined || !message.replace(owner, addressText(address)))
    return message.drop('dropped: its owner cannot be rewritten')
  const session = sdpAddress(message, start, 'c=')
  if (session !== undefined && !message.replace(session, addressText(address)))
    return message.drop('dropped: its address cannot be rewritten')
  return writeLength(message) ? 'accept' : message.drop('dropped: its length cannot be rewritten')
}

function writeAddress(message: SipMessage, from: number, line: 'c=', address: Address): boolean {
  const span = sdpAddress(message, from, line)
  return span !== undefined && message.replace(span, addressText(address)) && writeLength(message)
}

function writePort(message: SipMessage, span: Span, port: number): boolean {
  return message.replace(span, `${port}`) && writeLength(message)
}

/** `Content-Length` follows; a message without cannot be rewritten (`mangle_content_len`). */
function writeLength(message: SipMessage): boolean {
  const start = sdpStart(message)
  if (start === undefined) return false
  const digits = headerDigits(message, CONTENT_LENGTH)
  return digits !== undefined && message.replace(digits, `${message.end - start + 2}`)
}
