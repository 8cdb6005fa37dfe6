import { type Address, Prefix } from '../../address.ts'
import type { Arrival, Outcome } from '../../outcome.ts'
import type { Packet } from '../../packet/packet.ts'
import { protocolNumber } from '../../packet/protocols.ts'
import type { FirewallState } from '../../state.ts'

/** Where packets come from or go to: a device (`wan0`), an address or prefix (`10.6.0.0/16`), `box`, or several of these. */
export type Place = string | readonly string[]

/** What is talked. */
export interface Service {
  /** A name (`tcp`, `udp`, `icmp`) or number; default any. */
  readonly protocol?: string | number
  /** Destination port, several, or a range `{ from, to }`; default any. */
  readonly port?: number | readonly number[] | { readonly from: number; readonly to: number }
}

/** Which packets a property is about. */
export interface Scope extends Service {
  /** Default: anywhere. */
  readonly from?: Place
  readonly to?: Place
}

/** A place of one firewall, ready to be asked. */
export interface PlaceTest {
  /** Does a packet that arrives so come from there? By the device it arrives on, or its source address. */
  isSource(arrival: Arrival & { readonly packet: Packet }): boolean
  /** Was it passed on to there? By the device it left on, or its destination address. */
  isReached(outcome: Outcome): Packet | undefined
  /** Is it addressed to there? By where its destination is routed. */
  isMeant(packet: Packet): boolean
}

/** @throws RangeError when a name is no device of the firewall */
export function placeTest(firewall: FirewallState, place: Place | undefined): PlaceTest {
  if (place === undefined) return { isSource: () => true, isReached: anyReached, isMeant: () => true }
  const words = [place].flat()
  const prefixes = words.map(word => Prefix.tryParse(word)).filter(prefix => prefix !== undefined)
  const names = words.filter(word => Prefix.tryParse(word) === undefined)
  const box = names.includes('box')
  const devices = new Set(names.filter(name => name !== 'box'))
  const { interfaces } = firewall.config
  for (const name of devices)
    if (!(name in interfaces) && name !== 'lo')
      throw new RangeError(
        `${JSON.stringify(name)} is no device of the firewall (${Object.keys(interfaces).join(', ')}), no prefix and not "box"`,
      )
  const within = (address: Address): boolean => prefixes.some(prefix => prefix.contains(address))
  return {
    isSource: arrival => {
      if ('local' in arrival ? box : devices.has(arrival.device)) return true
      const source = addressesOf(arrival.packet)?.source
      return source !== undefined && within(source)
    },
    isReached: ({ emitted, delivered }) => {
      for (const { device, packet, answer } of emitted)
        if (!answer && (devices.has(device) || isTo(packet, within))) return packet
      for (const { packet, answer } of delivered) if (!answer && (box || isTo(packet, within))) return packet
      return undefined
    },
    isMeant: packet => {
      const destination = addressesOf(packet)?.destination
      if (destination === undefined) return false
      if (within(destination)) return true
      const { routing } = packet.family === 4 ? firewall.compiled.ipv4 : firewall.compiled.ipv6
      if (routing.isLocal(destination)) return box
      return devices.has(routing.lookup(destination)?.device?.name ?? '')
    },
  }
}

function anyReached({ emitted, delivered }: Outcome): Packet | undefined {
  return (emitted.find(({ answer }) => !answer) ?? delivered.find(({ answer }) => !answer))?.packet
}

function isTo(packet: Packet, within: (address: Address) => boolean): boolean {
  const destination = addressesOf(packet)?.destination
  return destination !== undefined && within(destination)
}

/** Source and destination; undefined where they cannot be read. */
export function addressesOf({ decoded }: Packet): { source: Address; destination: Address } | undefined {
  return decoded.kind === 'malformed' ? undefined : decoded.ip
}

/** @throws RangeError for a protocol that has no such name */
export function serviceTest({ protocol, port }: Service): (packet: Packet) => boolean {
  const wanted = protocol === undefined ? undefined : numberOf(protocol)
  const ports =
    port === undefined ? [] : typeof port === 'number' ? [port] : 'from' in port ? [port] : [...port]
  return ({ decoded, family }) => {
    if (decoded.kind === 'malformed') return wanted === undefined && port === undefined
    const { protocol: number } = decoded.ip
    const isPing = family === 6 && wanted === 1 && number === 58
    if (wanted !== undefined && number !== wanted && !isPing) return false
    if (port === undefined) return true
    if (!('destinationPort' in decoded)) return false
    const { destinationPort } = decoded
    return ports.some(one =>
      typeof one === 'number'
        ? one === destinationPort
        : one.from <= destinationPort && destinationPort <= one.to,
    )
  }
}

function numberOf(protocol: string | number): number {
  const number = typeof protocol === 'number' ? protocol : protocolNumber(protocol)
  if (number === undefined)
    throw new RangeError(`protocol: ${JSON.stringify(protocol)} is not known; give its number`)
  return number
}

/** `tcp port 22`, '' for anything. */
export function serviceText({ protocol, port }: Service): string {
  const range =
    port === undefined
      ? ''
      : typeof port === 'object' && 'from' in port
        ? `port ${port.from} to ${port.to}`
        : `port ${[port].flat().join(' or ')}`
  return [protocol === undefined ? '' : String(protocol), range].filter(text => text !== '').join(' ')
}

/** `wan0`, `lan0 or dmz0`. */
export function placeText(place: Place | undefined): string {
  return place === undefined ? 'anywhere' : [place].flat().join(' or ')
}
