import { type Family, Prefix } from './address.ts'
import { type Connection, ORIGINAL, REPLY, type Zone } from './conntrack/connection.ts'
import { deleteConnections } from './conntrack/destroy.ts'
import { hasPorts, stateName } from './conntrack/dump.ts'
import type { Tuple } from './conntrack/tuple.ts'
import { protocolNumber } from './packet/protocols.ts'
import { PATH } from './path.ts'
import type { FirewallState } from './state.ts'
import { Transaction } from './transaction.ts'

/**
 * `conntrack -D`: forgets the connections that a filter means, and what they have announced; `conntrack -F` without one.
 * Their next packets are NEW, and NAT rules are asked again.
 *
 * @throws RangeError for an address or a protocol that cannot be
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const ask = port => ({ device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: `192.0.2.1:${port}` }) })
 * const { state } = run(box, [ask(53), ask(123)])
 * conntrackList(state, { where: { protocol: 'udp', destinationPort: 53 } }).length // 1
 * conntrackList(conntrackDelete(state, { destinationPort: 53 })).length // 1
 * conntrackList(conntrackDelete(state)).length // 0
 */
export function conntrackDelete(state: FirewallState, filter: ConnectionFilter = {}): FirewallState {
  const transaction = new Transaction(state, PATH, {}, undefined)
  transaction.begin()
  deleteConnections(connectionTest(filter), transaction)
  return transaction.commit()
}

/** Which connections are meant: the switches of `conntrack -L` and `-D`. What is left out does not matter. */
export interface ConnectionFilter {
  /** `-f` */
  readonly family?: Family
  /** `-p`: `'tcp'`, or its number. */
  readonly protocol?: string | number
  /** `-s`: an address, or a network as `10.6.0.0/16`. */
  readonly source?: string
  /** `-d` */
  readonly destination?: string
  /** `--sport` */
  readonly sourcePort?: number
  /** `--dport` */
  readonly destinationPort?: number
  /** `-r`: the source of the answers. */
  readonly replySource?: string
  /** `-q` */
  readonly replyDestination?: string
  /** `--reply-port-src` */
  readonly replySourcePort?: number
  /** `--reply-port-dst` */
  readonly replyDestinationPort?: number
  /** `-m` */
  readonly mark?: number
  /** `-w`; to the tool a zone that counts in one direction only (`CT --zone-orig`) is zone 0. */
  readonly zone?: number
  /** `--state`, of protocols that have states. */
  readonly state?: string
}

/**
 * The filter as a test.
 *
 * @throws RangeError for an address or a protocol that cannot be
 */
export function connectionTest(filter: ConnectionFilter): (connection: Connection) => boolean {
  const { family, mark, zone, state } = filter
  const protocol = protocolOf(filter.protocol)
  const original = tupleTest(filter.source, filter.destination, filter.sourcePort, filter.destinationPort)
  const reply = tupleTest(
    filter.replySource,
    filter.replyDestination,
    filter.replySourcePort,
    filter.replyDestinationPort,
  )
  return connection =>
    (family === undefined || connection.original.family === family) &&
    (protocol === undefined || connection.original.protocol === protocol) &&
    (mark === undefined || connection.mark >>> 0 === mark) &&
    (zone === undefined || toolZone(connection.zone) === zone) &&
    (state === undefined || stateName(connection) === state) &&
    original(connection.tuple(ORIGINAL)) &&
    reply(connection.tuple(REPLY))
}

function toolZone({ id, original, reply }: Zone): number {
  return original && reply ? id : 0
}

function protocolOf(protocol: string | number | undefined): number | undefined {
  if (typeof protocol !== 'string') return protocol
  const number = protocolNumber(protocol)
  if (number === undefined)
    throw new RangeError(`there is no protocol '${protocol}': its number will do, too`)
  return number
}

function tupleTest(
  source: string | undefined,
  destination: string | undefined,
  sourcePort: number | undefined,
  destinationPort: number | undefined,
): (tuple: Tuple) => boolean {
  const [from, to] = [networkOf(source), networkOf(destination)]
  const portFits = (tuple: Tuple, port: number, wanted: number | undefined): boolean =>
    wanted === undefined || (hasPorts(tuple.protocol) && port === wanted)
  return tuple =>
    (from === undefined || from.contains(tuple.source)) &&
    (to === undefined || to.contains(tuple.destination)) &&
    portFits(tuple, tuple.sport, sourcePort) &&
    portFits(tuple, tuple.dport, destinationPort)
}

function networkOf(text: string | undefined): Prefix | undefined {
  if (text === undefined) return undefined
  const network = Prefix.tryParse(text)
  if (network === undefined)
    throw new RangeError(`'${text}' is neither an address nor a network like 10.6.0.0/16`)
  return network
}
