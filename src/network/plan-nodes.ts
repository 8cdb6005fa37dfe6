import type { InterfaceConfig } from '../ip/interfaces.ts'
import { slips } from '../nearest.ts'
import {
  addressOf,
  isPrivate,
  networkOf,
  type PlannedDevice,
  type PlannedNode,
  type Problems,
} from './plan.ts'
import { asList, type NetworkSpec, type NodeSpec } from './spec.ts'

/** Nodes with their devices; addresses still without prefix lengths where none were given. */
export function planNodes(spec: NetworkSpec, problems: Problems): Map<string, PlannedNode> {
  const nodes = new Map<string, PlannedNode>()
  refuseSlips(spec, SPEC_KEYS, [], problems)
  for (const [name, node] of Object.entries(spec.nodes ?? {})) {
    refuseSlips(node, NODE_KEYS, ['nodes', name], problems)
    if (!(node.services ?? []).every(isProgram))
      problems.add(
        ['nodes', name, 'services'],
        'a service is a program, as webServer({ port: 80 }) and the like make it',
        'names and { web: … } are for scenarios',
      )
    if (!/^[\w.-]+$/.test(name))
      problems.add(
        ['nodes', name],
        `not a node's name: ${JSON.stringify(name)}`,
        'letters, digits, - _ and .',
      )
    const devices = planDevices(name, node, problems)
    const forwarding = node.forwarding ?? devices.size > 1
    nodes.set(name, { name, spec: node, devices, routes: [...(node.routes ?? [])], forwarding })
  }
  return nodes
}

const SPEC_KEYS = ['nodes', 'links', 'dns', 'nowMs', 'log', 'stepOptions'] satisfies (keyof NetworkSpec)[]

const NODE_KEYS = [
  'address',
  'device',
  'mtu',
  'gateway',
  'interfaces',
  'routes',
  'rules',
  'sets',
  'conntrack',
  'sysctls',
  'forwarding',
  'stack',
  'tcp',
  'services',
] satisfies (keyof NodeSpec)[]

/** For JavaScript: a `rule:` that is passed over is a node without rules. */
function refuseSlips(
  given: object,
  known: readonly string[],
  path: readonly string[],
  problems: Problems,
): void {
  for (const { name, meant } of slips(given, known))
    problems.add([...path, name], `unknown key '${name}'`, `did you mean '${meant}'?`)
}

function isProgram(service: unknown): boolean {
  return typeof service === 'object' && service !== null && 'start' in service && 'handle' in service
}

function planDevices(node: string, spec: NodeSpec, problems: Problems): Map<string, PlannedDevice> {
  const devices = new Map<string, PlannedDevice>()
  const add = (name: string, config: InterfaceConfig, path: readonly string[]): void => {
    const { addresses, ...rest } = config
    for (const text of addresses) checkAddress(text, ['nodes', node, ...path], problems)
    devices.set(name, { name, addresses, config: rest, link: undefined, isPublic: false })
  }
  if (spec.address !== undefined) {
    const config = { addresses: asList(spec.address), ...(spec.mtu !== undefined && { mtu: spec.mtu }) }
    add(spec.device ?? 'eth0', config, ['address'])
  }
  for (const [name, config] of Object.entries(spec.interfaces ?? {})) {
    const whole = isConfig(config) ? config : { addresses: asList(config) }
    add(name, whole, ['interfaces', name])
  }
  if (devices.size === 0)
    problems.add(
      ['nodes', node],
      `${node} has no address`,
      "give it address: '10.0.0.2/24' or interfaces: { … }",
    )
  return devices
}

function isConfig(config: string | readonly string[] | InterfaceConfig): config is InterfaceConfig {
  return typeof config === 'object' && 'addresses' in config
}

function checkAddress(text: string, path: readonly string[], problems: Problems): void {
  if (addressOf(text) === undefined || networkOf(text)?.length === undefined)
    problems.add(
      path,
      `not an address: ${JSON.stringify(text)}`,
      "an address and a prefix length, '10.0.0.2/24'",
    )
}

/** Gives addresses without a prefix length one, now that it is known where they are. */
export function completeAddresses(nodes: Map<string, PlannedNode>): void {
  for (const { devices } of nodes.values())
    for (const device of devices.values())
      device.addresses = device.addresses.map(text => {
        if (text.includes('/')) return text
        const v6 = text.includes(':')
        const length = device.isPublic ? (v6 ? 128 : 32) : v6 ? 64 : 24
        return `${text}/${length}`
      })
}

/** One address at two nodes: wrong on one link, and wherever everybody could reach it. */
export function checkDuplicates(nodes: Map<string, PlannedNode>, problems: Problems): void {
  const seen = new Map<string, { node: string; link: string | undefined }[]>()
  for (const { name, devices } of nodes.values())
    for (const device of devices.values())
      for (const text of device.addresses) {
        const address = addressOf(text)
        if (address === undefined) continue
        const key = address.toString()
        const others = seen.get(key) ?? []
        const clash = others.find(
          ({ node, link }) => node !== name && (!isPrivate(address) || link === device.link),
        )
        if (clash !== undefined)
          problems.add(['nodes', name, 'address'], `${key} is ${clash.node}'s address already`)
        seen.set(key, [...others, { node: name, link: device.link }])
      }
}
