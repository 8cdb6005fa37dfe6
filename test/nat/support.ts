import { Address } from '../../src/address.ts'
import { Connection, Status, TcpTracking } from '../../src/conntrack/connection.ts'
import { ExpectationTable } from '../../src/conntrack/expectations.ts'
import { GreKeys } from '../../src/conntrack/gre-keys.ts'
import type { NatRange } from '../../src/conntrack/nat-range.ts'
import { SessionTable } from '../../src/conntrack/session-table.ts'
import { DEFAULT_SYSCTLS } from '../../src/conntrack/sysctls.ts'
import { invertTuple, Tuple } from '../../src/conntrack/tuple.ts'
import { bind } from '../../src/nat/bind.ts'
import { CONNTRACK_NAT } from '../../src/nat/conntrack-nat.ts'
import type { NatContext, PortChooser } from '../../src/nat/context.ts'
import type { Manip } from '../../src/nat/manip.ts'

const TCP = 6
const UDP = 17
const ICMP = 1
const ICMPV6 = 58

/** A step under way, without the rest of a firewall. */
export function context(
  choosePort?: PortChooser,
): NatContext & { readonly owner: object; readonly steps: object[] } {
  const owner = {}
  const steps: object[] = []
  return {
    owner,
    steps,
    nowMs: 1_000_000,
    hook: 'POSTROUTING',
    sysctls: DEFAULT_SYSCTLS,
    sessions: SessionTable.empty().begin(owner),
    expectations: ExpectationTable.empty().begin(owner),
    greKeys: GreKeys.empty(),
    openedCalls: undefined,
    events: [],
    recorder: { add: step => steps.push(step) },
    options: choosePort === undefined ? {} : { choosePort },
    nat: CONNTRACK_NAT,
  } as NatContext & { owner: object; steps: object[] }
}

/** `tcp 10.6.0.2:1025>198.51.100.7:80`; for ICMP the first port is the id and the second `type*256+code`. */
export function tuple(text: string): Tuple {
  const [protocol, ends] = text.split(' ') as [string, string]
  const [from, to] = ends.split('>') as [string, string]
  const split = (end: string): [Address, number] => {
    const colon = end.lastIndexOf(':')
    return [Address.parse(end.slice(0, colon).replace(/[[\]]/g, '')), Number(end.slice(colon + 1))]
  }
  const [source, sport] = split(from)
  const [destination, dport] = split(to)
  const number = { tcp: TCP, udp: UDP, icmp: ICMP, icmpv6: ICMPV6, gre: 47, esp: 50, sctp: 132 }[protocol]!
  return new Tuple(source, destination, number, sport, dport)
}

/** The other way round: what a test compares with. */
export function text({ source, destination, protocol, sport, dport }: Tuple): string {
  const name = { 6: 'tcp', 17: 'udp', 1: 'icmp', 58: 'icmpv6', 47: 'gre', 50: 'esp', 132: 'sctp' }[protocol]
  const end = (address: Address, port: number) =>
    address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
  return `${name} ${end(source, sport)}>${end(destination, dport)}`
}

/** A connection that has just been opened by this packet. */
export function opened(original: string, owner: object = {}): Connection {
  const first = tuple(original)
  const connection = new Connection(first, invertTuple(first)!)
  connection.owner = owner
  connection.expiresAtMs = 120_000
  if (first.protocol === TCP) {
    connection.protocolState = new TcpTracking()
    connection.protocolState.state = 1
  }
  return connection
}

/** A connection that is in the table, and answers to this reply tuple. */
export function established(step: ReturnType<typeof context>, original: string, reply: string): Connection {
  const connection = opened(original, step.owner)
  connection.reply = tuple(reply)
  const unchanged = invertTuple(connection.original)!
  connection.status = Status.CONFIRMED | Status.SRC_NAT_DONE | Status.DST_NAT_DONE
  if (
    !connection.reply.destination.equals(unchanged.destination) ||
    connection.reply.dport !== unchanged.dport
  )
    connection.status |= Status.SRC_NAT
  if (!connection.reply.source.equals(unchanged.source) || connection.reply.sport !== unchanged.sport)
    connection.status |= Status.DST_NAT
  connection.expiresAtMs = step.nowMs + 120_000
  step.sessions.insert(connection)
  return connection
}

/** `203.0.113.1:1024-2047`, `203.0.113.1-203.0.113.9`, `:80`: addresses and ports of a range. */
export function range(manip: Manip, spec: string, flags: Partial<NatRange> = {}): NatRange {
  const [, addresses, ports] = /^([^:]*)(?::(.*))?$/.exec(spec)!
  const [min, max = min] = addresses === '' ? [] : addresses!.split('-').map(Address.parse)
  const [minPort, maxPort = minPort] = ports === undefined ? [] : ports.split('-').map(Number)
  return {
    manip,
    ...(min !== undefined && { minAddress: min, maxAddress: max! }),
    ...(minPort !== undefined && { minPort, maxPort: maxPort! }),
    ...flags,
  }
}

/** Binds a new connection and says what its packets look like from now on. */
export function bound(
  step: NatContext & { owner: object },
  original: string,
  manip: Manip,
  spec?: NatRange,
): { readonly looks: string; readonly connection: Connection; readonly ok: boolean } {
  const connection = opened(original, step.owner)
  const ok = bind(connection, spec, manip, step)
  return { looks: text(invertTuple(connection.reply)!), connection, ok }
}
