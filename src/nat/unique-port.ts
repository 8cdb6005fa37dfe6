import { type Connection, ORIGINAL, Status } from '../conntrack/connection.ts'
import { killConnection } from '../conntrack/destroy.ts'
import { findConnection } from '../conntrack/find.ts'
import type { NatRange } from '../conntrack/nat-range.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { IPPROTO_GRE, IPPROTO_TCP } from '../packet/protocols.ts'
import type { NatContext, PortRequest } from './context.ts'
import type { Manip } from './manip.ts'
import { hasPort, isIcmp, maxPortOf, portOf, withPort } from './range.ts'
import { isTaken, replyTo } from './taken.ts'

/** The kernel tries this many ports in a row, then half as many from another offset, and so on down to 16. */
const MAX_ATTEMPTS = 128
/** In the last attempts of a round, closed TCP entries are evicted to make room. */
const HARDER_THRESHOLD = MAX_ATTEMPTS / 4

/** The kernel's numbers of TCP states (`enum tcp_conntrack`). */
const TCP_SYN_SENT = 1
const TCP_TIME_WAIT = 7

/**
 * Finds a port (ICMP id, GRE key) that makes the tuple unique: `nf_nat_l4proto_unique_tuple` of
 * net/netfilter/nf_nat_core.c. When nothing is free the last one tried is returned all the same: the clash is noticed
 * when the connection is confirmed.
 *
 * @throws RangeError when the port chooser wishes for a port that the kernel could not have chosen
 */
export function findUniquePort(
  tuple: Tuple,
  range: NatRange,
  manip: Manip,
  connection: Connection,
  context: NatContext,
): Tuple {
  if (!hasPort(tuple.protocol)) return tuple
  if (tuple.protocol === IPPROTO_GRE && connection.masterId === undefined) return tuple
  const ports = portsOf(tuple, range, manip)
  if (ports === undefined) return tuple
  const search = new PortSearch(tuple, manip, ports[0], ports[1], connection, context)

  const random = range.random === true || range.randomFully === true
  if (range.basePort !== undefined) return search.from((search.current - range.basePort) & 0xffff)
  if (manip === 'destination' && !random) return search.from(0)
  return search.wish() ?? search.from(search.hash)
}

/** Lowest port and how many of them may be tried; undefined where the port may not change at all. */
function portsOf(tuple: Tuple, range: NatRange, manip: Manip): readonly [number, number] | undefined {
  const { protocol } = tuple
  if (range.minPort !== undefined) {
    const a = range.minPort
    const b = maxPortOf(range)
    if (isIcmp(protocol) || protocol === IPPROTO_GRE || a <= b) return [a, b - a + 1]
    return [b, a - b + 1]
  }
  if (isIcmp(protocol)) return [0, 65536]
  if (protocol === IPPROTO_GRE) return [1, 65535]
  if (manip === 'destination') return undefined
  return portClass(tuple.sport)
}

/** A source port stays in its class: servers used to trust low ports. */
export function portClass(port: number): readonly [min: number, size: number] {
  if (port < 512) return [1, 511]
  if (port < 1024) return [600, 424]
  return [1024, 64512]
}

class PortSearch implements PortRequest {
  readonly original: Tuple
  readonly manip: Manip
  readonly min: number
  readonly max: number
  readonly current: number
  readonly hash: number
  readonly proposal: number
  private readonly tuple: Tuple
  private readonly size: number
  private readonly connection: Connection
  private readonly context: NatContext

  constructor(
    tuple: Tuple,
    manip: Manip,
    min: number,
    size: number,
    connection: Connection,
    context: NatContext,
  ) {
    this.tuple = tuple
    this.manip = manip
    this.min = min
    this.size = size
    this.max = min + size - 1
    this.connection = connection
    this.context = context
    this.original = connection.original
    this.current = portOf(tuple, manip)
    this.hash = (connection.original.hash ^ (connection.original.hash >>> 16)) & 0xffff
    this.proposal = min + (this.hash % size)
  }

  isFree(port: number): boolean {
    const { connection, context } = this
    const candidate = withPort(this.tuple, this.manip, port)
    return !isTaken(candidate, connection, context) || evictable(candidate, connection, context) !== undefined
  }

  /** The port that the caller wants instead of a random one. */
  wish(): Tuple | undefined {
    const { choosePort } = this.context.options
    if (choosePort === undefined || this.size === 1) return undefined
    const port = choosePort(this)
    if (port === undefined) return undefined
    if (!Number.isInteger(port) || port < this.min || port > this.max)
      throw new RangeError(`the port chooser wants ${port}, which is not in ${this.min}-${this.max}`)
    const candidate = withPort(this.tuple, this.manip, port)
    if (isTaken(candidate, this.connection, this.context) && !evict(candidate, this.connection, this.context))
      throw new RangeError(`the port chooser wants ${port}, which another connection has`)
    return candidate
  }

  /** Walks the range from an offset; ever shorter walks from other offsets follow (random ones in the kernel). */
  from(start: number): Tuple {
    let offset = start
    let attempts = Math.min(this.size, MAX_ATTEMPTS)
    for (;;) {
      let candidate = this.tuple
      for (let i = 0; i < attempts; i++, offset++) {
        candidate = withPort(this.tuple, this.manip, this.min + ((offset & 0xffff) % this.size))
        if (!this.isTakenHarder(candidate, attempts - i)) return candidate
      }
      if (attempts >= this.size || attempts < 16) return candidate
      attempts = attempts >> 1
      offset = (Math.imul(offset, 0x9e37) ^ (offset >>> 7)) & 0xffff
    }
  }

  private isTakenHarder(candidate: Tuple, attemptsLeft: number): boolean {
    const { connection, context } = this
    if (!isTaken(candidate, connection, context)) return false
    return attemptsLeft > HARDER_THRESHOLD || !evict(candidate, connection, context)
  }
}

/**
 * The entry that may be killed to make room: a new TCP connection clashes with it, it is over, and its sequence numbers
 * cannot be mistaken for the new ones (`nf_nat_used_tuple_harder`).
 */
function evictable(candidate: Tuple, connection: Connection, context: NatContext): Connection | undefined {
  const fresh = connection.protocolState
  if (candidate.protocol !== IPPROTO_TCP || fresh?.kind !== 'tcp' || fresh.state !== TCP_SYN_SENT)
    return undefined
  const slot = findConnection(replyTo(candidate), connection.zone, context)
  if (slot < 0 || (slot & 1) === ORIGINAL) return undefined
  const holder = context.sessions.get(slot >> 1)!
  const old = holder.protocolState
  if (old?.kind !== 'tcp' || old.state < TCP_TIME_WAIT) return undefined
  if (holder.has(Status.FIXED_TIMEOUT | Status.DYING) || !holder.has(Status.SRC_NAT)) return undefined
  return ((fresh.peers[0].end - old.peers[0].end) | 0) > 0 ? holder : undefined
}

/** @returns whether the tuple is free now */
function evict(candidate: Tuple, connection: Connection, context: NatContext): boolean {
  const holder = evictable(candidate, connection, context)
  if (holder === undefined) return false
  context.recorder?.add({ kind: 'nat-evicted', original: holder.original, reply: holder.reply })
  killConnection(holder, context, 'NAT needs its port')
  return true
}
