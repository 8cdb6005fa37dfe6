import type { Family } from '../address.ts'
import { CtInfo } from '../conntrack/connection.ts'
import {
  netfilterChecksumValid,
  writeIpv4Checksum,
  writePartialChecksum,
  writeTransportChecksum,
} from '../packet/checksum.ts'
import { NEXTHDR_FRAGMENT } from '../packet/extension-headers.ts'
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import { ChecksumState, type Skb } from '../packet/skb.ts'
import { type Answer, type AnswerContext, buildIcmpError } from './icmp-error.ts'
import { isMulticast } from './interfaces.ts'
import { outputRoute, rerouteOutput } from './output-route.ts'
import type { IcmpError } from './route.ts'
import { skipExtensionHeaders } from './skip-headers.ts'

const unreachable4 = (code: number): IcmpError => ({ type: 3, code, info: 0 })
const unreachable6 = (code: number): IcmpError => ({ type: 1, code, info: 0 })

const KINDS_4: ReadonlyMap<string, IcmpError> = new Map([
  ['icmp-net-unreachable', unreachable4(0)],
  ['icmp-host-unreachable', unreachable4(1)],
  ['icmp-proto-unreachable', unreachable4(2)],
  ['icmp-port-unreachable', unreachable4(3)],
  ['icmp-net-prohibited', unreachable4(9)],
  ['icmp-host-prohibited', unreachable4(10)],
  ['icmp-admin-prohibited', unreachable4(13)],
])

const KINDS_6: ReadonlyMap<string, IcmpError> = new Map([
  ['icmp6-no-route', unreachable6(0)],
  ['icmp6-adm-prohibited', unreachable6(1)],
  ['icmp6-addr-unreachable', unreachable6(3)],
  ['icmp6-port-unreachable', unreachable6(4)],
  ['icmp6-policy-fail', unreachable6(5)],
  ['icmp6-reject-route', unreachable6(6)],
])

const ALIASES: Readonly<Record<string, string>> = {
  'net-unreach': 'icmp-net-unreachable',
  'host-unreach': 'icmp-host-unreachable',
  'proto-unreach': 'icmp-proto-unreachable',
  'port-unreach': 'icmp-port-unreachable',
  'net-prohib': 'icmp-net-prohibited',
  'host-prohib': 'icmp-host-prohibited',
  'admin-prohib': 'icmp-admin-prohibited',
  'tcp-rst': 'tcp-reset',
  'no-route': 'icmp6-no-route',
  'adm-prohibited': 'icmp6-adm-prohibited',
  'addr-unreach': 'icmp6-addr-unreachable',
  'policy-fail': 'icmp6-policy-fail',
  'reject-route': 'icmp6-reject-route',
}

/** The ICMP error that a `--reject-with` name or alias asks for, 'tcp-reset', or undefined for a name it does not know. */
export function rejectKind(family: Family, name: string): IcmpError | 'tcp-reset' | undefined {
  const full = family === 6 && name === 'port-unreach' ? 'icmp6-port-unreachable' : (ALIASES[name] ?? name)
  if (full === 'tcp-reset') return full
  return (family === 4 ? KINDS_4 : KINDS_6).get(full)
}

/**
 * What REJECT answers (`nf_send_unreach`, `nf_send_reset` and their IPv6 twins; net/ipv4/netfilter/nf_reject_ipv4.c).
 * The answer takes the rejected packet's connection along, see {@link attachedInfo}. A reset's connection is closing
 * after it, see `closesConnection`.
 */
export type RejectAnswer = Answer & {
  /** A confirmed TCP connection goes to CLOSE with CLOSE's timeout (`nf_ct_set_closing`). */
  readonly closesConnection: boolean
}

/** @param kind a name of `--reject-with` */
export function reject(skb: Skb, kind: string, hook: string, context: AnswerContext): RejectAnswer {
  const answer = rejectKind(skb.family, kind)
  if (answer === undefined) return silent(`unknown --reject-with ${kind}`)
  if (answer === 'tcp-reset') {
    const reset = skb.family === 4 ? reset4(skb, hook, context) : reset6(skb, hook, context)
    return { ...reset, closesConnection: reset.sent }
  }
  const refused = skb.family === 4 ? refuse4(skb, hook) : refuse6(skb, hook)
  return refused === undefined
    ? { ...buildIcmpError(skb, answer, context), closesConnection: false }
    : silent(refused)
}

/** Completes the transport checksum of a packet that leaves on a device (not `lo`), if that was put off. */
export function completeChecksum(skb: Skb): void {
  if (skb.checksumPartial === 0) return
  writeTransportChecksum(skb.writable(), skb.family, skb.checksumPartial, skb.transportOffset)
  skb.checksumPartial = 0
}

/** What an answer is to the connection of the packet that caused it (`nf_conntrack_attach`); also for ICMP errors. */
export function attachedInfo(skb: Skb): CtInfo | undefined {
  if (skb.connection === undefined) return undefined
  return skb.direction === 0 ? CtInfo.RELATED_REPLY : CtInfo.RELATED
}

function refuse4(skb: Skb, hook: string): string | undefined {
  if (skb.fragmentOffset !== 0) return 'no answer to later fragments'
  if (isChecksumUnnecessary(skb) || !hasChecksum(skb, skb.protocol, skb.transportOffset)) return undefined
  return netfilterChecksumValid(skb, hook) ? undefined : BAD_CHECKSUM
}

