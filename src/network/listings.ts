import type { Address, Family } from '../address.ts'
import { stateName } from '../conntrack/dump.ts'
import { listConnections } from '../conntrack/list.ts'
import { formatNatTable, natTable } from '../nat/table.ts'
import type { HostState, Listener, UdpSocket } from './host-state.ts'
import { firewallOf, type Network, nodeOf } from './model.ts'
import type { TcpConnection, TcpState } from './tcp-connection.ts'

/**
 * Which lines: `t` TCP, `u` UDP, `l` only what listens, `a` everything, `p` with programs; `n` (numbers instead of
 * names) is always on. As in `ss -tlnp`.
 */
export type ListingFlags = string

interface Row {
  readonly protocol: 'tcp' | 'udp'
  readonly family: Family
  /** As `ss` spells it. */
  readonly state: TcpState | 'LISTEN' | 'UNCONN'
  readonly receiveQueue: number
  readonly sendQueue: number
  readonly local: string
  readonly localPort: string
  readonly peer: string
  readonly peerPort: string
  readonly pid: number
  readonly program: string
  readonly descriptor: number
}

/**
 * `ss` on a node, e.g. `ss(network, 'web', 'tlnp')`; laid out as iproute2 does it, without trailing blanks.
 *
 * @param flags letters as behind `ss -`; see `ListingFlags`
 * @returns lines, the heading first; UDP before TCP, listening sockets before connections
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * console.log(ss(network, 'web', 'tlnp'))
 * // State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
 * // LISTEN 0      128          0.0.0.0:80        0.0.0.0:*    users:(("nginx",pid=101,fd=3))
 */
export function ss(network: Network, node: string, flags: ListingFlags = 'tan'): string {
  const rows = rowsOf(nodeOf(network, node).host, flags, 'ss')
  const many = flags.includes('u') && flags.includes('t')
  const withProgram = flags.includes('p')
  const local = Math.max(14, ...rows.map(({ local: text }) => text.length + 1))
  const peer = Math.max(13, ...rows.map(({ peer: text }) => text.length + 1))
  const localPort = Math.max(4, ...rows.map(row => row.localPort.length))
  const peerPort = Math.max(4, ...rows.map(row => row.peerPort.length))
  const state = Math.max(5, ...rows.map(row => row.state.length))
  const line = (cells: readonly string[], process: string): string => {
    const [
      protocol = '',
      name = '',
      receive = '',
      send = '',
      from = '',
      fromPort = '',
      to = '',
      toPort = '',
    ] = cells
    const head = many ? `${protocol.padEnd(5)} ` : ''
    const ends = `${from.padStart(local)}${fromPort.padEnd(localPort)} ${to.padStart(peer)}${toPort.padEnd(peerPort)}`
    return `${head}${name.padEnd(state)} ${receive.padEnd(6)} ${send.padEnd(6)} ${ends}${process}`.trimEnd()
  }
  const heading = line(
    ['Netid', 'State', 'Recv-Q', 'Send-Q', 'Local Address:', 'Port', 'Peer Address:', 'Port'],
    'Process',
  )
  const lines = rows.map(row => {
    const { protocol, state: name, receiveQueue, sendQueue, localPort: port, peerPort: otherPort } = row
    const users = ` users:(("${row.program}",pid=${row.pid},fd=${row.descriptor}))`
    const ends = [`${row.local}:`, port, `${row.peer}:`, otherPort]
    const cells = [protocol, name, String(receiveQueue), String(sendQueue), ...ends]
    return line(cells, withProgram && row.pid !== 0 ? users : '')
  })
  return [heading, ...lines].join('\n')
}

/**
 * `netstat` on a node, e.g. `netstat(network, 'web', 'tlnp')` or `'tunap'`; laid out as net-tools does it, without
 * trailing blanks.
 *
 * @param flags letters as behind `netstat -`; see `ListingFlags`
 * @returns lines, two of heading first; TCP before UDP, listening sockets before connections
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * console.log(netstat(network, 'web', 'tln'))
 * // Active Internet connections (only servers)
 * // Proto Recv-Q Send-Q Local Address           Foreign Address         State
 * // tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN
 */
export function netstat(network: Network, node: string, flags: ListingFlags = 'tunap'): string {
  const rows = rowsOf(nodeOf(network, node).host, flags, 'netstat')
  const what = flags.includes('l')
    ? 'only servers'
    : flags.includes('a')
      ? 'servers and established'
      : 'w/o servers'
  const program = flags.includes('p')
  const title = `Active Internet connections (${what})`
  const heading = `Proto Recv-Q Send-Q ${'Local Address'.padEnd(23)} ${'Foreign Address'.padEnd(23)} ${'State'.padEnd(11)}${program ? ' PID/Program name' : ''}`
  const lines = rows.map(row => {
    const protocol = `${row.protocol}${row.family === 6 ? '6' : ''}`.padEnd(5)
    const local = `${row.local}:${row.localPort}`.padEnd(23)
    const peer = `${row.peer}:${row.peerPort}`.padEnd(23)
    const state = (NETSTAT_STATES[row.state] ?? '').padEnd(11)
    const owner = row.pid === 0 ? '-' : `${row.pid}/${row.program}`
    const queues = `${String(row.receiveQueue).padStart(6)} ${String(row.sendQueue).padStart(6)}`
    return `${protocol} ${queues} ${local} ${peer} ${state}${program ? ` ${owner}` : ''}`.trimEnd()
  })
  return [title, heading.trimEnd(), ...lines].join('\n')
}

