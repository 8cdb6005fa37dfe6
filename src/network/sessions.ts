import type { Address } from '../address.ts'
import { Prefix } from '../address.ts'
import { type Connection, Status } from '../conntrack/connection.ts'
import { stateName } from '../conntrack/dump.ts'
import { invertTuple, type Tuple } from '../conntrack/tuple.ts'
import { protocolName } from '../packet/protocols.ts'
import { firewallOf, type Network } from './model.ts'
import { isPrivate } from './plan.ts'

/** What counts as internal: devices, or networks. Default: the private ranges (RFC 1918 and the like). */
export interface InternalSide {
  readonly devices?: readonly string[]
  readonly networks?: readonly string[]
}

/** An entry of a firewall's session table, as an engineer wants to see it. */
export interface Session {
  readonly connection: Connection
  readonly protocol: string
  /** As the first packet came: who has begun it, and with whom. */
  readonly original: Tuple
  /** As answers come: not the inverse of `original` if there is NAT. */
  readonly reply: Tuple
  /** The device the first packet came in on; undefined for the node's own. */
  readonly inDevice: string | undefined
  /** The device it left by; undefined if it was for the node itself. */
  readonly outDevice: string | undefined
  /** By the side of the first packet. */
  readonly initiator: 'internal' | 'external' | 'this node'
  /** `inbound`: from outside to inside; `local`: begun and answered on the same side. */
  readonly direction: 'outbound' | 'inbound' | 'local'
  /** The tracker's state, where the protocol has states. */
  readonly state: string | undefined
  readonly assured: boolean
  readonly replied: boolean
  readonly translated: 'SNAT' | 'DNAT' | 'both' | 'no'
  readonly ageMs: number
  readonly timeoutMs: number
}

/**
 * The sessions of a node, in the order of their ids; what has run out is not there.
 *
 * @param internal what counts as inside; private addresses if nothing is said
 * @returns one for each connection that its firewall tracks, times in milliseconds
 * @throws RangeError when there is no such node, or a network is none
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
 * const connected = connect(network, 'laptop', 'web:80').network
 * const [session] = sessions(connected, 'fw')
 * `${session.direction} ${session.state} ${session.translated}` // 'outbound ESTABLISHED SNAT'
 */
export function sessions(network: Network, node: string, internal: InternalSide = {}): readonly Session[] {
  const { sessions: table, nowMs } = firewallOf(network, node)
  const isInternal = sideTest(internal)
  const found: Session[] = []
  for (const connection of table)
    if (connection.expiresAtMs > nowMs) found.push(sessionOf(connection, nowMs, isInternal))
  return found
}

function sessionOf(connection: Connection, nowMs: number, isInternal: SideTest): Session {
  const { original, reply, inDevice = '', outDevice = '', createdAtMs, expiresAtMs } = connection
  const fromInside = isInternal(original.source, inDevice)
  // The real other end stands in the reply: behind a DNAT the original destination is the firewall's.
  const toInside = isInternal(reply.source, outDevice)
  const protocol = protocolName(original.protocol) ?? String(original.protocol)
  return {
    connection,
    protocol,
    original,
    reply,
    inDevice: inDevice === '' ? undefined : inDevice,
    outDevice: outDevice === '' ? undefined : outDevice,
    initiator: inDevice === '' ? 'this node' : fromInside ? 'internal' : 'external',
    direction: fromInside === toInside ? 'local' : fromInside ? 'outbound' : 'inbound',
    state: stateName(connection),
    assured: connection.has(Status.ASSURED),
    replied: connection.has(Status.SEEN_REPLY),
    translated: translation(connection),
    ageMs: nowMs - createdAtMs,
    timeoutMs: expiresAtMs - nowMs,
  }
}

type SideTest = (address: Address, device: string) => boolean

function sideTest({ devices, networks }: InternalSide): SideTest {
  const prefixes = networks?.map(text => Prefix.parse(text))
  if (devices !== undefined)
    return (address, device) =>
      device === '' ? (prefixes?.some(prefix => prefix.contains(address)) ?? true) : devices.includes(device)
  if (prefixes !== undefined) return address => prefixes.some(prefix => prefix.contains(address))
  return isPrivate
}

function translation(connection: Connection): Session['translated'] {
  const source = connection.has(Status.SRC_NAT)
  const destination = connection.has(Status.DST_NAT)
  if (source) return destination ? 'both' : 'SNAT'
  return destination ? 'DNAT' : 'no'
}

/**
 * Whether NAT has changed an address or a port: answers then do not come as the inverse of what was sent.
 *
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
 * const connected = connect(network, 'laptop', 'web:80').network
 * sessions(connected, 'fw').map(isTranslated) // [ true ]
 * // what is for the gateway itself is not
 * sessions(ping(network, 'laptop', 'fw').network, 'fw').map(isTranslated) // [ false ]
 */
export function isTranslated({ original, reply }: Session): boolean {
  return !(invertTuple(original)?.equals(reply) ?? true)
}

/**
 * The table as text, one session a line under a heading; age and timeout in seconds.
 *
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
 * const connected = connect(network, 'laptop', 'web:80').network
 * const [, line] = formatSessions(sessions(connected, 'fw')).split('\n')
 * line.split(/ {2,}/).slice(2, 5) // [ '198.51.100.7:80 > 203.0.113.1:40000', 'lan0', 'wan0' ]
 */
export function formatSessions(list: readonly Session[]): string {
  const rows = [
    ['proto', 'original', 'reply', 'in', 'out', 'initiated by', 'state', 'age', 'timeout'],
    ...list.map(session => [
      session.protocol,
      tupleText(session.original),
      tupleText(session.reply),
      session.inDevice ?? '-',
      session.outDevice ?? '-',
      session.initiator,
      session.state ?? (session.replied ? 'replied' : 'unreplied'),
      `${Math.floor(session.ageMs / 1000)}s`,
      `${Math.ceil(session.timeoutMs / 1000)}s`,
    ]),
  ]
  return alignColumns(rows)
}

function tupleText({ source, destination, protocol, sport, dport }: Tuple): string {
  if (protocol === 1 || protocol === 58) return `${source} > ${destination} id ${sport}`
  const end = (address: Address, port: number): string =>
    port === 0 ? `${address}` : address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
  return `${end(source, sport)} > ${end(destination, dport)}`
}

/** Rows of cells as lines, two blanks between the columns. */
function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
