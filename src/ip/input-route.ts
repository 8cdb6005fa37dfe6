import type { Address, Prefix } from '../address.ts'
import { isDeadEnd } from './fib.ts'
import {
  type Device,
  isIpv4Loopback,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isLimitedBroadcast,
  isMulticast,
  Scope,
} from './interfaces.ts'
import { type DestinationType, type IcmpError, InputRoute } from './route.ts'
import type { RoutingTable } from './routing.ts'

/**
 * Routes a packet that came in on `device` (`ip_route_input_noref` in net/ipv4/route.c, `ip6_route_input`): own
 * addresses are local, martians are dropped, the rest is forwarded.
 */
export function inputRoute(
  table: RoutingTable,
  device: string,
  source: Address,
  destination: Address,
  protocol: number,
): InputRoute {
  const inDevice = table.devices.get(device)
  if (inDevice === undefined) return drop('no device %', device)
  if (table.family === 6) return inputRoute6(table, inDevice, destination)
  if (isMulticast(destination)) return multicast4(table, inDevice, source, destination, protocol)
  return inputRoute4(table, inDevice, source, destination)
}

function inputRoute4(table: RoutingTable, device: Device, source: Address, destination: Address): InputRoute {
  if (isMulticast(source)) return drop('source % is a multicast address', source)
  if (isLimitedBroadcast(source)) return drop('source % is the broadcast address', source)
  if (isLimitedBroadcast(destination) || (source.isZero() && destination.isZero()))
    return broadcast4(table, device, source, destination)
  if (source.isZero()) return drop('source 0.0.0.0 may only send to 255.255.255.255')
  if (destination.isZero()) return drop('destination 0.0.0.0')
  if (!device.settings.routeLocalnet) {
    if (isIpv4Loopback(destination))
      return drop('destination % is a loopback address (route_localnet=0)', destination)
    if (isIpv4Loopback(source)) return drop('source % is a loopback address (route_localnet=0)', source)
  }
  const entry = table.lookup(destination)
  if (entry === undefined) return noRoute(device, 0, 'no route to %', destination)
  if (entry.type === 'broadcast') return broadcast4(table, device, source, destination)
  if (entry.type === 'local')
    return validateSource(table, device, source, '') ?? local(device, 'local', OWN, destination)
  if (entry.type === 'blackhole') return noRoute(device, undefined, 'blackhole %', entry.prefix)
  if (entry.type === 'unreachable') return noRoute(device, 1, 'unreachable %', entry.prefix)
  if (entry.type === 'prohibit') return noRoute(device, 13, 'prohibit %', entry.prefix)
  if (!device.settings.forwarding) return noRoute(device, undefined, 'forwarding is off on %', device.name)
  if (entry.type !== 'unicast') return drop('% is no unicast destination', destination)
  return validateSource(table, device, source, entry.device!.name) ?? entry.forward!
}

function broadcast4(table: RoutingTable, device: Device, source: Address, destination: Address): InputRoute {
  const refused = source.isZero() ? undefined : validateSource(table, device, source, '')
  return refused ?? local(device, 'broadcast', '% is a broadcast address', destination)
}

/** `ip_mc_validate_source` and `ip_check_mc_rcu`; every device has joined 224.0.0.1 and nothing else. */
function multicast4(
  table: RoutingTable,
  device: Device,
  source: Address,
  destination: Address,
  protocol: number,
): InputRoute {
  if (destination.w0 !== (0xe0000001 | 0)) return drop('nobody here has joined %', destination)
  if (isMulticast(source) || isLimitedBroadcast(source)) return drop('source % is no unicast address', source)
  if (isIpv4Loopback(source) && !device.settings.routeLocalnet)
    return drop('source % is a loopback address (route_localnet=0)', source)
  const zeroAllowed = destination.w0 >>> 8 === 0xe00000 || protocol === 2
  if (source.isZero() && !zeroAllowed) return drop('source 0.0.0.0')
  const refused = source.isZero() ? undefined : validateSource(table, device, source, '')
  return refused ?? local(device, 'multicast', '% is the group of all hosts', destination)
}

/**
 * `fib_validate_source` (net/ipv4/fib_frontend.c): undefined if the source may send from there. Without a reverse path
 * filter only the box's own addresses are refused.
 */
