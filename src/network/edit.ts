import type { Draft } from 'immer'
import type { Family } from '../address.ts'
import type { FirewallConfig } from '../config.ts'
import { conntrackDelete } from '../conntrack-tool.ts'
import { edit, iptables } from '../firewall.ts'
import { PersistentVector } from '../persistent/vector.ts'
import type { FirewallState } from '../state.ts'
import { createImpairment, type ImpairmentSpec } from './impairment.ts'
import {
  atTime,
  indexOfNode,
  type LinkState,
  type LogEntry,
  type Network,
  NodeState,
  SOUND_LINK,
} from './model.ts'

/**
 * Changes a node's firewall: its next state is what `change` makes of the present one.
 *
 * @param change gets the engine with the network's time; what it gives back must be made from that
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const closing = 'iptables -A INPUT -p tcp --dport 80 -j REJECT'
 * const closed = updateNode(network, 'web', engine => iptables(engine, closing))
 * nc(closed, 'laptop', 'web:80').result.outcome // 'refused'
 * nc(network, 'laptop', 'web:80').result.outcome // 'open'
 */
export function updateNode(
  network: Network,
  node: string,
  change: (engine: FirewallState) => FirewallState,
): Network {
  const index = indexOfNode(network, node)
  const { engine, host } = network.nodes.get(index)!
  const next = change(atTime(engine, network.nowMs))
  const nodes = network.nodes.set(index, new NodeState(next, host), {})
  if (next.config.interfaces === engine.config.interfaces) return network.with({ nodes })
  const topology = network.topology.readdressed(at => nodes.get(at)!.engine)
  return network.with({ nodes, topology })
}

/**
 * Changes a node's configuration: interfaces, routes, rules, sysctls. See `edit` of the firewall.
 *
 * @param recipe writes to a draft of the configuration
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.6.34.100/24' },
 *     fw: {
 *       interfaces: { lan0: '10.6.34.1/24', wan0: '203.0.113.1/24' },
 *       rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 *     },
 *     web: { address: '198.51.100.7', services: [webServer()] },
 *   },
 *   links: { lan: ['laptop', 'fw:lan0'], internet: ['fw:wan0', 'web'] },
 * })
 * const still = editNode(network, 'fw', config => {
 *   config.sysctls['net.ipv4.ip_forward'] = 0
 * })
 * ping(still, 'laptop', 'web').result.outcome // 'unanswered'
 * ping(network, 'laptop', 'web').result.outcome // 'answered'
 */
export function editNode(
  network: Network,
  node: string,
  recipe: (config: Draft<FirewallConfig>) => void,
): Network {
  return updateNode(network, node, engine => edit(engine, recipe).state)
}

/**
 * Runs `iptables` commands on a node, as typed there.
 *
 * @param commands one a line
 * @param family which program they are for: 4 is `iptables`, 6 is `ip6tables`
 * @throws RangeError when there is no such node
 * @throws DiagnosticError when a command is wrong; then none has been run
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const closed = iptablesOn(network, 'web', 'iptables -A INPUT -p tcp --dport 80 -j DROP')
 * nc(closed, 'laptop', 'web:80', { timeoutMs: 3000 }).result.outcome // 'filtered'
 */
export function iptablesOn(network: Network, node: string, commands: string, family: Family = 4): Network {
  return updateNode(network, node, engine => iptables(engine, commands, family))
}

/**
 * `conntrack -F` on a node: it forgets every connection, and every one that it expects.
 *
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.6.34.100/24' },
 *     fw: {
 *       interfaces: { lan0: '10.6.34.1/24', wan0: '203.0.113.1/24' },
 *       rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 *     },
 *     web: { address: '198.51.100.7', services: [webServer()] },
 *   },
 *   links: { lan: ['laptop', 'fw:lan0'], internet: ['fw:wan0', 'web'] },
 * })
 * const after = nc(network, 'laptop', 'web:80').network
 * sessions(after, 'fw').length // 1
 * sessions(flushConntrack(after, 'fw'), 'fw').length // 0
 */
export function flushConntrack(network: Network, node: string): Network {
  return updateNode(network, node, engine => conntrackDelete(engine))
}

