import { Address } from '../address.ts'
import { internetChecksum, pseudoHeaderSum, writeIpv4Checksum } from '../packet/checksum.ts'
import type { Ipv4Options } from '../packet/ipv4-options.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { isIpv6LinkLocal, isMulticast, Scope } from './interfaces.ts'
import { echoOptions } from './options.ts'
import { type OutputRoute, outputRoute } from './output-route.ts'
import type { DestinationType, IcmpError } from './route.ts'
import type { RoutingTable } from './routing.ts'
import { skipExtensionHeaders } from './skip-headers.ts'
import { selectSourceAddress6 } from './source-address.ts'

/** A packet that the box makes on its own account, or why it does not. */
export type Answer =
  | {
      readonly sent: true
      /** Belongs to the caller. */
      readonly bytes: Uint8Array
      /** Goes to the OUTPUT hook with this device. */
      readonly route: OutputRoute
      /** The new skb's `checksumPartial`: IPv4 resets get their checksum on leaving a device. */
      readonly checksumPartial: boolean
    }
  | { readonly sent: false; readonly reason: string }

/** What is known about the packet that the answer is about. */
export interface AnswerContext {
  readonly table: RoutingTable
  /** Of the packet's input or output route. Before routing: 'unicast'. */
  readonly type: DestinationType
  /** The packet's IPv4 options as {@link receiveOptions} found them. Absent for the box's own packets: nothing is echoed. */
  readonly options?: Ipv4Options | undefined
  /** The IPv4 identification of the answer, which the kernel draws. Default 0. */
  readonly id?: number
  /** Since midnight UT, for the timestamp option. Default 0. */
  readonly milliseconds?: number
}

/** Builds an ICMP error about a packet (`icmp_send`, `icmp6_send`), unless RFC 1122 3.2.2 or RFC 4443 2.4 forbid it. */
export function buildIcmpError(skb: Skb, error: IcmpError, context: AnswerContext): Answer {
  return skb.family === 4 ? buildIcmp4(skb, error, context) : buildIcmp6(skb, error, context)
}

const SEND_AT_MOST_4 = 576
const SEND_AT_MOST_6 = 1280
/** RFC 7600's dummy address: better than 0.0.0.0. */
const DUMMY = Address.v4(0xc0000008)

function buildIcmp4(skb: Skb, error: IcmpError, context: AnswerContext): Answer {
  const { table, type } = context
  if (skb.packetType !== 'host') return silent('no errors about link-layer broadcasts')
  if (type === 'broadcast' || type === 'multicast') return silent(`no errors about ${type}`)
  if (skb.fragmentOffset !== 0) return silent('no errors about later fragments')
  if (isError4(error.type) && skb.protocol === IPPROTO_ICMP) {
    const about = skb.bytes[skb.transportOffset]
    if (about === undefined || isError4(about)) return silent('no errors about ICMP errors')
  }
  const source = type === 'local' ? skb.destination : inboundAddress(skb, table)
  const route = outputRoute(table, skb.source, { source })
  if (route.errno !== 0) return silent(`no way back: ${route.reason}`)
  const from = route.source ?? DUMMY
  const { options, milliseconds = 0 } = context
  const echoed =
    options === undefined ? new Uint8Array(0) : echoOptions(skb.bytes, options, from, milliseconds)
  if (echoed === undefined) return silent('its options cannot be answered')
  const room = Math.min(route.mtu, SEND_AT_MOST_4) - 20 - echoed.length - 8
  if (room <= 20) return silent('the MTU is too small')
  const bytes = writeIcmp4(skb, error, from, echoed, room)
  bytes[8] = table.sysctls['net.ipv4.ip_default_ttl'] ?? 64
  bytes[4] = (context.id ?? 0) >> 8
  bytes[5] = (context.id ?? 0) & 255
  writeIpv4Checksum(bytes)
  return { sent: true, bytes, route, checksumPartial: false }
}

function inboundAddress(skb: Skb, table: RoutingTable): Address | undefined {
  if (table.sysctls['net.ipv4.icmp_errors_use_inbound_ifaddr'] !== 1 || skb.inDevice === '') return undefined
  return table.sourceAddress(skb.inDevice, skb.source, Scope.LINK)
}

function writeIcmp4(
  skb: Skb,
  error: IcmpError,
  from: Address,
  options: Uint8Array,
  room: number,
): Uint8Array {
  const quote = Math.min(skb.length, room)
  const header = 20 + options.length
  const bytes = new Uint8Array(header + 8 + quote)
  bytes[0] = 0x40 | (header / 4)
  bytes[1] = isError4(error.type) ? (skb.tos & 0x1e) | 0xc0 : skb.tos
  bytes[2] = bytes.length >> 8
  bytes[3] = bytes.length & 255
  bytes[9] = IPPROTO_ICMP
  from.write(bytes, 12)
  skb.source.write(bytes, 16)
  bytes.set(options, 20)
  writeIcmp(bytes, header, error, skb, quote)
  setChecksum(bytes, header + 2, internetChecksum(bytes, header, bytes.length))
  return bytes
}

