import type { Address } from '../address.ts'
import { type Connection, Status } from '../conntrack/connection.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { IPPROTO_GRE, protocolName } from '../packet/protocols.ts'
import type { Manip } from './manip.ts'
import { hasPort, portOf } from './range.ts'

/** One address as it stands in a table: with a port where the protocol has one. */
export interface Endpoint {
  readonly address: Address
  /** A port, or the id of an ICMP query; undefined where the protocol has neither. */
  readonly port: number | undefined
}

/** A line of the NAT table. `inside` is the translated machine as its own side knows it, `outside` as the other side does. */
export interface NatRow {
  readonly protocol: string
  readonly kind: 'SNAT' | 'DNAT' | 'both'
  readonly inside: Endpoint
  readonly outside: Endpoint
  /** The other end, where packets really go to or come from. */
  readonly remote: Endpoint
  /** The tracker's state (`ESTABLISHED`), where the protocol has states. */
  readonly state: string | undefined
  /** Seconds until the entry goes, rounded up. */
  readonly timeoutSeconds: number
  readonly connection: Connection
}

/**
 * The NAT table as a textbook draws it: a view of the connections whose reply tuple is not the inverse of the original
 * one. There is no other table.
 *
 * For a DNAT the translated machine is the server: `inside` is where the packets really go, `outside` the address that
 * the client used. With both, the table shows the SNAT side, and the DNAT is visible in `remote`.
 *
 * @param connections in the order of the rows, e.g. a session table
 * @param stateName names the protocol's state of a connection, as `conntrack -L` does
 *
 * @example
 * formatNatTable(natTable(state.sessions, state.nowMs))
 * // protocol  kind  inside         outside           remote           state        timeout
 * // tcp       SNAT  10.6.0.2:1025  203.0.113.1:1025  198.51.100.7:80  ESTABLISHED  432000
 */
export function natTable(
  connections: Iterable<Connection>,
  nowMs: number,
  stateName: (connection: Connection) => string | undefined = () => undefined,
): readonly NatRow[] {
  const rows: NatRow[] = []
  for (const connection of connections) {
    if (!connection.has(Status.SRC_NAT | Status.DST_NAT) || connection.expiresAtMs <= nowMs) continue
    rows.push({
      protocol: protocolName(connection.original.protocol) ?? String(connection.original.protocol),
      ...sides(connection),
      state: stateName(connection),
      timeoutSeconds: Math.ceil((connection.expiresAtMs - nowMs) / 1000),
      connection,
    })
  }
  return rows
}

function sides(connection: Connection): Pick<NatRow, 'kind' | 'inside' | 'outside' | 'remote'> {
  const { original, reply } = connection
  const source = connection.has(Status.SRC_NAT)
  const destination = connection.has(Status.DST_NAT)
  const client = endpointOf(original, 'source')
  const server = endpointOf(original, 'destination')
  const translatedClient = endpointOf(reply, 'destination')
  const translatedServer = endpointOf(reply, 'source')
  if (source)
    return {
      kind: destination ? 'both' : 'SNAT',
      inside: client,
      outside: translatedClient,
      remote: destination ? translatedServer : server,
    }
  return { kind: 'DNAT', inside: translatedServer, outside: server, remote: client }
}

function endpointOf(tuple: Tuple, manip: Manip): Endpoint {
  const address = manip === 'source' ? tuple.source : tuple.destination
  if (!hasPort(tuple.protocol) || tuple.protocol === IPPROTO_GRE) return { address, port: undefined }
  return { address, port: portOf(tuple, manip) }
}

/** The table as text, one row a line under a heading, columns aligned. */
export function formatNatTable(rows: readonly NatRow[]): string {
  const lines = [
    ['protocol', 'kind', 'inside', 'outside', 'remote', 'state', 'timeout'],
    ...rows.map(row => [
      row.protocol,
      row.kind,
      formatEndpoint(row.inside),
      formatEndpoint(row.outside),
      formatEndpoint(row.remote),
      row.state ?? '-',
      String(row.timeoutSeconds),
    ]),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  return lines
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `10.6.0.2:1025`, `[2001:db8::1]:80`, or the address alone. */
export function formatEndpoint({ address, port }: Endpoint): string {
  if (port === undefined) return address.toString()
  return address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
}
