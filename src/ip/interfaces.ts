import { Address, type Family, maskLength, maskOf, Prefix } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'

export { isMulticast } from '../address.ts'

/** A network device as people describe it. */
export interface InterfaceConfig {
  /**
   * Addresses of both families with their prefix length, in the order they were added: `10.6.0.1/16`. IPv4's may be
   * given a broadcast address as `ip address add` takes it: `10.6.0.1/16 brd +`, `10.6.0.1/16 brd 10.6.255.255`.
   */
  readonly addresses: readonly string[]
  /** Default 1500; 65536 for `lo`. */
  readonly mtu?: number
  /** Default true. A device that is down has no addresses and no routes. */
  readonly up?: boolean
  /** `ip link set group`, for `-m devgroup`. Default 0. */
  readonly group?: number
  /** With a MAC address the device is an Ethernet device, without one a layer-3 point-to-point device. */
  readonly mac?: string
}

/** Device names to descriptions. `lo` exists whether it is named or not. */
export type Interfaces = Readonly<Record<string, InterfaceConfig>>

/** `net.ipv4.conf.lan0.rp_filter` → 1. What is absent has the default named at {@link DeviceSettings}. */
export type Sysctls = Readonly<Record<string, number>>

/** The settings of a device that decide about packets, `all` and `default` already worked in (include/linux/inetdevice.h). */
export interface DeviceSettings {
  /** Default true here, since this is a router. */
  readonly forwarding: boolean
  /** IPv4: 0 none (default), 1 strict, 2 loose. */
  readonly rpFilter: number
  readonly acceptLocal: boolean
  readonly routeLocalnet: boolean
  readonly acceptSourceRoute: boolean
  /** Default false. */
  readonly sendRedirects: boolean
  /** Reverse path lookups use the packet's mark. */
  readonly srcValidMark: boolean
}

/** `RT_SCOPE_*`: how far an IPv4 address or route reaches; smaller is farther. */
export const Scope = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const

/** An address of a device (`struct in_ifaddr`, `struct inet6_ifaddr`). */
export interface InterfaceAddress {
  readonly address: Address
  readonly mask: Address
  readonly length: number
  /** IPv4: not the first of its subnet on its device; then `primary` is that first one. */
  readonly secondary: boolean
  readonly primary: Address
  readonly scope: number
  /** IPv4: the broadcast address it was given (`brd`); the subnet's last address is one without it, too. */
  readonly broadcast: Address | undefined
}

/** A device compiled for one family. */
export interface Device {
  readonly name: string
  /** From 1 (`lo`) in the order of the configuration. */
  readonly index: number
  readonly mtu: number
  readonly up: boolean
  readonly group: number
  readonly mac: string | undefined
  readonly loopback: boolean
  /** In the kernel's order: as added for IPv4, the newest first for IPv6. */
  readonly addresses: readonly InterfaceAddress[]
  readonly settings: DeviceSettings
}

export type Devices = ReadonlyMap<string, Device>

/**
 * Compiles the devices for one family; `lo` comes first. Addresses of the other family are passed over.
 * What is wrong goes into `diagnostics`, with the device's position as the line.
 */
export function compileDevices(
  family: Family,
  interfaces: Interfaces,
  sysctls: Sysctls,
  diagnostics: Diagnostic[],
): Devices {
  const devices = new Map<string, Device>()
  const lo: InterfaceConfig = { addresses: ['127.0.0.1/8', '::1/128'], mtu: 65536, ...interfaces.lo }
  const entries = [['lo', lo] as const, ...Object.entries(interfaces).filter(([name]) => name !== 'lo')]
  entries.forEach(([name, config], at) => {
    const complain = (message: string, expected?: string): void => {
      const place = {
        severity: 'error',
        file: `interface ${name}`,
        line: Math.max(1, at),
        column: 1,
      } as const
      diagnostics.push(expected === undefined ? { ...place, message } : { ...place, message, expected })
    }
    checkDevice(name, config, complain)
    devices.set(name, {
      name,
      index: at + 1,
      mtu: config.mtu ?? 1500,
      up: config.up ?? true,
      group: config.group ?? 0,
      mac: config.mac,
      loopback: name === 'lo',
      addresses: compileAddresses(family, config.addresses, complain),
      settings: compileSettings(family, name, sysctls),
    })
  })
  return devices
}

