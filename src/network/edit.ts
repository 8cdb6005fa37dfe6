import type { Draft } from 'immer'
import type { Family } from '../address.ts'
import type { FirewallConfig } from '../config.ts'
import { ExpectationTable } from '../conntrack/expectations.ts'
import { SessionTable } from '../conntrack/session-table.ts'
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
 * @throws RangeError when there is no such node
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

/** Changes a node's configuration: interfaces, routes, rules, sysctls. See `edit` of the firewall. */
export function editNode(
  network: Network,
  node: string,
  recipe: (config: Draft<FirewallConfig>) => void,
): Network {
  return updateNode(network, node, engine => edit(engine, recipe).state)
}

/**
 * Runs `iptables` commands on a node, as typed there.
 * @throws DiagnosticError when a command is wrong; then none has been run
 */
export function iptablesOn(network: Network, node: string, commands: string, family: Family = 4): Network {
  return updateNode(network, node, engine => iptables(engine, commands, family))
}

/** `conntrack -F` on a node: it forgets every connection. */
export function flushConntrack(network: Network, node: string): Network {
  return updateNode(network, node, engine =>
    engine.with({ sessions: SessionTable.empty(), expectations: ExpectationTable.empty() }),
  )
}

/**
 * Cuts a link: every packet on it is lost until {@link mendLink}.
 *
 * @param node only this node's port
 * @throws RangeError when there is no such link, or the node is not on it
 */
export function cutLink(network: Network, link: string, node?: string): Network {
  return updateLinks(network, link, node, (state, index) => {
    if (index === undefined) return { ...state, cut: 'all' }
    return state.cut === 'all' ? state : { ...state, cut: [...state.cut.filter(at => at !== index), index] }
  })
}

/** Mends what {@link cutLink} has cut, for all nodes or one. */
export function mendLink(network: Network, link: string, node?: string): Network {
  return updateLinks(network, link, node, (state, index) => {
    if (index === undefined || state.cut === 'all') return { ...state, cut: [] }
    return { ...state, cut: state.cut.filter(at => at !== index) }
  })
}

/**
 * Makes a link lose, double or delay packets, from now on.
 *
 * @throws RangeError when there is no such link or node, or the pattern cannot be
 * @example
 * impair(network, 'lan', { action: 'drop', match: { flags: 'SA' }, nth: 1 }) // the first SYN/ACK is lost
 */
export function impair(network: Network, link: string, spec: ImpairmentSpec): Network {
  if (spec.from !== undefined) indexOfNode(network, spec.from)
  const impairment = createImpairment(spec)
  return updateLinks(network, link, undefined, state => ({
    ...state,
    impairments: [...state.impairments, impairment],
  }))
}

/** Takes all impairments of a link back. */
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

/** Forgets the log, to save memory. */
export function withoutLog(network: Network): Network {
  return network.with({ log: PersistentVector.empty<LogEntry>() })
}
