import { Address, type Family, maskOf } from '../address.ts'
import type { FirewallOptions } from '../firewall.ts'

/**
 * Where a firewall stands: its devices, and who lives behind each. Generators of packets and rules draw their addresses
 * and device names from here.
 */
export interface Site {
  readonly family: Family
  /** Device name → the box's own addresses on it, as `createFirewall` takes them. */
  readonly interfaces: { readonly [device: string]: readonly string[] }
  readonly routes: readonly string[]
  /** Device name → addresses of hosts that are reached through it, the plainest first. */
  readonly hosts: { readonly [device: string]: readonly string[] }
  /** Ports that its rules are about, besides the usual ones. */
  readonly ports?: readonly number[]
}

/** A gateway as in every textbook: clients in `lan0`, servers in `dmz0`, everybody else behind `wan0`. */
export const GATEWAY: Site = {
  family: 4,
  interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'], dmz0: ['192.168.50.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
  hosts: {
    lan0: ['10.6.0.2', '10.6.0.3', '10.6.1.7', '10.6.255.254'],
    wan0: ['198.51.100.7', '198.51.100.8', '203.0.113.77'],
    dmz0: ['192.168.50.10', '192.168.50.20'],
  },
}

/** The same with three addresses to the outside. */
export const MANY_ADDRESSES: Site = {
  ...GATEWAY,
  interfaces: { ...GATEWAY.interfaces, wan0: ['203.0.113.1/24', '203.0.113.5/24', '203.0.113.6/24'] },
}

/** A dial-up router: an address without a network, and a bridge with two networks inside. */
export const DIAL_UP: Site = {
  family: 4,
  interfaces: {
    ppp0: ['203.0.113.1/32'],
    'br-lan': ['10.6.0.1/16', '10.6.1.1/24'],
    dmz0: ['192.168.50.1/24'],
  },
  routes: ['default dev ppp0'],
  hosts: {
    'br-lan': ['10.6.0.2', '10.6.0.3', '10.6.1.7', '10.6.255.254'],
    ppp0: ['198.51.100.7', '198.51.100.8', '203.0.113.77'],
    dmz0: ['192.168.50.10', '192.168.50.20'],
  },
}

/** {@link GATEWAY} in IPv6. */
export const GATEWAY6: Site = {
  family: 6,
  interfaces: {
    lan0: ['2001:db8:6::1/64', 'fd00:6::1/64'],
    wan0: ['2001:db8:ffff::1/64', '2001:db8:ffff::5/64'],
    dmz0: ['2001:db8:50::1/64'],
  },
  routes: ['default via 2001:db8:ffff::fe dev wan0'],
  hosts: {
    lan0: ['2001:db8:6::2', '2001:db8:6::3', 'fd00:6::7'],
    wan0: ['2001:db8:100::7', '2001:db8:100::8', '2001:db8:ffff::77'],
    dmz0: ['2001:db8:50::10', '2001:db8:50::20'],
  },
}

/**
 * What `createFirewall` needs to know of a site: its devices with their addresses, and its routes.
 *
 * @example
 * const firewall = createFirewall({ ...siteOptions(GATEWAY), rules: 'iptables -P FORWARD DROP' })
 * Object.keys(firewall.config.interfaces) // [ 'lan0', 'wan0', 'dmz0' ]
 * firewall.config.routes // [ 'default via 203.0.113.254 dev wan0' ]
 */
export function siteOptions(site: Site): Pick<FirewallOptions, 'interfaces' | 'routes'> {
  return { interfaces: site.interfaces, routes: site.routes }
}

/** The box's own addresses, without prefix lengths. */
export function ownAddresses(site: Site): readonly string[] {
  return Object.values(site.interfaces).flatMap(list => list.map(text => text.split('/')[0]!))
}

export function devicesOf(site: Site): readonly string[] {
  return Object.keys(site.interfaces).filter(name => name !== 'lo')
}

/** The last address of the network of `10.6.0.1/16`, its broadcast address; undefined for IPv6, /31 and /32. */
export function broadcastOf(text: string): string | undefined {
  const [address = '', length = '32'] = text.split(' ')[0]!.split('/')
  const own = Address.parse(address)
  if (own.family === 6 || Number(length) > 30) return undefined
  return Address.v4(own.w0 | ~maskOf(4, Number(length)).w0).toString()
}
