import { Address } from '../../address.ts'
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { LogFlag } from './log-flags.ts'
import { has, incomplete, type LogPart, logOwnerAndMark, logTcp, logUdp, upperHex } from './log-transport.ts'

const ECHO_REPLY = 0
const UNREACHABLE = 3
const SOURCE_QUENCH = 4
const REDIRECT = 5
const ECHO = 8
const TIME_EXCEEDED = 11
const PARAMETER_PROBLEM = 12
const FRAGMENTATION_NEEDED = 4

/** How long a message of a type must be at least, header included; other types have no bound. */
const REQUIRED_LENGTH: Readonly<Record<number, number>> = {
  [ECHO_REPLY]: 4,
  [UNREACHABLE]: 28,
  [SOURCE_QUENCH]: 28,
  [REDIRECT]: 28,
  [ECHO]: 4,
  [TIME_EXCEEDED]: 28,
  [PARAMETER_PROBLEM]: 28,
  13: 20,
  14: 20,
  17: 12,
  18: 12,
}

/** The IPv4 packet that begins at `at`; not 0: one that an ICMP error quotes (`dump_ipv4_packet`). */
export function logIpv4(skb: Skb, flags: number, at = 0): string {
  if (!has(skb, at, 20)) return 'TRUNCATED'
  const { bytes } = skb
  const tos = bytes[at + 1]!
  let text = `SRC=${Address.read(4, bytes, at + 12)} DST=${Address.read(4, bytes, at + 16)} `
  text += `LEN=${skb.u16(at + 2)} TOS=${hexByte(tos & 0x1e)} PREC=${hexByte(tos & 0xe0)} `
  text += `TTL=${bytes[at + 8]} ID=${skb.u16(at + 4)} ${fragmentText(skb.u16(at + 6))}`
  const header = (bytes[at]! & 15) * 4
  if (flags & LogFlag.IP_OPTIONS && header > 20) {
    if (!has(skb, at, header)) return `${text}TRUNCATED`
    text += `OPT (${upperHex(bytes, at + 20, at + header)}) `
  }
  const payload = logPayload(skb, flags, at, at + header)
  text += payload.text
  return payload.complete && at === 0 ? text + logOwnerAndMark(skb, flags) : text
}

function hexByte(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(2, '0')}`
}

/** The offset is printed in units of 8 bytes, as it stands in the header. */
function fragmentText(field: number): string {
  const offset = field & 0x1fff
  return `${field & 0x8000 ? 'CE ' : ''}${field & 0x4000 ? 'DF ' : ''}${field & 0x2000 ? 'MF ' : ''}${
    offset === 0 ? '' : `FRAG:${offset} `
  }`
}

function logPayload(skb: Skb, flags: number, at: number, payloadAt: number): LogPart {
  const protocol = skb.bytes[at + 9]!
  const fragment = (skb.u16(at + 6) & 0x1fff) !== 0
  switch (protocol) {
    case IPPROTO_TCP:
      return logTcp(skb, payloadAt, fragment, flags)
    case IPPROTO_UDP:
      return logUdp(skb, payloadAt, fragment, 'UDP')
    case IPPROTO_UDPLITE:
      return logUdp(skb, payloadAt, fragment, 'UDPLITE')
    case IPPROTO_ICMP:
      return done(`PROTO=ICMP ${fragment ? '' : logIcmp(skb, flags, at === 0, payloadAt)}`)
    case IPPROTO_AH:
      return done(fragment ? '' : `PROTO=AH ${logSpi(skb, payloadAt, 12, 4)}`)
    case IPPROTO_ESP:
      return done(`PROTO=ESP ${fragment ? '' : logSpi(skb, payloadAt, 8, 0)}`)
    default:
      return done(`PROTO=${protocol} `)
  }
}

function done(text: string): LogPart {
  return { text, complete: true }
}

function logSpi(skb: Skb, at: number, headerLength: number, spiAt: number): string {
  if (!has(skb, at, headerLength)) return incomplete(skb, at)
  return `SPI=0x${skb.u32(at + spiAt).toString(16)} `
}

function logIcmp(skb: Skb, flags: number, mayQuote: boolean, at: number): string {
  if (!has(skb, at, 8)) return incomplete(skb, at)
  const type = skb.bytes[at]!
  const code = skb.bytes[at + 1]!
  const text = `TYPE=${type} CODE=${code} `
  if (!has(skb, at, REQUIRED_LENGTH[type] ?? 0)) return text + incomplete(skb, at)
  switch (type) {
    case ECHO:
    case ECHO_REPLY:
      return `${text}ID=${skb.u16(at + 4)} SEQ=${skb.u16(at + 6)} `
    case PARAMETER_PROBLEM:
      return `${text}PARAMETER=${skb.bytes[at + 4]} `
    case REDIRECT:
      return `${text}GATEWAY=${Address.read(4, skb.bytes, at + 4)} ${quote(skb, flags, mayQuote, at)}`
    case UNREACHABLE:
    case SOURCE_QUENCH:
    case TIME_EXCEEDED: {
      const mtu = type === UNREACHABLE && code === FRAGMENTATION_NEEDED ? `MTU=${skb.u16(at + 6)} ` : ''
      return `${text}${quote(skb, flags, mayQuote, at)}${mtu}`
    }
    default:
      return text
  }
}

function quote(skb: Skb, flags: number, mayQuote: boolean, at: number): string {
  return mayQuote ? `[${logIpv4(skb, flags, at + 8)}] ` : ''
}
