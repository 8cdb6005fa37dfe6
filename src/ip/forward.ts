import type { Ipv4Options } from '../packet/ipv4-options.ts'
import type { Skb } from '../packet/skb.ts'
import { isIpv6LinkLocal, isIpv6Loopback, isMulticast } from './interfaces.ts'
import type { IcmpError, InputRoute } from './route.ts'
import type { RoutingTable } from './routing.ts'

/** Undefined: on to the FORWARD hook. */
export interface ForwardDrop {
  /** In words: "TTL exceeded". */
  readonly reason: string
  readonly error: IcmpError | undefined
}

/**
 * Between routing and the FORWARD hook (`ip_forward`, `ip6_forward`): may it live on, and may it go that way? Then
 * {@link checkSize} looks at its size, and {@link decreaseTtl} lets FORWARD's rules see a lower TTL.
 */
export function checkForward(
  skb: Skb,
  route: InputRoute,
  table: RoutingTable,
  options?: Ipv4Options,
): ForwardDrop | undefined {
  if (skb.packetType !== 'host') return NOT_FOR_US
  return skb.family === 4 ? check4(skb, route, options) : check6(skb, route, table)
}

function check4(skb: Skb, route: InputRoute, options: Ipv4Options | undefined): ForwardDrop | undefined {
  if (skb.ttl <= 1) return TTL_EXCEEDED
  return options?.strict === true && route.via !== undefined ? SOURCE_ROUTE_FAILED : undefined
}

function check6(skb: Skb, route: InputRoute, table: RoutingTable): ForwardDrop | undefined {
  if (table.devices.get(skb.inDevice)?.settings.forwarding === false) return FORWARDING_OFF
  if (skb.ttl <= 1) return HOP_LIMIT_EXCEEDED
  // The kernel looks at the source only if it does not think of a redirect: out by the device it came in on.
  if (skb.inDevice === route.device) return undefined
  const { source } = skb
  if (source.isZero() || isMulticast(source) || isIpv6Loopback(source)) return BAD_SOURCE
  return isIpv6LinkLocal(source) ? BEYOND_SCOPE : undefined
}

/** Does it fit into the way out? IPv6 cuts nothing, IPv4 nothing that must not be cut. */
export function checkSize(skb: Skb, route: InputRoute): ForwardDrop | undefined {
  if (skb.family === 4) return exceedsMtu4(skb, route.mtu) ? tooBig(3, 4, route.mtu) : undefined
  const mtu = Math.max(route.forwardMtu, IPV6_MIN_MTU)
  return exceedsMtu6(skb, mtu) ? tooBig(2, 0, mtu) : undefined
}

/** `ip_decrease_ttl`: the checksum follows, a wrong one stays wrong. */
export function decreaseTtl(skb: Skb): void {
  const bytes = skb.writable()
  if (skb.family === 6) {
    bytes[7]!--
    return
  }
  const sum = ((bytes[10]! << 8) | bytes[11]!) + 0x100
  const checksum = (sum + (sum >= 0xffff ? 1 : 0)) & 0xffff
  bytes[10] = checksum >> 8
  bytes[11] = checksum & 255
  bytes[8]!--
  skb.priority = tosPriority(bytes[1]!)
}

/** `ip_exceeds_mtu`: without DF it is cut on leaving; what conntrack put together is cut again as it came. */
export function exceedsMtu4(skb: Skb, mtu: number): boolean {
  if (skb.length <= mtu || (skb.bytes[6]! & 0x40) === 0) return false
  return skb.fragmentMaxSize === 0 || skb.fragmentMaxSize > mtu
}

/** `ip6_pkt_too_big` */
function exceedsMtu6(skb: Skb, mtu: number): boolean {
  if (skb.length <= mtu) return false
  return skb.fragmentMaxSize === 0 || skb.fragmentMaxSize > mtu
}

/** `rt_tos2priority`: TC_PRIO_BESTEFFORT, _BULK, _INTERACTIVE or _INTERACTIVE_BULK. */
function tosPriority(tos: number): number {
  return [0, 2, 6, 4][(tos & 0x18) >> 3]!
}

const IPV6_MIN_MTU = 1280

export const NOT_FOR_US: ForwardDrop = {
  reason: 'the link layer addressed it to others as well',
  error: undefined,
}
const FORWARDING_OFF: ForwardDrop = { reason: 'forwarding is off', error: undefined }
const BAD_SOURCE: ForwardDrop = { reason: 'such a source is never forwarded', error: undefined }
const TTL_EXCEEDED: ForwardDrop = { reason: 'TTL exceeded', error: { type: 11, code: 0, info: 0 } }
const SOURCE_ROUTE_FAILED: ForwardDrop = {
  reason: 'strict source route through a gateway',
  error: { type: 3, code: 5, info: 0 },
}
const HOP_LIMIT_EXCEEDED: ForwardDrop = {
  reason: 'hop limit exceeded',
  error: { type: 3, code: 0, info: 0 },
}
const BEYOND_SCOPE: ForwardDrop = {
  reason: 'a link-local source is not forwarded',
  error: { type: 1, code: 2, info: 0 },
}

function tooBig(type: number, code: number, mtu: number): ForwardDrop {
  return { reason: `bigger than the MTU ${mtu}`, error: { type, code, info: mtu } }
}
