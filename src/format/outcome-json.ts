import { Address, type Family } from '../address.ts'
import { Tuple } from '../conntrack/tuple.ts'
import type { Fate, LogLine, Outcome } from '../outcome.ts'
import { bytesToHex } from '../packet/hex.ts'
import { Packet } from '../packet/packet.ts'
import type { Rule } from '../rules/model.ts'
import { ruleText } from '../rules/print.ts'
import type { TraceStep } from '../trace.ts'

/** A packet as one readable line, and its bytes in hex. */
export interface PacketJson {
  readonly packet: string
  readonly hex: string
}

/** A {@link Tuple}: `sport` and `dport` are ports, or for ICMP the id and `type << 8 | code`. */
export interface TupleJson {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly sport: number
  readonly dport: number
}

/** A value of a trace as plain data: rules and packets are lines of text, addresses too. */
export type PlainJson<Value> = Value extends Uint8Array | Rule | Address
  ? string
  : Value extends Tuple
    ? TupleJson
    : Value extends object
      ? { readonly [Key in keyof Value]: PlainJson<Value[Key]> }
      : Value

/** What {@link outcomeJson} gives. `log`, `nflog` and `errno` are absent where there is nothing to tell. */
export interface OutcomeJson {
  readonly fate: Fate
  readonly emitted: readonly (PacketJson & {
    readonly device: string
    readonly nextHop: string
    readonly answer: boolean
  })[]
  readonly delivered: readonly (PacketJson & { readonly device: string; readonly mark: number })[]
  readonly log?: readonly Pick<LogLine, 'level' | 'text'>[]
  readonly nflog?: readonly (PacketJson & { readonly group: number; readonly prefix: string })[]
  readonly errno?: number
  /** One for each way through the hooks, as in `Outcome.trace`. */
  readonly trace: readonly { readonly device: string; readonly steps: readonly PlainJson<TraceStep>[] }[]
}

/**
 * An outcome as plain data, for `JSON.stringify`, a worker or a web page: fate, packets as one readable line and as hex,
 * and the trace, whose steps keep the fields of `TraceStep` with rules and packets as text.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p udp -j DROP' })
 * const outcome = step(box, { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) })
 * const { fate, trace } = JSON.parse(JSON.stringify(outcomeJson(outcome)))
 * fate.kind // 'dropped'
 * trace[0].steps.filter(({ kind }) => kind === 'rule').map(({ rule, matched }) => `${rule}: ${matched}`) // [ '-p udp -j DROP: true' ]
 */
export function outcomeJson(outcome: Outcome): OutcomeJson {
  const { fate, emitted, delivered, log, nflog, errno, trace } = outcome
  return {
    fate,
    emitted: emitted.map(({ device, packet, nextHop, answer }) => ({
      device,
      ...packetJson(packet.bytes),
      nextHop: nextHop.toString(),
      answer,
    })),
    delivered: delivered.map(({ device, packet, mark }) => ({ device, ...packetJson(packet.bytes), mark })),
    ...(log.length > 0 && { log: log.map(({ level, text }) => ({ level, text })) }),
    ...(nflog.length > 0 && {
      nflog: nflog.map(({ group, prefix, bytes }) => ({ group, prefix, ...packetJson(bytes) })),
    }),
    ...(errno !== 0 && { errno }),
    trace: trace.map(({ device, steps }) => {
      const family = isIpv6(steps) ? 6 : 4
      return { device, steps: steps.map(step => stepJson(step, family)) }
    }),
  }
}

function packetJson(bytes: Uint8Array): PacketJson {
  return { packet: new Packet(bytes).toString(), hex: bytesToHex(bytes) }
}

function stepJson(step: TraceStep, family: Family): PlainJson<TraceStep> {
  const isRule = step.kind === 'rule'
  return plain(isRule ? { ...step, rule: ruleText(step.rule, family).trim() } : step) as PlainJson<TraceStep>
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Packet(value).toString()
  if (value instanceof Address) return value.toString()
  if (value instanceof Tuple) {
    const { source, destination, protocol, sport, dport } = value
    return { source: source.toString(), destination: destination.toString(), protocol, sport, dport }
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}

function isIpv6(steps: readonly TraceStep[]): boolean {
  const first = steps.find(step => step.kind === 'hook')
  return first?.kind === 'hook' && first.packet[0]! >> 4 === 6
}
