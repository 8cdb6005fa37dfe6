import { Address, type Family, maskLength, maskOf, Prefix } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import {
  type Device,
  type Devices,
  hostMask,
  type InterfaceAddress,
  isIpv4Loopback,
  isIpv6Loopback,
  isLimitedBroadcast,
  lastAddress,
  Scope,
} from './interfaces.ts'
import { InputRoute } from './route.ts'
import type { RouteConfig, RouteType } from './route-text.ts'
import { selectSourceAddress } from './source-address.ts'

/** A route in a compiled table. */
export class FibEntry {
  readonly prefix: Prefix
  readonly length: number
  readonly type: RouteType
  /** In the table `local`, which is asked first. */
  readonly local: boolean
  /** Undefined for blackhole, unreachable, prohibit and throw. */
  readonly device: Device | undefined
  readonly via: Address | undefined
  /** `src` of the route itself. */
  readonly source: Address | undefined
  /** IPv4: the source address of who has none yet (`fib_result_prefsrc`). */
  readonly preferredSource: Address | undefined
  readonly metric: number
  readonly mtu: number
  /** `mtu lock`: no path is told to have a smaller one, and IPv6 heeds it before FORWARD already. */
  readonly isMtuLocked: boolean
  /** In words, for the trace, `%` standing for the prefix. */
  readonly text: string
  /** What to do with a packet that is to be forwarded along it. */
  readonly forward: InputRoute | undefined

  constructor(
    entry: Omit<FibEntry, 'preferredSource' | 'length' | 'isMtuLocked' | 'text' | 'forward'>,
    preferredSource: Address | undefined,
    isMtuLocked = false,
  ) {
    this.prefix = entry.prefix
    this.length = maskLength(entry.prefix.mask)!
    this.type = entry.type
    this.local = entry.local
    this.device = entry.device
    this.via = entry.via
    this.source = entry.source
    this.preferredSource = preferredSource
    this.metric = entry.metric
    this.mtu = entry.mtu
    this.isMtuLocked = isMtuLocked
    this.text = entry.device === undefined ? `${entry.type} %` : `route % dev ${entry.device.name}`
    this.forward = forwardRoute(this)
  }
}

function forwardRoute(entry: FibEntry): InputRoute | undefined {
  const { device, via, mtu, isMtuLocked, prefix } = entry
  if (device === undefined) return undefined
  const text = `route %${via === undefined ? '' : ` via ${via}`} dev ${device.name}`
  // `ip6_dst_mtu_maybe_forward`; IPv4's `ip_dst_mtu_maybe_forward` always heeds what the route says
  const forwardMtu = prefix.address.family === 6 && !isMtuLocked ? device.mtu : mtu
  const way = { device: device.name, via, mtu, forwardMtu }
  return new InputRoute('forward', 'unicast', way, undefined, text, prefix)
}

/**
 * The routes of one family in the order they are tried. IPv4 keeps its tables `local` and `main` in one trie, where the
 * longer prefix wins and `local` breaks ties; IPv6 asks `local` before `main`.
 */
export function buildFib(
  family: Family,
  devices: Devices,
  routes: readonly RouteConfig[],
  diagnostics: Diagnostic[],
): readonly FibEntry[] {
  const entries: FibEntry[] = []
  for (const device of devices.values()) {
    if (!device.up) continue
    if (family === 6 && !device.loopback) entries.push(multicastRoute(device))
    for (const address of device.addresses) {
      if (family === 4) addAddressRoutes4(entries, device, address)
      else addAddressRoutes6(entries, device, address)
    }
  }
  for (const route of routes) {
    if (route.family !== undefined && route.family !== family) continue
    const entry = resolve(family, devices, entries, route, diagnostics)
    if (entry !== undefined) entries.push(entry)
  }
  const table = (entry: FibEntry): number => (entry.local ? 0 : 1)
  if (family === 4)
    return entries.sort((a, b) => b.length - a.length || table(a) - table(b) || a.metric - b.metric)
  return entries.sort((a, b) => table(a) - table(b) || b.length - a.length || a.metric - b.metric)
}

/** `fib_add_ifaddr` (net/ipv4/fib_frontend.c). */
function addAddressRoutes4(entries: FibEntry[], device: Device, added: InterfaceAddress): void {
  const { address, mask, length, primary, secondary, broadcast: given } = added
  const base = { device, via: undefined, metric: 0, mtu: device.mtu }
  const own = { ...base, prefix: new Prefix(address, hostMask(4)), type: 'local', local: true } as const
  entries.push(new FibEntry({ ...own, source: primary }, primary))
  const subnet = new Prefix(address, mask)
  const broadcast = (to: Address): void => {
    const prefix = new Prefix(to, hostMask(4))
    const route = { ...base, prefix, type: 'broadcast', local: true, source: primary } as const
    entries.push(new FibEntry(route, primary))
  }
  if (given !== undefined && !isLimitedBroadcast(given)) broadcast(given)
  if (secondary || length === 32 || subnet.address.isZero()) return
  const local = device.loopback
  const connected = { ...base, prefix: subnet, type: local ? 'local' : 'unicast', local } as const
  entries.push(new FibEntry({ ...connected, source: address }, address))
  if (length < 31) broadcast(lastAddress(subnet))
}