const NETSTAT_STATES: Readonly<Partial<Record<Row['state'], string>>> = {
  LISTEN: 'LISTEN',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECV': 'SYN_RECV',
  ESTAB: 'ESTABLISHED',
  'FIN-WAIT-1': 'FIN_WAIT1',
  'FIN-WAIT-2': 'FIN_WAIT2',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  CLOSING: 'CLOSING',
  'LAST-ACK': 'LAST_ACK',
  'TIME-WAIT': 'TIME_WAIT',
}

function rowsOf(host: HostState, flags: string, style: 'ss' | 'netstat'): Row[] {
  const all = flags.includes('a')
  const listening = flags.includes('l')
  const anyProtocol = !flags.includes('t') && !flags.includes('u')
  const rows: Row[] = []
  if (flags.includes('t') || anyProtocol) {
    if (listening || all) for (const listener of host.listeners) rows.push(listenerRow(host, listener, style))
    if (!listening) rows.push(...connectionRows(host, style))
  }
  const datagrams = (flags.includes('u') || anyProtocol) && (listening || all)
  const udpRows = datagrams ? host.udpSockets.map(socket => udpRow(host, socket, style)) : []
  return style === 'ss' ? [...udpRows, ...rows] : [...rows, ...udpRows]
}

function connectionRows(host: HostState, style: 'ss' | 'netstat'): Row[] {
  const connections = [...host.connections].map(([, connection]) => connection)
  return connections.sort((a, b) => a.id - b.id).map(connection => connectionRow(host, connection, style))
}

function connectionRow(host: HostState, connection: TcpConnection, style: 'ss' | 'netstat'): Row {
  const { tuple, state, buffer, finSent } = connection
  // A SYN or a FIN that is not acknowledged yet takes a sequence number (`write_seq - snd_una`).
  const holdsNumber = state === 'SYN-SENT' || (finSent && state !== 'FIN-WAIT-2' && state !== 'TIME-WAIT')
  const unowned = state === 'TIME-WAIT' || state === 'SYN-RECV'
  return {
    protocol: 'tcp',
    family: tuple.family,
    state,
    receiveQueue: 0,
    sendQueue: buffer.length + (holdsNumber ? 1 : 0),
    local: addressText(tuple.source, style),
    localPort: String(tuple.sport),
    peer: addressText(tuple.destination, style),
    peerPort: String(tuple.dport),
    ...owner(host, unowned ? 0 : connection.pid, connection.id),
  }
}

function listenerRow(host: HostState, listener: Listener, style: 'ss' | 'netstat'): Row {
  // netstat leaves the backlog out.
  const sendQueue = style === 'ss' ? listener.backlog : 0
  return { ...boundRow(host, listener, style), protocol: 'tcp', state: 'LISTEN', sendQueue }
}

function udpRow(host: HostState, socket: UdpSocket, style: 'ss' | 'netstat'): Row {
  return { ...boundRow(host, socket, style), protocol: 'udp', state: 'UNCONN', sendQueue: 0 }
}

function boundRow(
  host: HostState,
  { address, family, port, pid, id }: UdpSocket,
  style: 'ss' | 'netstat',
): Omit<Row, 'protocol' | 'state' | 'sendQueue'> {
  const dual = address === undefined && family === undefined
  const v6 = dual || address?.family === 6 || family === 6
  const any = style === 'ss' ? (dual ? '*' : v6 ? '[::]' : '0.0.0.0') : v6 ? '::' : '0.0.0.0'
  return {
    family: v6 ? 6 : 4,
    receiveQueue: 0,
    local: address === undefined ? any : addressText(address, style),
    localPort: String(port),
    peer: any,
    peerPort: '*',
    ...owner(host, pid, id),
  }
}

function owner(host: HostState, pid: number, socket: number) {
  const program = host.processes.find(process => process.pid === pid)?.program.name ?? ''
  return { pid: program === '' ? 0 : pid, program, descriptor: socket + 2 }
}

function addressText(address: Address, style: 'ss' | 'netstat'): string {
  return style === 'ss' && address.family === 6 ? `[${address}]` : address.toString()
}

/**
 * `conntrack -L` on a node, as one text; `conntrackList(firewallOf(network, node))` of the main entry gives a list.
 *
 * @returns a line for each live connection, times in seconds; '' for none
 * @throws RangeError when there is no such node
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
 * const pinged = ping(network, 'laptop', 'web').network
 * conntrackOf(pinged, 'fw').slice(0, 64) // 'icmp     1 29 src=10.6.34.100 dst=198.51.100.7 type=8 code=0 id='
 */
export function conntrackOf(network: Network, node: string): string {
  const { sessions, nowMs } = firewallOf(network, node)
  return listConnections(sessions, nowMs).join('\n')
}

/**
 * The same as {@link conntrackOf}.
 *
 * @deprecated for its name: that of the main entry is about a firewall, and gives a list
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * conntrackList(network, 'a') // ''
 */
export function conntrackList(network: Network, node: string): string {
  return conntrackOf(network, node)
}

/**
 * The NAT table of a node, as a textbook draws it.
 *
 * @returns a heading and a line for each live connection that is translated, timeouts in seconds
 * @throws RangeError when there is no such node
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
 * console.log(natTableOf(connected, 'fw'))
 * // protocol  kind  inside             outside            remote           state        timeout
 * // tcp       SNAT  10.6.34.100:40000  203.0.113.1:40000  198.51.100.7:80  ESTABLISHED  432000
 */
export function natTableOf(network: Network, node: string): string {
  const { sessions, nowMs } = firewallOf(network, node)
  return formatNatTable(natTable(sessions, nowMs, stateName))
}