/**
 * Cuts a link: every packet on it is lost until {@link mendLink}.
 *
 * @param link its name; that of a group means each of its links
 * @param node only this node's port; without it the whole link
 * @throws RangeError when there is no such link, or the node is not on it
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * ping(cutLink(network, 'lan', 'web'), 'laptop', 'web').result.outcome // 'unanswered'
 */
export function cutLink(network: Network, link: string, node?: string): Network {
  return updateLinks(network, link, node, (state, index) => {
    if (index === undefined) return { ...state, cut: 'all' }
    return state.cut === 'all' ? state : { ...state, cut: [...state.cut.filter(at => at !== index), index] }
  })
}

/**
 * Mends what {@link cutLink} has cut, for all nodes or one. What was lost meanwhile stays lost.
 *
 * @param node only this node's port; a link that was cut as a whole is mended as a whole
 * @throws RangeError when there is no such link, or the node is not on it
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const cut = cutLink(network, 'lan')
 * ping(mendLink(cut, 'lan'), 'laptop', 'web').result.outcome // 'answered'
 */
export function mendLink(network: Network, link: string, node?: string): Network {
  return updateLinks(network, link, node, (state, index) => {
    if (index === undefined || state.cut === 'all') return { ...state, cut: [] }
    return { ...state, cut: state.cut.filter(at => at !== index) }
  })
}

/**
 * Makes a link lose, double or delay packets, from now on. On an internet a packet counts once, where it goes in.
 *
 * @param spec what it does to which packets; see `ImpairmentSpec` for each setting with its default
 * @throws RangeError when there is no such link or node, or the pattern cannot be
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * // the first SYN/ACK is lost: the client sends its SYN again after a second
 * const bad = impair(network, 'lan', { action: 'drop', match: { flags: 'SA' }, nth: 1 })
 * nc(bad, 'laptop', 'web:80').network.nowMs // 1005
 * nc(network, 'laptop', 'web:80').network.nowMs // 5
 */
export function impair(network: Network, link: string, spec: ImpairmentSpec): Network {
  if (spec.from !== undefined) indexOfNode(network, spec.from)
  const impairment = createImpairment(spec)
  return updateLinks(network, link, undefined, state => ({
    ...state,
    impairments: [...state.impairments, impairment],
  }))
}

/**
 * Takes all impairments of a link back. It stays cut if it is.
 *
 * @throws RangeError when there is no such link
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const bad = impair(network, 'lan', { action: 'drop' })
 * ping(bad, 'laptop', 'web').result.outcome // 'unanswered'
 * ping(repair(bad, 'lan'), 'laptop', 'web').result.outcome // 'answered'
 */
export function repair(network: Network, link: string): Network {
  return updateLinks(network, link, undefined, state => ({ ...state, impairments: SOUND_LINK.impairments }))
}

function updateLinks(
  network: Network,
  name: string,
  node: string | undefined,
  change: (state: LinkState, node: number | undefined) => LinkState,
): Network {
  const { topology } = network
  const indexes = topology.linkIndexes.get(name)
  if (indexes === undefined)
    throw new RangeError(`no link '${name}'; this network has ${[...topology.linkIndexes.keys()].join(', ')}`)
  const nodeIndex = node === undefined ? undefined : indexOfNode(network, node)
  const isConcerned = (link: number): boolean =>
    nodeIndex === undefined || topology.links[link]!.members.some(member => member.node === nodeIndex)
  const concerned = indexes.filter(isConcerned)
  if (concerned.length === 0) throw new RangeError(`'${node}' is not on link '${name}'`)
  let { links } = network
  for (const link of concerned) links = links.set(link, change(links.get(link)!, nodeIndex), {})
  return network.with({ links })
}

/**
 * Forgets the log, to save memory: what is logged from now on begins it anew.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const { network: after } = ping(network, 'laptop', 'web')
 * after.log.length // 4
 * withoutLog(after).log.length // 0
 */
export function withoutLog(network: Network): Network {
  return network.with({ log: PersistentVector.empty<LogEntry>() })
}