/** `__ipv6_ifa_notify`, `addrconf_prefix_route` and `addrconf_join_anycast` (net/ipv6/addrconf.c). */
function addAddressRoutes6(entries: FibEntry[], device: Device, added: InterfaceAddress): void {
  const { address, mask, length } = added
  const base = { device, via: undefined, source: undefined, mtu: device.mtu }
  const prefix = new Prefix(address, hostMask(6))
  entries.push(new FibEntry({ ...base, prefix, type: 'local', local: true, metric: 0 }, undefined))
  if (device.loopback && isIpv6Loopback(address)) return
  const subnet = new Prefix(address, mask)
  // a network on lo leads nowhere: see isDeadEnd
  entries.push(
    new FibEntry({ ...base, prefix: subnet, type: 'unicast', local: false, metric: 256 }, undefined),
  )
  // RFC 6164: no subnet-router anycast address on links with two addresses.
  if (length >= 127 || !device.settings.forwarding || subnet.address.isZero()) return
  const anycast = new Prefix(subnet.address, hostMask(6))
  if (entries.some(entry => entry.type === 'anycast' && entry.prefix.address.equals(anycast.address))) return
  entries.push(new FibEntry({ ...base, prefix: anycast, type: 'anycast', local: true, metric: 0 }, undefined))
}

/** IPv6 turns routes through lo, which would loop for ever, into ones that refuse (`fib6_is_reject`, net/ipv6/route.c). */
export function isDeadEnd({ type, device }: FibEntry): boolean {
  return type === 'unicast' && device?.loopback === true
}

function multicastRoute(device: Device): FibEntry {
  const prefix = new Prefix(new Address(6, 0xff000000 | 0, 0, 0, 0), maskOf(6, 8))
  const entry = { prefix, type: 'multicast', local: true, device, via: undefined, source: undefined } as const
  return new FibEntry({ ...entry, metric: 256, mtu: device.mtu }, undefined)
}

/** What `ip route add` checks: the device must be there and up, the gateway must be on a link. */
function resolve(
  family: Family,
  devices: Devices,
  entries: readonly FibEntry[],
  route: RouteConfig,
  diagnostics: Diagnostic[],
): FibEntry | undefined {
  const complain = (message: string): undefined => {
    diagnostics.push({ severity: 'error', file: 'routes', line: route.line, column: 1, message })
    return undefined
  }
  const { type, via, source, local } = route
  const zero = family === 4 ? Address.v4(0) : new Address(6, 0, 0, 0, 0)
  const prefix = route.destination ?? new Prefix(zero, maskOf(family, 0))
  const metric = route.metric ?? (family === 4 ? 0 : 1024)
  const nowhere = { prefix, type, local, device: undefined, via: undefined, source, metric, mtu: 65536 }
  if (type === 'blackhole' || type === 'unreachable' || type === 'prohibit' || type === 'throw')
    return new FibEntry(nowhere, undefined)
  const device = route.device === undefined ? gatewayDevice(entries, via!) : devices.get(route.device)
  if (device === undefined)
    return complain(route.device === undefined ? `no link leads to ${via}` : `no device ${route.device}`)
  if (!device.up) return complain(`device ${device.name} is down`)
  if (source !== undefined && !ownAddress(devices, source))
    return complain(`${source} is no address of this box`)
  const mtu = route.mtu === undefined ? device.mtu : Math.min(route.mtu, device.mtu)
  const scope = via === undefined ? (type === 'local' ? Scope.HOST : Scope.LINK) : Scope.UNIVERSE
  const preferred = family === 4 ? (source ?? selectSourceAddress(devices, device, via, scope)) : undefined
  return new FibEntry({ ...nowhere, device, via, mtu }, preferred, route.mtuLocked)
}

function gatewayDevice(entries: readonly FibEntry[], via: Address): Device | undefined {
  let best: FibEntry | undefined
  for (const entry of entries) {
    if (entry.type !== 'unicast' || entry.via !== undefined || !entry.prefix.contains(via)) continue
    if (best === undefined || entry.length > best.length) best = entry
  }
  return best?.device
}

function ownAddress(devices: Devices, address: Address): boolean {
  for (const device of devices.values()) {
    if (device.addresses.some(own => own.address.equals(address))) return true
  }
  return isIpv4Loopback(address)
}