type Complain = (message: string, expected?: string) => void

function checkDevice(name: string, config: InterfaceConfig, complain: Complain): void {
  if (!/^[^\s/]{1,15}$/.test(name))
    complain(`not a device name: ${JSON.stringify(name)}`, '1 to 15 characters')
  const mtu = config.mtu ?? 1500
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65536) complain(`bad MTU ${mtu}`, '68 to 65536 bytes')
  if (config.mac !== undefined && !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(config.mac))
    complain(`not a MAC address: ${config.mac}`, 'six bytes in hex, e.g. 02:00:00:00:00:01')
}

function compileAddresses(
  family: Family,
  texts: readonly string[],
  complain: Complain,
): readonly InterfaceAddress[] {
  const added: InterfaceAddress[] = []
  for (const text of texts) {
    const parsed = parseInterfaceAddress(text)
    if (parsed === undefined) {
      complain(
        `not an interface address: ${JSON.stringify(text)}`,
        'an address and a prefix length, e.g. 10.6.0.1/16 or 10.6.0.1/16 brd +',
      )
      continue
    }
    const { address, mask } = parsed
    if (address.family !== family) continue
    if (added.some(other => other.address.equals(address) && (family === 6 || other.mask.equals(mask)))) {
      complain(`address ${address} is there twice`)
      continue
    }
    added.push(interfaceAddress(added, parsed))
  }
  return family === 4 ? added : newestFirst(added)
}

interface ParsedAddress {
  readonly address: Address
  readonly mask: Address
  readonly broadcast: Address | undefined
}

/** `ADDRESS/LENGTH [brd ADDRESS|+|-]`: `+` sets all bits of the host part, `-` none (ip-address(8)). */
function parseInterfaceAddress(text: string): ParsedAddress | undefined {
  const [prefix = '', brd, wanted, ...rest] = text.split(/ +/)
  const address = Address.tryParse(prefix.split('/')[0]!)
  const subnet = Prefix.tryParse(prefix)
  if (address === undefined || subnet === undefined || maskLength(subnet.mask) === undefined) return undefined
  const { mask } = subnet
  if (brd === undefined) return { address, mask, broadcast: undefined }
  if ((brd !== 'brd' && brd !== 'broadcast') || wanted === undefined || rest.length > 0) return undefined
  const broadcast =
    wanted === '+' ? lastAddress(subnet) : wanted === '-' ? subnet.address : Address.tryParse(wanted)
  return address.family === 4 && broadcast?.family === 4 ? { address, mask, broadcast } : undefined
}

/** IPv4: a later address in a subnet that the device already has becomes secondary (`__inet_insert_ifa`). */
function interfaceAddress(
  added: readonly InterfaceAddress[],
  { address, mask, broadcast }: ParsedAddress,
): InterfaceAddress {
  const subnet = new Prefix(address, mask)
  const primary =
    address.family === 4
      ? added.find(other => !other.secondary && other.mask.equals(mask) && subnet.contains(other.address))
      : undefined
  return {
    address,
    mask,
    length: maskLength(mask)!,
    secondary: primary !== undefined,
    primary: primary?.address ?? address,
    scope: scopeOf(address),
    broadcast,
  }
}

function scopeOf(address: Address): number {
  if (address.family === 4) return address.w0 >>> 24 === 127 ? Scope.HOST : Scope.UNIVERSE
  return ADDRESS_SCOPES[narrowScope(address)] ?? Scope.UNIVERSE
}

