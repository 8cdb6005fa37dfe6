import { Address, Prefix } from '../address.ts'
import {
  addressOf,
  isPrivate,
  type PlannedDevice,
  type PlannedLink,
  type PlannedNode,
  type Problems,
} from './plan.ts'
import type { LinkSpec, NetworkSpec } from './spec.ts'

/** Where the internet's own ICMP errors come from if nobody uses it as a gateway (RFC 2544 and RFC 5180 addresses). */
const CORE_ADDRESSES = ['198.18.0.1/32', '2001:2::1/128']

interface Member {
  readonly node: PlannedNode
  readonly device: PlannedDevice
}

/** Plugs the devices in; an internet becomes a router of its own with a cable to each member. */
export function planLinks(
  spec: NetworkSpec,
  nodes: Map<string, PlannedNode>,
  problems: Problems,
): { links: PlannedLink[]; groups: Map<string, string[]> } {
  const links: PlannedLink[] = []
  const groups = new Map<string, string[]>()
  for (const [name, given] of Object.entries(spec.links ?? {})) {
    const link: LinkSpec = isMembers(given) ? { members: given } : given
    const kind = link.kind ?? (name === 'internet' ? 'internet' : 'segment')
    const members = findMembers(name, link.members, nodes, problems, kind === 'internet')
    if (kind === 'point-to-point' && link.members.length !== 2)
      problems.add(['links', name], `a point-to-point link has two ends, not ${link.members.length}`)
    if (kind === 'internet') {
      const cables = planInternet(name, link, members, nodes, problems)
      links.push(...cables)
      groups.set(
        name,
        cables.map(cable => cable.name),
      )
    } else {
      const ends = members.map(({ node, device }) => ({ node: node.name, device: device.name }))
      links.push({ name, kind, delayMs: link.delayMs ?? 1, members: ends })
      groups.set(name, [name])
    }
  }
  for (const node of nodes.values())
    for (const device of node.devices.values())
      if (device.link === undefined)
        problems.add(
          ['nodes', node.name],
          `device ${device.name} of ${node.name} is on no link`,
          `name it in links: { lan: ['${node.devices.size === 1 ? node.name : `${node.name}:${device.name}`}', …] }`,
        )
  return { links, groups }
}

function isMembers(link: readonly string[] | LinkSpec): link is readonly string[] {
  return Array.isArray(link)
}

function findMembers(
  link: string,
  texts: readonly string[],
  nodes: Map<string, PlannedNode>,
  problems: Problems,
  isPublic: boolean,
): Member[] {
  const members: Member[] = []
  texts.forEach((text, at) => {
    const path = ['links', link, at]
    const [name = '', wanted] = text.split(':')
    const node = nodes.get(name)
    if (node === undefined) {
      problems.add(path, `no node '${name}'`, `there are ${[...nodes.keys()].join(', ')}`)
      return
    }
    const names = [...node.devices.keys()]
    const device = node.devices.get(wanted ?? (names.length === 1 ? names[0]! : ''))
    if (device === undefined) {
      const message = wanted === undefined ? `which device of ${name}?` : `${name} has no device '${wanted}'`
      problems.add(path, message, names.map(other => `'${name}:${other}'`).join(' or '))
    } else if (device.link !== undefined)
      problems.add(path, `device ${device.name} of ${name} is on link '${device.link}' already`)
    else {
      device.link = link
      device.isPublic = isPublic
      members.push({ node, device })
    }
  })
  return members
}

/** The cloud as a node: a device and a cable for each member, and a route to each public address. */
function planInternet(
  name: string,
  link: LinkSpec,
  members: readonly Member[],
  nodes: Map<string, PlannedNode>,
  problems: Problems,
): PlannedLink[] {
  if (nodes.has(name))
    problems.add(['links', name], `the internet '${name}' needs this name for itself, but a node has it`)
  const cloud: PlannedNode = { name, spec: {}, devices: new Map(), routes: [], forwarding: true }
  const cables: PlannedLink[] = []
  const add = (device: string, addresses: readonly string[], on: string): void => {
    cloud.devices.set(device, { name: device, addresses, config: {}, link: on, isPublic: true })
  }
  members.forEach(({ node, device }, at) => {
    const cable = `${name}/${node.name}${node.devices.size > 1 && cables.some(other => other.name === `${name}/${node.name}`) ? `:${device.name}` : ''}`
    const own =
      `to-${node.name}`.length <= 15 && !cloud.devices.has(`to-${node.name}`) ? `to-${node.name}` : `to${at}`
    add(own, gatewaysOn(node, device), cable)
    for (const text of device.addresses) {
      const address = addressOf(text)
      if (address !== undefined && !isPrivate(address)) cloud.routes.push(`${address} dev ${own}`)
    }
    for (const [prefix, owner] of Object.entries(link.routes ?? {}))
      if (owner === node.name) cloud.routes.push(`${prefix} dev ${own}`)
    const ends = [
      { node: node.name, device: device.name },
      { node: name, device: own },
    ]
    cables.push({ name: cable, kind: 'point-to-point', delayMs: link.delayMs ?? 5, members: ends })
  })
  add('core0', CORE_ADDRESSES, '')
  for (const [prefix, owner] of Object.entries(link.routes ?? {})) {
    const path = ['links', name, 'routes', prefix]
    if (!members.some(({ node }) => node.name === owner)) problems.add(path, `'${owner}' is not on '${name}'`)
    if (Prefix.tryParse(prefix) === undefined) problems.add(path, `not a network: ${JSON.stringify(prefix)}`)
  }
  nodes.set(name, cloud)
  return cables
}

/** The gateways that a member expects to find on its cable: they are the internet's own addresses there. */
function gatewaysOn({ spec, routes }: PlannedNode, device: PlannedDevice): string[] {
  const found = new Set<string>()
  const wanted = [spec.gateway ?? []].flat()
  for (const route of routes) {
    const via = /\bvia (\S+)/.exec(route)?.[1]
    if (via !== undefined) wanted.push(via)
  }
  for (const text of wanted) {
    const gateway = Address.tryParse(text)
    if (gateway === undefined) continue
    const isOnLink = device.addresses.some(own => Prefix.tryParse(own)?.contains(gateway) ?? false)
    if (isOnLink) found.add(`${gateway}/${gateway.family === 4 ? 32 : 128}`)
  }
  return [...found]
}
