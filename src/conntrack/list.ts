import {
  IPPROTO_DCCP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import { type Connection, type Direction, ORIGINAL, REPLY, Status } from './connection.ts'
import { stateName } from './dump.ts'
import { Change, type ConntrackEvent } from './events.ts'
import type { Tuple } from './tuple.ts'

export interface ListOptions {
  /** `-o extended`: each line begins with the network protocol. */
  readonly extended?: boolean
  /** False leaves the counters out, as with `nf_conntrack_acct=0`. */
  readonly counters?: boolean
  /** Only these; how many connections use one is counted among all. */
  readonly select?: (connection: Connection) => boolean
}

/**
 * What `conntrack -L` (conntrack-tools 1.4.7) prints on its standard output: one line for each live connection, in the
 * order of ids (the kernel's is that of its hash).
 *
 * @example
 * // tcp      6 431999 ESTABLISHED src=10.6.0.2 dst=198.51.100.7 sport=1025 dport=80 packets=2 bytes=112 src=… [ASSURED] mark=0 use=1
 */
export function listConnections(
  connections: Iterable<Connection>,
  nowMs: number,
  options: ListOptions = {},
): string[] {
  const live = [...connections].filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  const children = new Map<number, number>()
  for (const { masterId } of live)
    if (masterId !== undefined) children.set(masterId, (children.get(masterId) ?? 0) + 1)
  const { select = () => true } = options
  return live.filter(select).map(connection => {
    const head = [...beginning(connection, options.extended === true), secondsLeft(connection, nowMs)]
    return [
      ...head,
      ...middle(connection, options.counters !== false),
      `mark=${connection.mark >>> 0}`,
      ...zoneOf(connection),
      ...(connection.helper === undefined ? [] : [`helper=${connection.helper}`]),
      `use=${1 + (children.get(connection.id) ?? 0)}`,
    ].join(' ')
  })
}

/**
 * One line of `conntrack -E`.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const query = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' })
 * const { events } = step(box, { device: 'eth0', packet: query })
 * formatEvent(events[0]).slice(0, 42) // '    [NEW] udp      17 30 src=192.0.2.7 dst'
 */
export function formatEvent(event: ConntrackEvent, options: ListOptions = {}): string {
  const { connection, type, changes, atMs } = event
  const isEnd = type === 'DESTROY'
  const left = secondsLeft(connection, atMs)
  // The end of a connection that ran out says no timeout, any other event no counters.
  return [
    `[${type}]`.padStart(9),
    ...beginning(connection, options.extended === true),
    ...(isEnd && left <= 0 ? [] : [left]),
    // the kernel tells the state at the end, and when it has changed
    ...middle(connection, isEnd && options.counters !== false, isEnd || (changes & Change.PROTOCOL) !== 0),
    ...(connection.mark !== 0 || (changes & Change.MARK) !== 0 ? [`mark=${connection.mark >>> 0}`] : []),
    ...zoneOf(connection),
    // told with everything but the end
    ...(connection.helper !== undefined && !isEnd ? [`helper=${connection.helper}`] : []),
  ].join(' ')
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [IPPROTO_TCP, 'tcp'],
  [IPPROTO_UDP, 'udp'],
  [IPPROTO_UDPLITE, 'udplite'],
  [IPPROTO_ICMP, 'icmp'],
  [IPPROTO_ICMPV6, 'icmpv6'],
  [IPPROTO_SCTP, 'sctp'],
  [IPPROTO_GRE, 'gre'],
  [IPPROTO_DCCP, 'dccp'],
])

function beginning({ original }: Connection, extended: boolean): (string | number)[] {
  const name = (NAMES.get(original.protocol) ?? 'unknown').padEnd(8)
  const network = original.family === 4 ? ['ipv4    ', 2] : ['ipv6    ', 10]
  return [...(extended ? network : []), name, original.protocol]
}

function middle(connection: Connection, counters: boolean, tellsState = true): string[] {
  const state = tellsState ? stateName(connection) : undefined
  return [
    ...(state === undefined ? [] : [state]),
    ...side(connection, ORIGINAL, counters),
    ...(connection.has(Status.SEEN_REPLY) ? [] : ['[UNREPLIED]']),
    ...side(connection, REPLY, counters),
    ...(connection.has(Status.ASSURED) ? ['[ASSURED]'] : []),
  ]
}

function side(connection: Connection, direction: Direction, counters: boolean): string[] {
  const tuple = connection.tuple(direction)
  const { zone } = connection
  const zoneCounts = direction === ORIGINAL ? zone.original && !zone.reply : zone.reply && !zone.original
  return [
    `src=${tuple.source}`,
    `dst=${tuple.destination}`,
    ...ports(tuple),
    ...(zone.id !== 0 && zoneCounts ? [`zone-${direction === ORIGINAL ? 'orig' : 'reply'}=${zone.id}`] : []),
    ...(counters && connection.isAccounted
      ? [`packets=${connection.packets[direction]}`, `bytes=${connection.bytes[direction]}`]
      : []),
  ]
}

function ports(tuple: Tuple): string[] {
  const { sport, dport } = tuple
  switch (tuple.protocol) {
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return [`type=${dport >>> 8}`, `code=${dport & 0xff}`, `id=${sport}`]
    case IPPROTO_GRE:
      return [`srckey=0x${sport.toString(16)}`, `dstkey=0x${dport.toString(16)}`]
    default:
      return NAMES.has(tuple.protocol) ? [`sport=${sport}`, `dport=${dport}`] : []
  }
}

/** A zone that counts in both directions; others stand beside their tuples. */
function zoneOf({ zone }: Connection): string[] {
  return zone.id !== 0 && zone.original && zone.reply ? [`zone=${zone.id}`] : []
}

/** Rounded down, as the kernel does. */
function secondsLeft(connection: Connection, nowMs: number): number {
  return Math.floor((connection.expiresAtMs - nowMs) / 1000)
}