/** By {@link narrowScope}. */
const ADDRESS_SCOPES: Readonly<Record<number, number>> = { 16: Scope.HOST, 32: Scope.LINK, 64: Scope.SITE }

/** `ipv6_link_dev_addr`: wider scopes first, among equals the newest first. It shows in source address ties. */
function newestFirst(added: readonly InterfaceAddress[]): readonly InterfaceAddress[] {
  return [...added].reverse().sort((a, b) => a.scope - b.scope)
}

function compileSettings(family: Family, device: string, sysctls: Sysctls): DeviceSettings {
  const prefix = `net.ipv${family}.conf`
  const own = (name: string, otherwise: number): number =>
    sysctls[`${prefix}.${device}.${name}`] ?? sysctls[`${prefix}.default.${name}`] ?? otherwise
  const all = (name: string): number => sysctls[`${prefix}.all.${name}`] ?? 0
  const either = (name: string): boolean => own(name, 0) !== 0 || all(name) !== 0
  const forwardAll = sysctls[`${prefix}.all.forwarding`] ?? sysctls['net.ipv4.ip_forward'] ?? 1
  // IPv6 asks `all.forwarding` (since 6.17 also the device's force_forwarding), IPv4 the device's own copy of it.
  const forwarding = family === 4 ? own('forwarding', forwardAll) : (sysctls[`${prefix}.all.forwarding`] ?? 1)
  return {
    forwarding: forwarding !== 0,
    rpFilter: Math.max(own('rp_filter', 0), all('rp_filter')),
    acceptLocal: either('accept_local'),
    routeLocalnet: either('route_localnet'),
    acceptSourceRoute: own('accept_source_route', 0) !== 0 && all('accept_source_route') !== 0,
    sendRedirects: either('send_redirects'),
    srcValidMark: either('src_valid_mark'),
  }
}

export function isIpv6Loopback(address: Address): boolean {
  return address.family === 6 && (address.w0 | address.w1 | address.w2) === 0 && address.w3 === 1
}

/**
 * `ipv6_addr_scope`: of which narrow scope is an address or a group? 0x10 node, 0x20 link, 0x40 site, 0x80 for
 * IPv4-compatible ones; 0 for all the others.
 */
export function narrowScope(address: Address): number {
  const { w0, w1, w2, w3 } = address
  if (w0 >>> 24 === 0xff) return GROUP_SCOPES[(w0 >>> 16) & 15] ?? 0
  if (w0 >>> 22 === 0xfe80 >>> 6) return 0x20
  if (w0 >>> 22 === 0xfec0 >>> 6) return 0x40
  if (w0 !== 0 || w1 !== 0 || w2 !== 0 || w3 === 0) return 0
  return w3 === 1 ? 0x10 : 0x80
}

const GROUP_SCOPES: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x20, 5: 0x40 }

/** fe80::/10 */
export function isIpv6LinkLocal(address: Address): boolean {
  return address.family === 6 && (address.w0 & 0xffc00000) === (0xfe800000 | 0)
}

/** 255.255.255.255 */
export function isLimitedBroadcast(address: Address): boolean {
  return address.family === 4 && address.w0 === -1
}

/** 127.0.0.0/8 */
export function isIpv4Loopback(address: Address): boolean {
  return address.family === 4 && address.w0 >>> 24 === 127
}

/** The subnet's last address: its broadcast address in IPv4. */
export function lastAddress({ address, mask }: Prefix): Address {
  const { family, w0, w1, w2, w3 } = address
  if (family === 4) return Address.v4(w0 | ~mask.w0)
  return new Address(6, w0 | ~mask.w0, w1 | ~mask.w1, w2 | ~mask.w2, w3 | ~mask.w3)
}

/** The mask of one single address. */
export function hostMask(family: Family): Address {
  return maskOf(family, family === 4 ? 32 : 128)
}
