import { Address, type Prefix } from '../address.ts'
import { type FibEntry, isDeadEnd } from './fib.ts'
import { hasJoined } from './input-route.ts'
import {
  type Device,
  isIpv4Loopback,
  isIpv6LinkLocal,
  isLimitedBroadcast,
  isMulticast,
  Scope,
} from './interfaces.ts'
import { isAnycastRoute, type RoutingTable } from './routing.ts'
import { selectSourceAddress6 } from './source-address.ts'

/** Linux error numbers, positive. */
export const Errno = {
  EPERM: 1,
  EACCES: 13,
  ENODEV: 19,
  EINVAL: 22,
  EMSGSIZE: 90,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  EHOSTUNREACH: 113,
} as const

type OutputType = 'unicast' | 'local' | 'broadcast' | 'multicast' | 'anycast'

/** Where a packet of the box's own goes, or the error instead. Immutable. */
export class OutputRoute {
  /** 0, or what send() returns; then nothing else here means anything but the reason. */
  readonly errno: number
  readonly type: OutputType
  /** 'lo' for everything that stays here. */
  readonly device: string
  readonly via: Address | undefined
  /** The source address of a packet that has none yet. */
  readonly source: Address | undefined
  readonly mtu: number
  /**
   * 'all': it leaves on `lo` and comes in there again. 'copy': besides leaving, a copy (same connection, checksum taken
   * as verified, no packet for this host by its link-layer type) is delivered here: it passes POSTROUTING itself and
   * then comes in on `device`. IPv4 (`ip_mc_output`): the copy goes all its way, INPUT included, before the packet
   * itself passes POSTROUTING. IPv6 (`ip6_finish_output2`): the packet passes POSTROUTING first, then the copy.
   * 'refused': behind OUTPUT its sender is told that there is no route (`ip6_pkt_discard_out`).
   */
  readonly loops: 'none' | 'all' | 'copy' | 'refused'
  private readonly text: string
  private readonly subject: Address | Prefix | string

  /** @param text the reason, `%` standing for `subject` */
  constructor(
    errno: number,
    type: OutputType,
    device: string,
    via: Address | undefined,
    source: Address | undefined,
    mtu: number,
    loops: OutputRoute['loops'],
    text: string,
    subject: Address | Prefix | string,
  ) {
    this.errno = errno
    this.type = type
    this.device = device
    this.via = via
    this.source = source
    this.mtu = mtu
    this.loops = loops
    this.text = text
    this.subject = subject
  }

  /** In words, for the trace: "route 10.6.0.0/16 dev lan0". Written when it is asked for: most packets leave no trace. */
  get reason(): string {
    return this.text.replace('%', String(this.subject))
  }

  /** The same way, but handed to this neighbour. */
  through(via: Address): OutputRoute {
    const { errno, type, device, source, mtu, loops, text, subject } = this
    return new OutputRoute(errno, type, device, via, source, mtu, loops, text, subject)
  }
}

export interface OutputRouteOptions {
  /** The packet's source address; absent or zero: the route chooses it. */
  readonly source?: Address | undefined
  /** SO_BINDTODEVICE, or a scope id. */
  readonly device?: string | undefined
  /** The source may be foreign (`FLOWI_FLAG_ANYSRC`). */
  readonly anySource?: boolean
}

/** `ip_route_output_key` (net/ipv4/route.c) or `ip6_route_output` with the choice of a source address. */
export function outputRoute(
  table: RoutingTable,
  destination: Address,
  options: OutputRouteOptions = {},
): OutputRoute {
  return table.family === 4
    ? outputRoute4(table, destination, options)
    : outputRoute6(table, destination, options)
}

/**
 * A new route for a packet that OUTPUT changed, or that the kernel made itself (`ip_route_me_harder`,
 * `ip6_route_me_harder`; net/ipv4/netfilter.c): a foreign source address is allowed.
 */
export function rerouteOutput(
  table: RoutingTable,
  source: Address,
  destination: Address,
  currentDevice: string,
  boundDevice = '',
): OutputRoute {
  if (table.family === 6) {
    const strict = isMulticast(destination) || isIpv6LinkLocal(destination)
    const device = boundDevice !== '' ? boundDevice : strict ? currentDevice : ''
    return outputRoute6(table, destination, { source, device })
  }
  const type = table.addressType(source)
  const usable = type === 'LOCAL' || type === 'UNICAST'
  return outputRoute4(table, destination, {
    source: usable ? source : undefined,
    device: boundDevice,
    anySource: usable,
  })
}

const FOREIGN_SOURCE = 'source % is not an address of this box'