function validateSource(
  table: RoutingTable,
  device: Device,
  source: Address,
  outDevice: string,
): InputRoute | undefined {
  const { rpFilter, acceptLocal, sendRedirects } = device.settings
  if (rpFilter === 0 && (device.name !== outDevice || !sendRedirects)) {
    if (acceptLocal || !table.isOwnAddress(source)) return undefined
    return drop('source % is an address of this box (accept_local=0)', source)
  }
  const filtered =
    rpFilter === 0 ? undefined : drop('no way back to % by the device it came in on (rp_filter)', source)
  const entry = table.lookup(source)
  if (entry === undefined || entry.device === undefined) return filtered
  if (entry.type !== 'unicast') {
    if (entry.type !== 'local') return drop('source % is no unicast address', source)
    if (!acceptLocal) return drop('source % is an address of this box (accept_local=0)', source)
  }
  if (entry.device === device || (entry.type === 'local' && device.loopback)) return undefined
  return device.addresses.length === 0 || rpFilter === 1 ? filtered : undefined
}

function inputRoute6(table: RoutingTable, device: Device, destination: Address): InputRoute {
  const strict = isMulticast(destination) || isIpv6LinkLocal(destination) || isIpv6Loopback(destination)
  const entry = table.lookup(destination, device.name, strict)
  if (entry === undefined) return noRoute6('no route to %', destination, NO_ROUTE_6)
  if (entry.type === 'blackhole') return drop('blackhole %', entry.prefix)
  if (entry.type === 'prohibit') return noRoute6('prohibit %', entry.prefix, PROHIBITED)
  if (entry.device === undefined || isDeadEnd(entry))
    return noRoute6('unreachable %', entry.prefix, NO_ROUTE_6)
  if (entry.type === 'local' || entry.type === 'anycast') return local(device, entry.type, OWN, destination)
  if (!isMulticast(destination)) return entry.forward!
  if (!hasJoined(device, destination)) return drop('nobody here has joined %', destination)
  return local(device, 'multicast', '% is a group we have joined', destination)
}

/** ff02::1 always, ff02::2 as a router, and on Ethernet the solicited-node group of every address. */
export function hasJoined(device: Device, group: Address): boolean {
  const { w0, w1, w2, w3 } = group
  if (w0 === (0xff020000 | 0) && w1 === 0 && w2 === 0) {
    if (w3 === 1) return true
    return w3 === 2 && device.settings.forwarding && !device.loopback
  }
  if (w0 === (0xff010000 | 0) && w1 === 0 && w2 === 0 && w3 === 1) return true
  const solicited = w0 === (0xff020000 | 0) && w1 === 0 && w2 === 1 && w3 >>> 24 === 0xff
  if (!solicited || device.mac === undefined) return false
  return device.addresses.some(own => ((own.address.w3 ^ w3) & 0xffffff) === 0)
}

const OWN = '% is an address of this box'
export const NO_ROUTE_6: IcmpError = { type: 1, code: 0, info: 0 }
const PROHIBITED: IcmpError = { type: 1, code: 1, info: 0 }
const NOWHERE = { device: '', mtu: 0 } as const

function local(device: Device, type: DestinationType, text: string, subject: Address): InputRoute {
  const way = { device: device.name, mtu: device.mtu }
  return new InputRoute('local', type, way, undefined, text, subject)
}

function drop(text: string, subject: Address | Prefix | string = ''): InputRoute {
  return new InputRoute('drop', 'unreachable', NOWHERE, undefined, text, subject)
}

/** `ip_error`: the sender is told, unless the route is a black hole or this host does not forward. */
function noRoute(
  device: Device,
  code: number | undefined,
  text: string,
  subject: Address | Prefix | string,
): InputRoute {
  const isTold = code !== undefined && device.settings.forwarding
  const error = isTold ? { type: 3, code, info: 0 } : undefined
  return new InputRoute('no-route', 'unreachable', NOWHERE, error, text, subject)
}

/** `ip6_pkt_discard`, `ip6_pkt_prohibit` */
function noRoute6(text: string, subject: Address | Prefix, error: IcmpError): InputRoute {
  return new InputRoute('no-route', 'unreachable', NOWHERE, error, text, subject)
}

/** IPv4: the address that stands for this box towards a packet's sender (`fib_compute_spec_dst`), for record route. */
export function specificDestination(
  table: RoutingTable,
  device: string,
  source: Address,
  destination: Address,
  type: DestinationType,
): Address | undefined {
  if (type === 'local') return destination
  if (source.isZero()) return table.sourceAddress(device, source, Scope.LINK)
  return table.lookup(source)?.preferredSource ?? table.sourceAddress(device, source, Scope.UNIVERSE)
}
