import { Address, type Family } from '../address.ts'
import type { FirewallState } from '../state.ts'
import { edgesOf, plus } from './edges.ts'
import type { Site } from './site.ts'

/**
 * The surroundings of a firewall, one site for each family that it has addresses or rules in: behind every device a
 * plain host or two, and the addresses at the edges of its rules' prefixes, each behind the device that leads there.
 *
 * @returns IPv4 first; none for a firewall without addresses and routes
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24', '2001:db8:ffff::1/64'] },
 *   rules: 'iptables -A FORWARD -s 10.6.4.0/22 -p tcp --dport 8080 -j ACCEPT',
 * })
 * const [site, site6] = sitesOf(firewall)
 * site.hosts.lan0.slice(2) // ["10.6.4.1","10.6.4.0","10.6.7.255","10.6.3.255","10.6.8.0"]
 * site.ports // [8080,8079,8081]
 * site6.hosts.wan0 // ["2001:db8:ffff::2","2001:db8:ffff::3"]
 */
export function sitesOf(firewall: FirewallState): readonly Site[] {
  return ([4, 6] as const).map(family => siteOf(firewall, family)).filter(site => site !== undefined)
}

/** The same for one family; undefined if nothing can be reached in it. */
function siteOf(firewall: FirewallState, family: Family): Site | undefined {
  const { config, compiled } = firewall
  const { routing } = family === 4 ? compiled.ipv4 : compiled.ipv6
  const edges = edgesOf(firewall, family)
  const hosts: Record<string, string[]> = {}
  const interfaces: Record<string, string[]> = {}
  for (const { name, addresses } of routing.devices.values()) {
    if (name === 'lo') continue
    hosts[name] = []
    interfaces[name] = addresses.map(({ address }) => address.toString())
  }
  const settle = (address: Address): void => {
    const entry = routing.lookup(address)
    if (entry?.device === undefined || entry.type !== 'unicast' || routing.addressType(address) !== 'UNICAST')
      return
    const known = hosts[entry.device.name]
    if (known !== undefined && !known.includes(address.toString())) known.push(address.toString())
  }
  for (const address of plainAddresses(firewall, family)) settle(address)
  for (const address of edges.addresses) settle(address)
  if (Object.values(hosts).every(list => list.length === 0)) return undefined
  return { family, interfaces, routes: config.routes, hosts, ports: edges.ports }
}

/** Hosts far away: documentation addresses (RFC 5737, 3849). */
export const FAR: readonly string[] = ['198.51.100.7', '192.0.2.66', '2001:db8:100::7', '2001:db8:666::7']

/** Far away, and the first hosts of connected and routed networks. */
function plainAddresses({ compiled }: FirewallState, family: Family): Address[] {
  const { routing } = family === 4 ? compiled.ipv4 : compiled.ipv6
  const found: Address[] = []
  for (const { prefix, length, local, device } of routing.entries) {
    if (local || device === undefined || length === 0 || length > (family === 4 ? 30 : 126)) continue
    for (const step of [2, 3]) found.push(plus(prefix.address, step))
  }
  const far = FAR.map(text => Address.parse(text)).filter(address => address.family === family)
  return [...far, ...found]
}