function outputRoute4(table: RoutingTable, wanted: Address, options: OutputRouteOptions): OutputRoute {
  let source = options.source === undefined || options.source.isZero() ? undefined : options.source
  const bound = options.device ?? ''
  const everybody = isMulticast(wanted) || isLimitedBroadcast(wanted)
  if (source !== undefined) {
    if (isMulticast(source) || isLimitedBroadcast(source))
      return fail(Errno.EINVAL, '% cannot be a source', source)
    const own = ownDevice(table, source)
    if (bound === '' && everybody) {
      if (own === undefined) return fail(Errno.ENETUNREACH, FOREIGN_SOURCE, source)
      return makeRoute4(table, wanted, source, table.devices.get(own)!, undefined)
    }
    if (!options.anySource && own === undefined) return fail(Errno.ENETUNREACH, FOREIGN_SOURCE, source)
  }
  const device = bound === '' ? undefined : table.devices.get(bound)
  if (bound !== '') {
    if (device === undefined) return fail(Errno.ENODEV, 'no device %', bound)
    if (!device.up) return fail(Errno.ENETUNREACH, 'device % is down', bound)
    if (wanted.w0 >>> 8 === 0xe00000 || isLimitedBroadcast(wanted)) {
      source ??= table.sourceAddress(bound, undefined, Scope.LINK)
      return makeRoute4(table, wanted, source, device, undefined)
    }
    if (isMulticast(wanted)) source ??= table.sourceAddress(bound)
    else if (wanted.isZero()) source ??= table.sourceAddress(bound, undefined, Scope.HOST)
  }
  let destination = wanted
  if (wanted.isZero()) {
    destination = source ?? Address.v4(0x7f000001)
    source ??= destination
    return loop(table, 'local', source, 'destination % is this box', '0.0.0.0')
  }
  const entry = table.lookup(destination, bound)
  const error = entry === undefined ? Errno.ENETUNREACH : rejectErrno(entry)
  // whoever names a device is believed that the destination is on its link, whatever the routes say
  if (error !== 0 && device !== undefined) {
    const from = source ?? table.sourceAddress(bound, undefined, Scope.LINK)
    return makeRoute4(table, destination, from, device, undefined)
  }
  if (entry === undefined) return fail(error, 'no route to %', destination)
  if (error !== 0) return fail(error, entry.text, entry.prefix)
  if (entry.type === 'local')
    return loop(table, 'local', source ?? entry.source ?? destination, '% belongs to this box', destination)
  return makeRoute4(table, destination, source ?? entry.preferredSource, entry.device!, entry)
}

/** `__mkroute_output` */
function makeRoute4(
  table: RoutingTable,
  destination: Address,
  source: Address | undefined,
  device: Device,
  entry: FibEntry | undefined,
): OutputRoute {
  if (source !== undefined && isIpv4Loopback(source) && !device.loopback && !device.settings.routeLocalnet)
    return fail(Errno.EINVAL, `source % may not leave on ${device.name}`, source)
  const text = entry?.text ?? `dev ${device.name}`
  const subject = entry?.prefix ?? ''
  if (device.loopback) return loop(table, 'local', source, text, subject)
  const made = (type: OutputType, via: Address | undefined, loops: OutputRoute['loops']) =>
    new OutputRoute(0, type, device.name, via, source, entry?.mtu ?? device.mtu, loops, text, subject)
  if (isLimitedBroadcast(destination) || entry?.type === 'broadcast')
    return made('broadcast', undefined, 'copy')
  if (isMulticast(destination)) {
    const joined = destination.w0 === (0xe0000001 | 0)
    const via = entry !== undefined && entry.length >= 4 ? entry.via : undefined
    return made('multicast', via, joined ? 'copy' : 'none')
  }
  return made('unicast', entry?.via, 'none')
}

function outputRoute6(table: RoutingTable, destination: Address, options: OutputRouteOptions): OutputRoute {
  const { device: bound = '' } = options
  const given = options.source === undefined || options.source.isZero() ? undefined : options.source
  const strict =
    bound !== '' && (isMulticast(destination) || isIpv6LinkLocal(destination) || given === undefined)
  const entry = table.lookup(destination, bound, strict)
  if (entry === undefined) return fail(Errno.ENETUNREACH, 'no route to %', destination)
  const error = rejectErrno(entry)
  if (error !== 0) return fail(error, entry.text, entry.prefix)
  const device = entry.device!
  const source = given ?? entry.source ?? selectSourceAddress6(table.devices, device, destination)
  if (source === undefined) return fail(Errno.EADDRNOTAVAIL, 'no address to send from')
  const { text, prefix, via, mtu } = entry
  if (entry.type === 'local' || entry.type === 'anycast') return loop(table, entry.type, source, text, prefix)
  const made = (type: OutputType, loops: OutputRoute['loops']) =>
    new OutputRoute(0, type, device.name, via, source, mtu, loops, text, prefix)
  if (isDeadEnd(entry)) return made('unicast', 'refused')
  if (isMulticast(destination)) return made('multicast', hasJoined(device, destination) ? 'copy' : 'none')
  return made(isAnycastRoute(entry, destination) ? 'anycast' : 'unicast', 'none')
}

function loop(
  table: RoutingTable,
  type: 'local' | 'anycast',
  source: Address | undefined,
  text: string,
  subject: Address | Prefix | string,
): OutputRoute {
  const { mtu } = table.devices.get('lo')!
  return new OutputRoute(0, type, 'lo', undefined, source, mtu, 'all', text, subject)
}

function fail(errno: number, text: string, subject: Address | Prefix | string = ''): OutputRoute {
  return new OutputRoute(errno, 'unicast', '', undefined, undefined, 0, 'none', text, subject)
}

function rejectErrno(entry: FibEntry): number {
  if (entry.type === 'blackhole') return Errno.EINVAL
  if (entry.type === 'unreachable') return Errno.EHOSTUNREACH
  return entry.type === 'prohibit' ? Errno.EACCES : 0
}

/** `__ip_dev_find`: the device an address of ours belongs to. */
function ownDevice(table: RoutingTable, address: Address): string | undefined {
  for (const device of table.devices.values()) {
    if (device.up && device.addresses.some(own => own.address.equals(address))) return device.name
  }
  return table.isLocal(address) ? table.lookup(address)?.device?.name : undefined
}