function writeIcmp(bytes: Uint8Array, offset: number, error: IcmpError, skb: Skb, quote: number): void {
  bytes[offset] = error.type
  bytes[offset + 1] = error.code
  bytes[offset + 4] = error.info >>> 24
  bytes[offset + 5] = error.info >>> 16
  bytes[offset + 6] = error.info >>> 8
  bytes[offset + 7] = error.info
  bytes.set(skb.bytes.subarray(0, quote), offset + 8)
}

function setChecksum(bytes: Uint8Array, offset: number, checksum: number): void {
  bytes[offset] = checksum >> 8
  bytes[offset + 1] = checksum & 255
}

/** `icmp_pointers[].error`: all but the queries and their answers; unknown types count as errors. */
function isError4(type: number): boolean {
  return !(type === 0 || type === 8 || (type >= 13 && type <= 18))
}

function buildIcmp6(skb: Skb, error: IcmpError, context: AnswerContext): Answer {
  const { table } = context
  const { source, destination } = skb
  let from = table.isOwnAddress(destination) || table.isAnycast(destination) ? destination : undefined
  const arrived = skb.inDevice === '' ? 'lo' : skb.inDevice
  if (isIpv6LinkLocal(destination) && !table.isOwnAddress(destination, arrived)) from = undefined
  if (isMulticast(destination) || skb.packetType !== 'host') {
    if (!mayAnswerMulticast(skb, error)) return silent('no errors about multicast')
    from = undefined
  }
  if (source.isZero()) return silent('the source is ::')
  if (isMulticast(source)) return silent('the source is a multicast address')
  if (isIcmp6Error(skb)) return silent('no errors about ICMPv6 errors')
  const device = isIpv6LinkLocal(source) ? realDevice(skb, table) : ''
  const inDevice = table.devices.get(skb.inDevice === 'lo' && device !== '' ? device : skb.inDevice)
  // A route's own `src` would win; otherwise the device it came in on speaks.
  if (from === undefined && inDevice !== undefined && table.lookup(source, device)?.source === undefined)
    from = selectSourceAddress6(table.devices, inDevice, source)
  const route = outputRoute(table, source, { source: from, device })
  if (route.errno !== 0) return silent(`no way back: ${route.reason}`)
  if (route.type === 'anycast') return silent('the source is an anycast address')
  const speaker = from ?? route.source!
  const hopLimit = table.sysctls[`net.ipv6.conf.${route.device}.hop_limit`] ?? 64
  return { sent: true, bytes: writeIcmp6(skb, error, speaker, hopLimit), route, checksumPartial: false }
}

/** `icmp6_dev`: what was sent here came in on lo, and counts as on the device that its destination belongs to. */
function realDevice({ inDevice, outDevice, destination }: Skb, table: RoutingTable): string {
  if (inDevice !== '' && inDevice !== 'lo') return inDevice
  if (outDevice !== '' && outDevice !== 'lo') return outDevice
  return table.lookup(destination)?.device?.name ?? inDevice
}

/** Packet too big, and parameter problems about options whose type says so, may answer a multicast. */
function mayAnswerMulticast(skb: Skb, error: IcmpError): boolean {
  if (error.type === 2) return true
  return error.type === 4 && error.code === 2 && (skb.bytes[error.info] ?? 0) >> 6 === 2
}

/** `is_ineligible` */
function isIcmp6Error(skb: Skb): boolean {
  const found = skipExtensionHeaders(skb.bytes)
  if (found === undefined || found.protocol !== IPPROTO_ICMPV6) return false
  const type = skb.bytes[found.offset]
  if (type === undefined) return !found.fragment
  return type < 128
}

function writeIcmp6(skb: Skb, error: IcmpError, from: Address, hopLimit: number): Uint8Array {
  const quote = Math.min(skb.length, SEND_AT_MOST_6 - 40 - 8)
  const bytes = new Uint8Array(48 + quote)
  bytes[0] = 0x60
  bytes[4] = (8 + quote) >> 8
  bytes[5] = (8 + quote) & 255
  bytes[6] = IPPROTO_ICMPV6
  bytes[7] = hopLimit
  from.write(bytes, 8)
  skb.source.write(bytes, 24)
  writeIcmp(bytes, 40, error, skb, quote)
  const pseudo = pseudoHeaderSum(6, bytes, IPPROTO_ICMPV6, 8 + quote)
  setChecksum(bytes, 42, internetChecksum(bytes, 40, bytes.length, pseudo))
  return bytes
}

function silent(reason: string): Answer {
  return { sent: false, reason }
}
