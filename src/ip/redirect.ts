import type { Address } from '../address.ts'
import { internetChecksum, pseudoHeaderSum } from '../packet/checksum.ts'
import { IPPROTO_ICMPV6 } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { isIpv6LinkLocal } from './interfaces.ts'
import { type OutputRoute, outputRoute } from './output-route.ts'
import type { IcmpError, InputRoute } from './route.ts'
import type { RoutingTable } from './routing.ts'

/**
 * Should the sender of a packet that leaves by the device it came in on be told of a nearer way? IPv4, if
 * `send_redirects` says so and the sender is on that device's own network (`__mkroute_input`, net/ipv4/route.c). The
 * error then quotes the packet with its TTL decremented.
 *
 * @returns undefined if not
 */
export function redirect4(skb: Skb, route: InputRoute, table: RoutingTable): IcmpError | undefined {
  const device = table.devices.get(skb.inDevice)
  if (device === undefined || !device.settings.sendRedirects) return undefined
  if (skb.ipv4Options !== undefined && skb.ipv4Options.sourceRoute !== 0) return undefined
  if (!isNeighbour(skb.source, device.name, table)) return undefined
  const { w0 } = route.via ?? skb.destination
  return { type: ICMP_REDIRECT, code: REDIRECT_HOST, info: w0 >>> 0 }
}

/** `__fib_validate_source` returns 1: the way back leads out there, without a gateway. */
function isNeighbour(source: Address, device: string, table: RoutingTable): boolean {
  const back = table.lookup(source)
  if (back?.device === undefined) return false
  const there = back.device.name === device ? back : table.lookup(source, device)
  return there?.via === undefined && (there?.type === 'unicast' || there === back)
}

/** An ICMPv6 redirect: its bytes, and the way it goes. */
export interface Redirect6 {
  readonly bytes: Uint8Array
  readonly route: OutputRoute
}

/**
 * IPv6 always tells (`ip6_forward`, `ndisc_send_redirect`; RFC 4861 section 4.5 and 8.2), if the device has a
 * link-local address to tell it from, and the nearer way is the destination itself or a link-local gateway.
 *
 * @returns undefined if nothing can be sent
 */
export function redirect6(skb: Skb, route: InputRoute, table: RoutingTable): Redirect6 | undefined {
  const own = table.devices.get(skb.inDevice)?.addresses ?? []
  // the newest first; the kernel takes the oldest
  const speaker = own.findLast(({ address }) => isIpv6LinkLocal(address))?.address
  if (speaker === undefined) return undefined
  const target = route.via ?? skb.destination
  if (!target.equals(skb.destination) && !isIpv6LinkLocal(target)) return undefined
  const back = outputRoute(table, skb.source, { source: speaker, device: skb.inDevice })
  if (back.errno !== 0 || back.via !== undefined) return undefined
  return { bytes: writeRedirect6(skb, speaker, target), route: back }
}

const ICMP_REDIRECT = 5
const REDIRECT_HOST = 1
const NDISC_REDIRECT = 137
const REDIRECTED_HEADER = 4
const IPV6_HEADER = 40
const MESSAGE = 40
const OPTION_HEADER = 8
const IPV6_MIN_MTU = 1280

/** The redirected header option holds as much of the packet as fits, in units of eight bytes. */
function writeRedirect6(skb: Skb, from: Address, target: Address): Uint8Array {
  const room = IPV6_MIN_MTU - IPV6_HEADER - MESSAGE
  const option = Math.min(room, skb.length + OPTION_HEADER) & ~7
  const length = MESSAGE + option
  const bytes = new Uint8Array(IPV6_HEADER + length)
  bytes[0] = 0x60
  bytes[4] = length >> 8
  bytes[5] = length & 255
  bytes[6] = IPPROTO_ICMPV6
  bytes[7] = 255
  from.write(bytes, 8)
  skb.source.write(bytes, 24)
  bytes[40] = NDISC_REDIRECT
  target.write(bytes, 48)
  skb.destination.write(bytes, 64)
  bytes[80] = REDIRECTED_HEADER
  bytes[81] = option >> 3
  bytes.set(skb.bytes.subarray(0, option - OPTION_HEADER), 88)
  const sum = pseudoHeaderSum(6, bytes, IPPROTO_ICMPV6, length)
  const checksum = internetChecksum(bytes, IPV6_HEADER, bytes.length, sum)
  bytes[42] = checksum >> 8
  bytes[43] = checksum & 255
  return bytes
}
