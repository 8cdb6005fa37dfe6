import type { Address } from '../address.ts'
import { sendOwn } from '../answers.ts'
import type { Connection, CtInfo } from '../conntrack/connection.ts'
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_SYN } from '../conntrack/tcp-segment.ts'
import type { ConntrackTemplate } from '../conntrack/template.ts'
import { outputRoute, rerouteOutput } from '../ip/output-route.ts'
import { skipExtensionHeaders } from '../ip/skip-headers.ts'
import { writeIpv4Checksum, writePartialChecksum } from '../packet/checksum.ts'
import { IPPROTO_TCP } from '../packet/protocols.ts'
import { ChecksumState, Skb } from '../packet/skb.ts'
import type { Transaction } from '../transaction.ts'
import { type SegmentOptions, writeOptions } from './options.ts'

/** What of a segment is not the same in all that SYNPROXY sends. Numbers are unsigned. */
export interface SegmentFields {
  readonly source: Address
  readonly destination: Address
  readonly sport: number
  readonly dport: number
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  readonly options: SegmentOptions
}

/** What the segment is to conntrack: part of a connection, a template for a new one, or nothing yet. */
export interface Belonging {
  readonly connection?: Connection | undefined
  readonly ctInfo?: CtInfo | undefined
  readonly template?: ConntrackTemplate
}

export const SYN = TCP_SYN
export const SYN_ACK = TCP_SYN | TCP_ACK
export const ACK = TCP_ACK
export const ECE = TCP_ECE
export const CWR = TCP_CWR

/** Where a packet's TCP header begins; −1 where it has none (a later fragment, another protocol, cut off). */
export function tcpHeaderAt(skb: Skb): number {
  let at = skb.transportOffset
  if (skb.family === 6) {
    const found = skipExtensionHeaders(skb.bytes)
    if (found === undefined || found.protocol !== IPPROTO_TCP) return -1
    at = found.offset
  }
  return at + 20 > skb.bytes.length ? -1 : at
}

/** Sends a segment of SYNPROXY's own: through OUTPUT and POSTROUTING, from whatever address (`synproxy_send_tcp`). */
export function sendSegment(
  about: Skb,
  fields: SegmentFields,
  belonging: Belonging,
  why: string,
  transaction: Transaction,
): void {
  if (transaction.proxied++ >= MOST_SEGMENTS) return
  const { source, destination } = fields
  const { family } = about
  const table = transaction.routing(family)
  const device = about.outDevice !== '' ? about.outDevice : about.inDevice
  const route =
    family === 4
      ? rerouteOutput(table, source, destination, device)
      : outputRoute(table, destination, { source })
  const { recorder } = transaction
  if (route.errno !== 0) {
    recorder?.add({ kind: 'no-answer', why: `no way for the ${why}: ${route.reason}` })
    return
  }
  const hops =
    family === 4 ? table.sysctls['net.ipv4.ip_default_ttl'] : table.sysctls['net.ipv6.conf.all.hop_limit']
  const made = new Skb(family, build(fields, hops ?? 64))
  made.checksumState = ChecksumState.UNNECESSARY
  made.checksumPartial = IPPROTO_TCP
  made.connection = belonging.connection
  made.ctInfo = belonging.connection === undefined ? undefined : belonging.ctInfo
  made.template = belonging.template
  sendOwn(made, route, why, transaction)
  // a process that sends runs what goes over lo at once
  while (transaction.runsSoftirqs && transaction.looped.length > 0)
    transaction.path.receiveLooped(transaction.looped.shift()!, transaction)
}

/** Rules that take SYNPROXY's own segments over `lo` for a client's can have it answer itself: the kernel never ends, we do. */
const MOST_SEGMENTS = 1000

/** Without its checksum, which comes when it leaves by a device. */
function build(fields: SegmentFields, hops: number): Uint8Array {
  const { source, destination, options } = fields
  const { family } = source
  const extra = writeOptions(options)
  const header = family === 4 ? 20 : 40
  const length = 20 + extra.length
  const bytes = new Uint8Array(header + length)
  if (family === 4) bytes.set([0x45, 0, 0, bytes.length, 0, 0, 0x40, 0, hops, IPPROTO_TCP])
  else bytes.set([0x60, 0, 0, 0, 0, length, IPPROTO_TCP, hops])
  source.write(bytes, family === 4 ? 12 : 8)
  destination.write(bytes, family === 4 ? 16 : 24)
  if (family === 4) writeIpv4Checksum(bytes)
  const view = new DataView(bytes.buffer, header)
  view.setUint16(0, fields.sport)
  view.setUint16(2, fields.dport)
  view.setUint32(4, fields.sequence)
  view.setUint32(8, fields.acknowledgment)
  view.setUint8(12, (length / 4) << 4)
  view.setUint8(13, fields.flags)
  view.setUint16(14, fields.window)
  bytes.set(extra, header + 20)
  writePartialChecksum(bytes, family, header)
  return bytes
}