function refuse6(skb: Skb, hook: string): string | undefined {
  if (isChecksumUnnecessary(skb)) return undefined
  const found = skipExtensionHeaders(skb.bytes)
  if (found === undefined || found.offset >= skb.length || found.protocol === NEXTHDR_FRAGMENT)
    return 'no answer to later fragments and empty packets'
  if (!hasChecksum(skb, found.protocol, found.offset)) return undefined
  return netfilterChecksumValid(skb, hook, found.protocol) ? undefined : BAD_CHECKSUM
}

/** `skb_csum_unnecessary` */
function isChecksumUnnecessary({ checksumState, checksumWasRight }: Skb): boolean {
  return checksumState === ChecksumState.UNNECESSARY || checksumWasRight
}

const BAD_CHECKSUM = 'its checksum is wrong'

/**
 * `nf_reject_verify_csum`: false for protocols without a 16-bit checksum over everything, or with that left out. DCCP is
 * no longer among them (6.18), so like an unknown protocol it is asked for a payload that sums to 0.
 */
function hasChecksum(skb: Skb, protocol: number, offset: number): boolean {
  switch (protocol) {
    case IPPROTO_UDP:
      return offset + 8 > skb.length || skb.u16(offset + 6) !== 0
    case IPPROTO_GRE:
    case IPPROTO_AH:
    case IPPROTO_ESP:
    case IPPROTO_SCTP:
    case IPPROTO_UDPLITE:
      return false
    default:
      return true
  }
}

function reset4(skb: Skb, hook: string, context: AnswerContext): Answer {
  const { table, type } = context
  const offset = skb.transportOffset
  if (skb.fragmentOffset !== 0) return silent('no reset for later fragments')
  if (skb.protocol !== IPPROTO_TCP || offset + 20 > skb.length) return silent('no whole TCP header')
  const refused = resetRefused(skb, offset, hook)
  if (refused !== undefined) return silent(refused)
  if (type === 'broadcast' || type === 'multicast') return silent(`no reset for ${type}`)
  const current = skb.outDevice !== '' ? skb.outDevice : skb.inDevice
  const route = rerouteOutput(table, skb.destination, skb.source, current)
  if (route.errno !== 0) return silent(`no way back: ${route.reason}`)
  const bytes = new Uint8Array(40)
  bytes[0] = 0x45
  bytes[3] = 40
  bytes[6] = 0x40
  bytes[8] = table.sysctls['net.ipv4.ip_default_ttl'] ?? 64
  bytes[9] = IPPROTO_TCP
  skb.destination.write(bytes, 12)
  skb.source.write(bytes, 16)
  writeReset(bytes, 20, skb, offset)
  writeIpv4Checksum(bytes)
  // NFLOG in OUTPUT and deliveries over lo show it like this
  writePartialChecksum(bytes, 4, 20)
  return { sent: true, bytes, route, checksumPartial: true }
}

function reset6(skb: Skb, hook: string, context: AnswerContext): Answer {
  const { table } = context
  const { source, destination } = skb
  if (isMulticast(source) || source.isZero() || isMulticast(destination) || destination.isZero())
    return silent('a reset needs two unicast addresses')
  const found = skipExtensionHeaders(skb.bytes)
  if (found === undefined || found.protocol !== IPPROTO_TCP || found.offset + 20 > skb.length)
    return silent('no whole TCP header')
  const refused = resetRefused(skb, found.offset, hook)
  if (refused !== undefined) return silent(refused)
  const route = outputRoute(table, source, { source: destination })
  if (route.errno !== 0) return silent(`no way back: ${route.reason}`)
  const bytes = new Uint8Array(60)
  bytes[0] = 0x60
  bytes[5] = 20
  bytes[6] = IPPROTO_TCP
  bytes[7] = table.sysctls[`net.ipv6.conf.${route.device}.hop_limit`] ?? 64
  destination.write(bytes, 8)
  source.write(bytes, 24)
  writeReset(bytes, 40, skb, found.offset)
  writeTransportChecksum(bytes, 6, IPPROTO_TCP, 40)
  return { sent: true, bytes, route, checksumPartial: false }
}

function resetRefused(skb: Skb, offset: number, hook: string): string | undefined {
  if ((skb.bytes[offset + 13]! & RST) !== 0) return 'no reset for a reset'
  return netfilterChecksumValid(skb, hook, IPPROTO_TCP) ? undefined : BAD_CHECKSUM
}

const FIN = 1
const SYN = 2
const RST = 4
const ACK = 16

/** RFC 9293 3.10.7.1: the sequence number that the peer expects, or an acknowledgement of what it sent. */
function writeReset(bytes: Uint8Array, at: number, skb: Skb, offset: number): void {
  const from = skb.bytes
  bytes.set(from.subarray(offset + 2, offset + 4), at)
  bytes.set(from.subarray(offset, offset + 2), at + 2)
  bytes[at + 12] = 0x50
  const flags = from[offset + 13]!
  if ((flags & ACK) !== 0) {
    bytes.set(from.subarray(offset + 8, offset + 12), at + 4)
    bytes[at + 13] = RST
    return
  }
  const data = skb.length - offset - (from[offset + 12]! >> 4) * 4
  const acknowledged = skb.u32(offset + 4) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0) + data
  for (let i = 0; i < 4; i++) bytes[at + 8 + i] = (acknowledged | 0) >>> (24 - 8 * i)
  bytes[at + 13] = RST | ACK
}

function silent(reason: string): { sent: false; reason: string; closesConnection: false } {
  return { sent: false, reason, closesConnection: false }
}
