import {
  NEXTHDR_AUTH,
  NEXTHDR_DEST,
  NEXTHDR_FRAGMENT,
  NEXTHDR_HOP,
  NEXTHDR_ROUTING,
} from '../../packet/extension-headers.ts'
import {
  IPPROTO_ESP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { LogFlag } from './log-flags.ts'
import { has, incomplete, type LogPart, logOwnerAndMark, logTcp, logUdp } from './log-transport.ts'

const UNREACHABLE = 1
const PACKET_TOO_BIG = 2
const TIME_EXCEEDED = 3
const PARAMETER_PROBLEM = 4
const ECHO_REQUEST = 128
const ECHO_REPLY = 129

/** The IPv6 packet that begins at `at`; not 0: one that an ICMPv6 error quotes (`dump_ipv6_packet`). */
export function logIpv6(skb: Skb, flags: number, at = 0): string {
  if (!has(skb, at, 40)) return 'TRUNCATED'
  const { bytes } = skb
  const trafficClass = ((bytes[at]! & 15) << 4) | (bytes[at + 1]! >> 4)
  const flowLabel = skb.u32(at) & 0xfffff
  let text = `SRC=${fullAddress(skb, at + 8)} DST=${fullAddress(skb, at + 24)} `
  text += `LEN=${skb.u16(at + 4) + 40} TC=${trafficClass} HOPLIMIT=${bytes[at + 7]} FLOWLBL=${flowLabel} `
  const chain = logExtensionHeaders(skb, flags, at)
  text += chain.text
  if (!chain.complete) return text
  const payload = logPayload(skb, flags, chain, at === 0)
  text += payload.text
  return payload.complete && at === 0 ? text + logOwnerAndMark(skb, flags) : text
}

/** `%pI6`: all eight groups, four digits each. */
function fullAddress(skb: Skb, at: number): string {
  let text = ''
  for (let i = 0; i < 16; i += 2)
    text += `${i === 0 ? '' : ':'}${skb
      .u16(at + i)
      .toString(16)
      .padStart(4, '0')}`
  return text
}

interface Chain extends LogPart {
  readonly protocol: number
  readonly offset: number
  readonly fragment: boolean
}

/** What one extension header adds; `stop`: the line ends with it. */
interface HeaderPart {
  readonly text: string
  readonly length: number
  readonly stop: boolean
  readonly fragment: boolean
}

function logExtensionHeaders(skb: Skb, flags: number, at: number): Chain {
  const verbose = (flags & LogFlag.IP_OPTIONS) !== 0
  let protocol = skb.bytes[at + 6]!
  let offset = at + 40
  let fragment = false
  let text = ''
  while (isLoggedHeader(protocol)) {
    if (!has(skb, offset, 2)) return { text: `${text}TRUNCATED`, complete: false, protocol, offset, fragment }
    if (verbose) text += 'OPT ( '
    const part = logHeader(skb, protocol, offset, fragment, verbose)
    text += part.text
    if (part.stop) return { text, complete: false, protocol, offset, fragment }
    if (verbose) text += ') '
    fragment = part.fragment
    protocol = skb.bytes[offset]!
    offset += part.length
  }
  return { text, complete: true, protocol, offset, fragment }
}

/** `nf_ip6_ext_hdr` less NEXTHDR_NONE: ESP counts as an extension header here. */
function isLoggedHeader(protocol: number): boolean {
  return (
    protocol === NEXTHDR_HOP ||
    protocol === NEXTHDR_ROUTING ||
    protocol === NEXTHDR_FRAGMENT ||
    protocol === IPPROTO_ESP ||
    protocol === NEXTHDR_AUTH ||
    protocol === NEXTHDR_DEST
  )
}

function logHeader(
  skb: Skb,
  protocol: number,
  offset: number,
  fragment: boolean,
  verbose: boolean,
): HeaderPart {
  const lengthField = skb.bytes[offset + 1]!
  switch (protocol) {
    case NEXTHDR_FRAGMENT:
      return logFragmentHeader(skb, offset, fragment)
    case NEXTHDR_AUTH: {
      const length = (lengthField + 2) * 4
      if (!verbose) return { text: '', length, stop: false, fragment }
      if (fragment) return { text: 'AH )', length, stop: true, fragment }
      if (!has(skb, offset, 12))
        return { text: `AH ${incomplete(skb, offset)})`, length, stop: true, fragment }
      return { text: `AH ${spi(skb, offset + 4)} `, length, stop: false, fragment }
    }
    case IPPROTO_ESP: {
      const part = { length: 0, stop: true, fragment }
      if (!verbose) return { text: '', ...part }
      if (fragment) return { text: 'ESP )', ...part }
      if (!has(skb, offset, 8)) return { text: `ESP ${incomplete(skb, offset)})`, ...part }
      return { text: `ESP ${spi(skb, offset)} )`, ...part }
    }
    default: // hop-by-hop, routing and destination options
      return { text: fragment && verbose ? ')' : '', length: (lengthField + 1) * 8, stop: fragment, fragment }
  }
}

function logFragmentHeader(skb: Skb, offset: number, fragment: boolean): HeaderPart {
  if (!has(skb, offset, 8)) return { text: 'FRAG:TRUNCATED ', length: 8, stop: true, fragment }
  const field = skb.u16(offset + 2)
  const more = field & 1 ? 'INCOMPLETE ' : ''
  const id = skb
    .u32(offset + 4)
    .toString(16)
    .padStart(8, '0')
  return {
    text: `FRAG:${field & 0xfff8} ${more}ID:${id} `,
    length: 8,
    stop: false,
    fragment: fragment || (field & 0xfff8) !== 0,
  }
}

function spi(skb: Skb, offset: number): string {
  return `SPI=0x${skb.u32(offset).toString(16)}`
}

function logPayload(skb: Skb, flags: number, chain: Chain, mayQuote: boolean): LogPart {
  const { protocol, offset, fragment } = chain
  switch (protocol) {
    case IPPROTO_TCP:
      return logTcp(skb, offset, fragment, flags)
    case IPPROTO_UDP:
      return logUdp(skb, offset, fragment, 'UDP')
    case IPPROTO_UDPLITE:
      return logUdp(skb, offset, fragment, 'UDPLITE')
    case IPPROTO_ICMPV6:
      return logIcmp(skb, flags, offset, fragment, mayQuote)
    default:
      return { text: `PROTO=${protocol} `, complete: true }
  }
}

function logIcmp(skb: Skb, flags: number, at: number, fragment: boolean, mayQuote: boolean): LogPart {
  const text = 'PROTO=ICMPv6 '
  if (fragment) return { text, complete: true }
  if (!has(skb, at, 8)) return { text: text + incomplete(skb, at), complete: false }
  const type = skb.bytes[at]!
  const head = `${text}TYPE=${type} CODE=${skb.bytes[at + 1]} `
  return { text: head + icmpDetails(skb, flags, at, type, mayQuote), complete: true }
}

function icmpDetails(skb: Skb, flags: number, at: number, type: number, mayQuote: boolean): string {
  const quote = (): string => (mayQuote ? `[${logIpv6(skb, flags, at + 8)}] ` : '')
  switch (type) {
    case ECHO_REQUEST:
    case ECHO_REPLY:
      return `ID=${skb.u16(at + 4)} SEQ=${skb.u16(at + 6)} `
    case PARAMETER_PROBLEM:
      return `POINTER=${skb
        .u32(at + 4)
        .toString(16)
        .padStart(8, '0')} ${quote()}`
    case PACKET_TOO_BIG:
      return `${quote()}MTU=${skb.u32(at + 4)} `
    case UNREACHABLE:
    case TIME_EXCEEDED:
      return quote()
    default:
      return ''
  }
}
