import { type Address, type Family, Prefix } from '../address.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import { buildFib, type FibEntry, isDeadEnd } from './fib.ts'
import {
  compileDevices,
  type Devices,
  type Interfaces,
  isLimitedBroadcast,
  isMulticast,
  narrowScope,
  Scope,
  type Sysctls,
} from './interfaces.ts'
import { parseRoutes } from './route-text.ts'
import { selectSourceAddress, selectSourceAddress6 } from './source-address.ts'

/** Everything routing is decided by: plain data. */
export interface RoutingConfig {
  readonly interfaces: Interfaces
  /** As behind `ip route add`; connected networks come from the addresses. */
  readonly routes?: readonly string[]
  readonly sysctls?: Sysctls
}

/** Which way, as `-m rpfilter` asks. */
export interface ReverseRoute {
  readonly device: string
  readonly type: string
}

/**
 * Devices, addresses and routes of one family, compiled for lookups. Immutable as far as anyone can see (lookups are
 * remembered inside).
 *
 * @example
 * const table = RoutingTable.compile(4, {
 *   interfaces: { lan0: { addresses: ['10.6.0.1/16'] } },
 *   routes: ['default via 10.6.0.254'],
 * })
 * table.lookup(Address.parse('8.8.8.8'))?.device?.name // 'lan0'
 */
export class RoutingTable {
  readonly family: Family
  /** `lo` first. */
  readonly devices: Devices
  /** In the order they are tried. */
  readonly entries: readonly FibEntry[]
  readonly sysctls: Sysctls
  /** By first word; null: no route. */
  private readonly remembered = new Map<number, FibEntry | null>()
  /** IPv4: the first words of all own addresses, since every packet's source is asked for. */
  private readonly ownWords = new Set<number>()

  private constructor(family: Family, devices: Devices, entries: readonly FibEntry[], sysctls: Sysctls) {
    this.sysctls = sysctls
    this.family = family
    this.devices = devices
    this.entries = entries
    if (family === 4)
      for (const { up, addresses } of devices.values())
        if (up) for (const { address } of addresses) this.ownWords.add(address.w0)
  }

  /** @throws DiagnosticError for anything that `ip address add` or `ip route add` would refuse */
  static compile(family: Family, config: RoutingConfig): RoutingTable {
    const diagnostics: Diagnostic[] = []
    const devices = compileDevices(family, config.interfaces, config.sysctls ?? {}, diagnostics)
    const routes = parseRoutes(config.routes ?? [], diagnostics)
    const entries = buildFib(family, devices, routes, diagnostics)
    if (diagnostics.length > 0) throw new DiagnosticError(diagnostics)
    return new RoutingTable(family, devices, entries, config.sysctls ?? {})
  }

  /**
   * The route to a destination; undefined without one (also where a `throw` route ends the search).
   *
   * @param device IPv4: only routes over it. IPv6: it is preferred among equal routes, and with `strict` demanded.
   */
  lookup(destination: Address, device = '', strict = false): FibEntry | undefined {
    if (this.family === 6) return this.lookup6(destination, device, strict)
    if (device !== '') return this.lookup4(destination, device)
    const { remembered } = this
    const known = remembered.get(destination.w0)
    if (known !== undefined) return known ?? undefined
    const found = this.lookup4(destination, '')
    if (remembered.size >= 4096) remembered.clear()
    remembered.set(destination.w0, found ?? null)
    return found
  }

  private lookup4(destination: Address, device: string): FibEntry | undefined {
    for (const entry of this.entries) {
      if (!entry.prefix.contains(destination)) continue
      if (entry.type === 'throw') return undefined
      if (device === '' || entry.device === undefined || entry.device.name === device) return entry
    }
    return undefined
  }

  private lookup6(destination: Address, device: string, strict: boolean): FibEntry | undefined {
    const { entries } = this
    let found: FibEntry | undefined
    for (const entry of entries) {
      if (found !== undefined && !sameRank(entry, found)) break
      if (!entry.prefix.contains(destination)) continue
      // The kernel hangs routes to nowhere on lo.
      const onDevice = device === '' || (entry.device?.name ?? 'lo') === device
      if (onDevice) return entry.type === 'throw' ? undefined : entry
      if (!strict) found ??= entry
    }
    return found?.type === 'throw' ? undefined : found
  }

  /** Whether it is an address of one of the devices (`inet_lookup_ifaddr_rcu`), on a given one if named. */
  isOwnAddress(address: Address, device = ''): boolean {
    if (this.family === 4 && device === '') return this.ownWords.has(address.w0)
    for (const other of this.devices.values()) {
      if (!other.up || (device !== '' && other.name !== device)) continue
      if (other.addresses.some(own => own.address.equals(address))) return true
    }
    return false
  }

