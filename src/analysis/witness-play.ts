import { Address } from '../address.ts'
import type { InterfaceConfig } from '../ip/interfaces.ts'
import type { Arrival } from '../outcome.ts'
import { udp } from '../packet/constructors.ts'
import type { Packet } from '../packet/packet.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../packet/protocols.ts'
import type { Hook } from '../rules/model.ts'
import type { HeaderPoint } from './header.ts'
import { NO_DEVICE, NO_MAC } from './vocabulary.ts'
import { packetOf, swapped } from './witness-packet.ts'

/** A box made up for a packet: a part of a firewall's configuration. */
export interface Box {
  readonly interfaces: { readonly [device: string]: InterfaceConfig }
  readonly routes: readonly string[]
  readonly sysctls: { readonly [name: string]: number }
}

/** Packets in order; the last one is the witness. */
export interface Play {
  readonly history: readonly Arrival[]
  readonly arrival: Arrival
}

export type Way = 'through' | 'to-box' | 'from-box' | 'loop'

/** How a packet that shows up at a hook like this may come and go. */
export function waysOf(hook: Hook, point: HeaderPoint): readonly Way[] {
  switch (hook) {
    case 'INPUT':
      return [point.in === 'lo' ? 'loop' : 'to-box']
    case 'PREROUTING':
      return point.in === 'lo' ? ['loop'] : ['through', 'to-box']
    case 'OUTPUT':
      return [point.out === 'lo' ? 'loop' : 'from-box']
    case 'POSTROUTING':
      return point.out === 'lo' ? ['loop'] : point.in === NO_DEVICE ? ['from-box'] : ['through', 'from-box']
    case 'FORWARD':
      return ['through']
    default:
      return hook satisfies never
  }
}

const OTHER_DEVICE = 'witness0'
const FAR = { 4: '192.0.2.77', 6: '2001:db8:9::77' } as const

/** The box: every device of the packet, its own addresses where they must be, routes that lead the packet as it wants. */
export function boxOf(point: HeaderPoint, way: Way): Box {
  const { source, destination } = point
  const host = source.family === 4 ? 32 : 128
  const addresses = new Map<string, string[]>([[OTHER_DEVICE, []]])
  const give = (device: string, address: Address | undefined): void => {
    const known = addresses.get(device || OTHER_DEVICE) ?? []
    if (address !== undefined) known.push(`${address}/${host}`)
    addresses.set(device || OTHER_DEVICE, known)
  }
  const input = way === 'loop' ? 'lo' : point.in
  const output = way === 'loop' ? 'lo' : point.out
  give(input, way === 'to-box' || way === 'loop' ? destination : undefined)
  give(output, way === 'from-box' || (way === 'loop' && !source.equals(destination)) ? source : undefined)
  if (way === 'loop') addresses.set('lo', [...new Set(addresses.get('lo'))])
  const routes: string[] = []
  if (way === 'through' || way === 'to-box') routes.push(`${source}/${host} dev ${input || OTHER_DEVICE}`)
  if (way === 'through' || way === 'from-box')
    routes.push(`${destination}/${host} dev ${output || OTHER_DEVICE}`)
  routes.push(`default dev ${way === 'to-box' ? input : OTHER_DEVICE}`)
  return {
    interfaces: Object.fromEntries([...addresses].map(([name, list]) => [name, { addresses: list }])),
    routes: [...new Set(routes)],
    sysctls: { 'net.ipv4.conf.all.accept_local': 1, 'net.ipv4.conf.all.route_localnet': 1 },
  }
}

/**
 * The packet of a point and what must come before it. A string says why that is not known how to do.
 *
 * @throws RangeError for packets that cannot be made
 */
export function playOf(point: HeaderPoint, way: Way): Play | string {
  if (point.translated.length > 0) return 'its connection must be translated'
  switch (point.state) {
    case 'NEW':
    case 'INVALID':
    case 'UNTRACKED':
      return { history: [], arrival: arrivalOf(point, way) }
    case 'ESTABLISHED':
      return established(point, way)
    case 'RELATED':
      return related(point, way)
    default:
      return point.state satisfies never
  }
}

