import { Address } from '../../src/address.ts'
import type { ConntrackContext } from '../../src/conntrack/context.ts'
import { confirmPacket, ctStateName, trackPacket } from '../../src/conntrack/core.ts'
import { sweepExpired } from '../../src/conntrack/destroy.ts'
import { dumpConnection } from '../../src/conntrack/dump.ts'
import type { ConntrackEvent } from '../../src/conntrack/events.ts'
import { ExpectationTable } from '../../src/conntrack/expectations.ts'
import { GreKeys } from '../../src/conntrack/gre-keys.ts'
import { formatEvent, listConnections } from '../../src/conntrack/list.ts'
import { SessionTable } from '../../src/conntrack/session-table.ts'
import type { ConntrackStep } from '../../src/conntrack/steps.ts'
import { DEFAULT_SYSCTLS } from '../../src/conntrack/sysctls.ts'
import type { ConntrackTemplate } from '../../src/conntrack/template.ts'
import { Skb } from '../../src/packet/skb.ts'

/** A box that does nothing but track: every packet passes and is confirmed. */
export class Box {
  table = SessionTable.empty()
  expectations = ExpectationTable.empty()
  nowMs = 1_000_000
  sysctls = { ...DEFAULT_SYSCTLS, checksum: false }
  template: ConntrackTemplate | undefined = undefined
  /** The events of the last packet. */
  events: string[] = []
  /** The trace of the last packet. */
  steps: ConntrackStep[] = []

  wait(seconds: number): void {
    this.nowMs += seconds * 1000
  }

  /** What `--ctstate` says of a packet; it is confirmed unless `drop` is set. */
  see(bytes: Uint8Array, drop = false): string {
    const owner = {}
    const events: ConntrackEvent[] = []
    this.steps = []
    const context: ConntrackContext = {
      nowMs: this.nowMs,
      hook: 'PREROUTING',
      sysctls: this.sysctls,
      sessions: this.table.begin(owner),
      expectations: this.expectations.begin(owner),
      greKeys: GreKeys.empty(),
      openedCalls: undefined,
      events,
      recorder: { add: step => this.steps.push(step) },
    }
    const skb = new Skb(bytes[0]! >> 4 === 6 ? 6 : 4, bytes)
    const verdict = trackPacket(skb, this.template, context)
    const state = ctStateName(skb)
    if (verdict === 'accept' && !drop) confirmPacket(skb, context)
    sweepExpired(context)
    this.table = context.sessions.commit()
    this.expectations = context.expectations.commit()
    this.events = events.map(event => formatEvent(event))
    return verdict === 'accept' ? state : 'DROP'
  }

  /** State and seconds left of the only connection, e.g. `SYN_SENT 120` or `30`; `-` when there is none. */
  get entry(): string {
    const live = [...this.table].filter(({ expiresAtMs }) => expiresAtMs > this.nowMs)
    if (live.length === 0) return '-'
    return live
      .map(connection => {
        const { state, timeout, status } = dumpConnection(connection, this.nowMs)
        const assured = status.includes('ASSURED') ? ' ASSURED' : ''
        return `${state === undefined ? '' : `${state} `}${timeout}${assured}`
      })
      .join(', ')
  }

  list(): string[] {
    return listConnections(this.table, this.nowMs)
  }

  /** Why the last packet was INVALID or ignored. */
  get reason(): string | undefined {
    const step = this.steps.find(({ kind }) => kind === 'conntrack')
    return step?.kind === 'conntrack' ? step.reason : undefined
  }
}

export const CLIENT = '10.0.0.1'
export const SERVER = '10.0.0.2'

/** An IPv4 packet. */
export function ip(
  protocol: number,
  payload: readonly number[],
  source = CLIENT,
  destination = SERVER,
): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length)
  bytes[0] = 0x45
  bytes[2] = bytes.length >> 8
  bytes[3] = bytes.length
  bytes[8] = 64
  bytes[9] = protocol
  Address.parse(source).write(bytes, 12)
  Address.parse(destination).write(bytes, 16)
  bytes.set(payload, 20)
  return bytes
}

const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 }

export interface Segment {
  seq?: number
  ack?: number
  win?: number
  data?: number
}

/** A TCP segment from the client (port 1000) to the server (port 80), or back. */
export function tcp(from: 'client' | 'server', flags: string, segment: Segment = {}): Uint8Array {
  const ports = from === 'client' ? [1000, 80] : [80, 1000]
  const { seq = 0, ack = 0, win = 5000, data = 0 } = segment
  let bits = 0
  for (const flag of flags) bits |= FLAGS[flag]!
  const payload = [
    ...u16(ports[0]!),
    ...u16(ports[1]!),
    ...u32(seq),
    ...u32(ack),
    0x50,
    bits,
    ...u16(win),
    0,
    0,
    0,
    0,
  ]
  const all = [...payload, ...new Array<number>(data).fill(0x78)]
  return from === 'client' ? ip(6, all) : ip(6, all, SERVER, CLIENT)
}

/** A UDP datagram between ports 1000 and 53. */
export function udp(from: 'client' | 'server', data = 4, protocol = 17): Uint8Array {
  const ports = from === 'client' ? [1000, 53] : [53, 1000]
  const body = [
    ...u16(ports[0]!),
    ...u16(ports[1]!),
    ...u16(8 + data),
    0,
    1,
    ...new Array<number>(data).fill(0),
  ]
  return from === 'client' ? ip(protocol, body) : ip(protocol, body, SERVER, CLIENT)
}

export function icmp(
  from: 'client' | 'server',
  type: number,
  id = 7,
  code = 0,
  rest: readonly number[] = [],
): Uint8Array {
  const body = [type, code, 0, 0, ...u16(id), 0, 1, ...rest]
  return from === 'client' ? ip(1, body) : ip(1, body, SERVER, CLIENT)
}

/** An SCTP packet of chunks `[type, flags, ...value]`. */
export function sctp(
  from: 'client' | 'server',
  tag: number,
  ...chunks: readonly (readonly number[])[]
): Uint8Array {
  const ports = from === 'client' ? [1000, 80] : [80, 1000]
  const body = [...u16(ports[0]!), ...u16(ports[1]!), ...u32(tag), 0, 0, 0, 0]
  for (const [type, flags, ...value] of chunks) {
    body.push(type!, flags!, ...u16(4 + value.length), ...value)
    while (body.length % 4 !== 0) body.push(0)
  }
  return from === 'client' ? ip(132, body) : ip(132, body, SERVER, CLIENT)
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)]
}