  /** Whether packets to it stay here: own addresses and 127/8 (`inet_addr_type() == RTN_LOCAL`). */
  isLocal(address: Address): boolean {
    return this.lookupLocal(address)?.type === 'local'
  }

  /** IPv6: a subnet-router anycast address of ours (`ipv6_chk_acast_addr`). */
  isAnycast(address: Address): boolean {
    return this.family === 6 && this.lookupLocal(address)?.type === 'anycast'
  }

  private lookupLocal(address: Address): FibEntry | undefined {
    return this.entries.find(entry => entry.local && entry.prefix.contains(address))
  }

  /**
   * What `-m addrtype` takes an address for. IPv4: one of UNICAST, LOCAL, BROADCAST, MULTICAST
   * (`inet_dev_addr_type`). IPv6: the most particular of {@link addressTypes}.
   */
  addressType(address: Address, device = ''): string {
    if (this.family === 6) return this.addressTypes(address, device)[0] ?? 'NONE'
    if (address.isZero() || isLimitedBroadcast(address)) return 'BROADCAST'
    if (isMulticast(address)) return 'MULTICAST'
    const entry = this.lookupLocal(address)
    if (entry === undefined || (device !== '' && entry.device?.name !== device)) return 'UNICAST'
    return entry.type.toUpperCase()
  }

  /**
   * Every type an address has; in IPv6 these are several (xt_addrtype.c's `match_type6`: UNICAST beside LOCAL), and a
   * rule's UNICAST, MULTICAST and UNSPEC must all be there, of its LOCAL, ANYCAST and UNREACHABLE one. The most
   * particular first.
   */
  addressTypes(address: Address, device = ''): readonly string[] {
    if (this.family === 4) return [this.addressType(address, device)]
    const types: string[] = []
    const strict = device !== ''
    const entry = this.lookup(address, device, strict)
    if (device === '' ? entry?.type === 'local' : this.isOwnAddress(address, device)) types.push('LOCAL')
    if (entry?.device === undefined || isDeadEnd(entry)) types.push('UNREACHABLE')
    else if (isAnycastRoute(entry, address)) types.push('ANYCAST')
    if (isMulticast(address)) types.push('MULTICAST')
    else if (address.isZero()) types.push('UNSPEC')
    else if (!V4_MAPPED.contains(address)) types.push('UNICAST')
    return types
  }

  /**
   * The address a device would use: `inet_select_addr` or `ipv6_dev_get_saddr`. Without a destination the primary
   * address.
   *
   * @param scope IPv4: how far it must reach; MASQUERADE asks for UNIVERSE
   */
  sourceAddress(device: string, destination?: Address, scope: number = Scope.UNIVERSE): Address | undefined {
    const found = this.devices.get(device)
    if (found === undefined) return undefined
    if (this.family === 4) return selectSourceAddress(this.devices, found, destination, scope)
    if (destination !== undefined) return selectSourceAddress6(this.devices, found, destination)
    return found.addresses[0]?.address
  }

  /** Where REDIRECT sends what came in on a device (`nf_nat_redirect_ipv4`, `nf_nat_redirect_ipv6`). */
  redirectAddress(device: string, destination: Address): Address | undefined {
    const scope = this.family === 4 ? 0 : narrowScope(destination)
    if (scope === 0) return this.sourceAddress(device)
    return this.devices.get(device)?.addresses.find(({ address }) => narrowScope(address) === scope)?.address
  }

  /**
   * The route back to a packet's source, as `-m rpfilter` asks (ipt_rpfilter.c, ip6t_rpfilter.c). Undefined without
   * one. `type` is a route type: unicast, local, …
   */
  reverseRoute(source: Address, inDevice: string, loose: boolean): ReverseRoute | undefined {
    const linkLocal = this.family === 6 && (source.w0 & 0xffc00000) === (0xfe800000 | 0)
    const device = this.family === 6 && (linkLocal || !loose) ? inDevice : ''
    const entry = this.lookup(source, device, linkLocal)
    if (entry?.device === undefined || (this.family === 6 && isDeadEnd(entry))) return undefined
    return { device: entry.device.name, type: entry.type }
  }
}

const V4_MAPPED = Prefix.parse('::ffff:0:0/96')

function sameRank(a: FibEntry, b: FibEntry): boolean {
  return a.local === b.local && a.length === b.length && a.metric === b.metric
}

/** `ipv6_anycast_destination`: also the first address of a connected network. */
export function isAnycastRoute(entry: FibEntry, address: Address): boolean {
  if (entry.type === 'anycast') return true
  return entry.length < 127 && entry.via === undefined && entry.prefix.address.equals(address)
}
