import { Address, type Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { createFirewall, type FirewallOptions } from '../firewall.ts'
import type { InterfaceConfig } from '../ip/interfaces.ts'
import { PersistentVector } from '../persistent/vector.ts'
import type { FirewallState } from '../state.ts'
import { HostState } from './host-state.ts'
import { type LogEntry, Network, NodeState, SOUND_LINK } from './model.ts'
import { addressOf, type PlannedLink, type PlannedNode, Problems } from './plan.ts'
import { planLinks } from './plan-links.ts'
import { checkDuplicates, completeAddresses, planNodes } from './plan-nodes.ts'
import { planRoutes } from './plan-routes.ts'
import { startProcess } from './process-host.ts'
import { change } from './run.ts'
import { asList, type NetworkSpec } from './spec.ts'
import { type Link, Topology } from './topology.ts'

/**
 * Builds a network from its description.
 *
 * Defaults: a host's device is `eth0`; its default route goes to the only router on its link in its subnet; on an
 * internet everybody reaches everybody; only nodes with several devices forward. A node can be reached by its name, as
 * if it stood in the hosts table.
 *
 * @param spec nodes, links, names and settings; see `NetworkSpec` for each with its default
 * @returns the network at the time `nowMs` of the description (default 0), its services started
 * @throws DiagnosticError with everything that is wrong (each a `NetworkDiagnostic` with the path to it)
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
 *   dns: { 'example.com': '198.51.100.7' },
 * })
 * curl(network, 'laptop', 'http://example.com/').result.outcome // 'answered'
 */
export function createNetwork(spec: NetworkSpec): Network {
  const problems = new Problems()
  const nodes = planNodes(spec, problems)
  const { links, groups } = planLinks(spec, nodes, problems)
  completeAddresses(nodes)
  checkDuplicates(nodes, problems)
  planRoutes(nodes, problems)
  const hosts = planHosts(spec, nodes, problems)
  const engines = [...nodes.values()].map(node => buildEngine(node, spec, hosts, problems))
  if (problems.list.length > 0) throw new DiagnosticError(problems.list)

  const states = [...nodes.values()].map((node, index) => {
    const { tcp = {}, stack } = node.spec
    return new NodeState(engines[index]!, HostState.fresh(index, { tcp, silent: stack === 'silent' }))
  })
  const network = new Network({
    topology: buildTopology([...nodes.keys()], links, groups, hosts, engines as readonly FirewallState[]),
    nowMs: spec.nowMs ?? 0,
    nodes: PersistentVector.from(states),
    links: PersistentVector.from(links.map(() => SOUND_LINK)),
    queue: undefined,
    sequence: 1,
    inFlight: 0,
    waiting: 0,
    journeys: 0,
    hopCount: 0,
    log: PersistentVector.empty<LogEntry>(),
    keepsLog: spec.log ?? true,
    stepOptions: spec.stepOptions ?? {},
  })
  return startServices(network, spec, problems)
}

function planHosts(
  spec: NetworkSpec,
  nodes: Map<string, PlannedNode>,
  problems: Problems,
): Map<string, readonly Address[]> {
  const hosts = new Map<string, readonly Address[]>()
  for (const { name, devices } of nodes.values()) {
    const addresses = [...devices.values()].flatMap(device => device.addresses.map(addressOf))
    hosts.set(
      name.toLowerCase(),
      addresses.filter(address => address !== undefined),
    )
  }
  hosts.set('localhost', [Address.parse('127.0.0.1'), Address.parse('::1')])
  for (const [name, texts] of Object.entries(spec.dns ?? {})) {
    const addresses: Address[] = []
    for (const text of asList(texts)) {
      const address = Address.tryParse(text)
      if (address === undefined) problems.add(['dns', name], `not an address: ${JSON.stringify(text)}`)
      else addresses.push(address)
    }
    hosts.set(name.toLowerCase(), addresses)
  }
  return hosts
}

function buildEngine(
  node: PlannedNode,
  spec: NetworkSpec,
  hosts: ReadonlyMap<string, readonly Address[]>,
  problems: Problems,
): FirewallState | undefined {
  const { rules, sets, conntrack, sysctls } = node.spec
  const interfaces: Record<string, InterfaceConfig> = {}
  for (const { name, addresses, config } of node.devices.values()) interfaces[name] = { ...config, addresses }
  const still = { 'net.ipv4.ip_forward': 0, 'net.ipv6.conf.all.forwarding': 0 }
  const options: FirewallOptions = {
    interfaces,
    routes: node.routes,
    conntrack: conntrack ?? (rules === undefined ? 'auto' : 'on'),
    sysctls: { ...(node.forwarding ? {} : still), ...sysctls },
    nowMs: spec.nowMs ?? 0,
    resolveHost: (name: string, family: Family) =>
      (hosts.get(name.toLowerCase()) ?? []).filter(address => address.family === family),
    ...(rules !== undefined && { rules }),
    ...(sets !== undefined && { sets, setsFile: 'sets' }),
  }
  const isBroken = problems.list.some(({ path }) => path[0] === 'nodes' && path[1] === node.name)
  try {
    return createFirewall(options)
  } catch (error) {
    // What is wrong with its addresses was told already, and better.
    if (isBroken) return undefined
    if (error instanceof DiagnosticError)
      for (const each of error.diagnostics)
        problems.list.push({
          ...each,
          path: ['nodes', node.name, each.file === 'routes' || each.file === 'sets' ? each.file : 'rules'],
        })
    else if (error instanceof RangeError) problems.add(['nodes', node.name], error.message)
    else throw error
    return undefined
  }
}

function buildTopology(
  names: readonly string[],
  planned: readonly PlannedLink[],
  groups: ReadonlyMap<string, readonly string[]>,
  hosts: ReadonlyMap<string, readonly Address[]>,
  engines: readonly FirewallState[],
): Topology {
  const indexes = new Map(names.map((name, index) => [name, index]))
  const links = planned.map(({ name, kind, delayMs, members }, link): Link => {
    const attachments = members.map(({ node, device }) => ({ node: indexes.get(node)!, device, link }))
    return { name, kind, delayMs, members: attachments }
  })
  const byName = new Map<string, readonly number[]>(links.map(({ name }, index) => [name, [index]]))
  for (const [group, members] of groups)
    byName.set(
      group,
      members.flatMap(name => byName.get(name) ?? []),
    )
  return new Topology(names, links, byName, hosts, node => engines[node]!)
}

function startServices(network: Network, spec: NetworkSpec, problems: Problems): Network {
  const started = change(network, draft => {
    for (const [name, { services = [] }] of Object.entries(spec.nodes)) {
      const node = network.topology.indexes.get(name)!
      services.forEach((service, at) => {
        try {
          draft.onHost(node, host => startProcess(service, host))
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
          problems.add(['nodes', name, 'services', at], error.message)
        }
      })
    }
  })
  if (problems.list.length > 0) throw new DiagnosticError(problems.list)
  return started.network
}