/** An ESTABLISHED packet: the connection was opened by its sender, or by the other side. */
function established(point: HeaderPoint, way: Way): Play {
  const isReply = point.direction === 'reply'
  const opener = { ...(isReply ? swapped(point) : point), ...plainOpening(point) } as HeaderPoint
  const answer = {
    ...(isReply ? point : swapped(point)),
    ...plainOpening(point),
    icmpType: answering(opener),
  }
  const from = (mine: boolean) => (mine === isReply ? 'reverse' : 'same')
  const tcpOnly = point.protocol === IPPROTO_TCP
  const open = arrivalOf({ ...opener, flags: 0x02 }, way, { side: from(true) })
  const reply = arrivalOf({ ...answer, flags: 0x12 }, way, {
    side: from(false),
    packet: { sequence: 5000, acknowledgment: 1001 },
  })
  const acknowledge = arrivalOf({ ...opener, flags: 0x10 }, way, {
    side: from(true),
    packet: { sequence: 1001, acknowledgment: 5001 },
  })
  const numbers = isReply
    ? { sequence: 5001, acknowledgment: 1001 }
    : { sequence: 1001, acknowledgment: 5001 }
  const arrival = arrivalOf(point, way, { packet: numbers })
  if (tcpOnly) return { history: [open, reply, acknowledge], arrival }
  return { history: isReply ? [open] : [open, reply], arrival }
}

function plainOpening(point: HeaderPoint): Partial<HeaderPoint> {
  return { length: point.source.family === 4 ? 60 : 80, mark: 0, tos: 0, ttl: 64, state: 'NEW' }
}

function answering({ icmpType }: HeaderPoint): number {
  const replies: Readonly<Record<number, number>> = { 8: 0, 13: 14, 15: 16, 17: 18, 128: 129 }
  return replies[icmpType] ?? icmpType
}

/** A RELATED packet: an ICMP error about something that its receiver sent before. */
function related(point: HeaderPoint, way: Way): Play | string {
  const icmp = point.source.family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6
  if (point.protocol !== icmp) return 'its connection must be expected by a helper'
  const far = FAR[point.source.family]
  const v6 = point.source.family === 6
  const from = v6 ? `[${point.destination}]:40000` : `${point.destination}:40000`
  const sent = udp({ from, to: v6 ? `[${far}]:9` : `${far}:9`, data: 8 })
  const cause = swapped(point, { destination: Address.parse(far), mark: 0 })
  return {
    history: [arrivalOf(cause, way, { side: 'reverse', made: sent })],
    arrival: arrivalOf(point, way, { packet: { quote: sent } }),
  }
}

interface ArrivalOptions {
  /** `reverse`: a packet of the other direction. */
  readonly side?: 'same' | 'reverse'
  readonly packet?: Parameters<typeof packetOf>[1]
  readonly made?: Packet
}

/** The arrival that shows up as this point at the hook. A reverse packet comes from where the other goes. */
function arrivalOf(point: HeaderPoint, forth: Way, options: ArrivalOptions = {}): Arrival {
  const { side = 'same', packet: changes = {} } = options
  const way = side === 'same' ? forth : reverse(forth)
  // a forwarded packet has lost a hop by the time a device to leave by is known
  const hop = way === 'through' && point.in !== NO_DEVICE && point.out !== NO_DEVICE ? 1 : 0
  const packet = options.made ?? packetOf(point, { ...changes, ttl: point.ttl + hop })
  const mark = point.mark === 0 ? {} : { mark: point.mark | 0 }
  if (way === 'from-box' || way === 'loop') return { local: true, packet, ...mark }
  return {
    device: point.in === NO_DEVICE ? OTHER_DEVICE : point.in,
    packet,
    ...mark,
    ...(point.mac !== NO_MAC && { macSource: point.mac }),
    ...(point.packetType !== 'host' && { packetType: point.packetType }),
  }
}

function reverse(way: Way): Way {
  return way === 'to-box' ? 'from-box' : way === 'from-box' ? 'to-box' : way
}
