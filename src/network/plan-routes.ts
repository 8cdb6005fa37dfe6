import { Address, type Family, Prefix } from '../address.ts'
import { addressOf, type PlannedDevice, type PlannedNode, type Problems } from './plan.ts'
import { asList } from './spec.ts'

/** Gives every host its default route: as it says, or as people expect. */
export function planRoutes(nodes: Map<string, PlannedNode>, problems: Problems): void {
  for (const node of nodes.values()) {
    const { gateway } = node.spec
    if (gateway === 'none') continue
    for (const text of asList(gateway)) addGateway(node, text, problems)
    for (const device of node.devices.values()) {
      if (device.name === 'core0' || node.routes.some(route => route.startsWith('default dev'))) continue
      for (const family of [4, 6] as const) defaultRoute(node, device, family, nodes)
    }
  }
}

function addGateway(node: PlannedNode, text: string, problems: Problems): void {
  const gateway = Address.tryParse(text)
  const path = ['nodes', node.name, 'gateway']
  if (gateway === undefined) {
    problems.add(path, `not an address: ${JSON.stringify(text)}`)
    return
  }
  const isNear = [...node.devices.values()].some(device => subnetWith(device, gateway) !== undefined)
  if (!isNear) {
    problems.add(path, `${text} is on no network of ${node.name}`)
    return
  }
  node.routes.push(`default via ${gateway}`)
}

function defaultRoute(
  node: PlannedNode,
  device: PlannedDevice,
  family: Family,
  nodes: Map<string, PlannedNode>,
): void {
  if (!device.addresses.some(text => addressOf(text)?.family === family)) return
  if (node.routes.some(route => isDefaultOf(route, family))) return
  if (device.isPublic) {
    if (node.spec.address !== undefined || node.spec.interfaces !== undefined)
      node.routes.push(`default dev ${device.name}`)
    return
  }
  if (node.forwarding) return
  const gateways = gatewaysFor(node, device, family, nodes)
  if (gateways.length === 1) node.routes.push(`default via ${gateways[0]}`)
}

function isDefaultOf(route: string, family: Family): boolean {
  const [destination = '', , second = ''] = route.split(' ')
  if (destination === '0.0.0.0/0') return family === 4
  if (destination === '::/0') return family === 6
  if (destination !== 'default') return false
  const via = Address.tryParse(second)
  return via === undefined || via.family === family
}

/** Addresses of routers on the same link and in the same subnet. */
function gatewaysFor(
  node: PlannedNode,
  device: PlannedDevice,
  family: Family,
  nodes: Map<string, PlannedNode>,
): Address[] {
  const found: Address[] = []
  for (const other of nodes.values()) {
    if (other === node || !other.forwarding) continue
    for (const port of other.devices.values()) {
      if (port.link !== device.link || port.link === undefined) continue
      const address = port.addresses
        .map(addressOf)
        .find(each => each?.family === family && subnetWith(device, each) !== undefined)
      if (address !== undefined) found.push(address)
    }
  }
  return found
}

function subnetWith(device: PlannedDevice, address: Address): string | undefined {
  return device.addresses.find(text => Prefix.tryParse(text)?.contains(address) ?? false)
}
