import type { Outcome } from '../outcome.ts'
import { bytesToHex } from '../packet/hex.ts'
import { Packet } from '../packet/packet.ts'
import { ruleText } from '../rules/print.ts'
import type { TraceStep } from '../trace.ts'

/**
 * An outcome as plain JSON: fate, packets as one readable line and as hex, trace. Addresses and tuples are texts.
 *
 * @example
 * JSON.stringify(outcomeJson(step(firewall, arrival)))
 */
export function outcomeJson(outcome: Outcome): object {
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

function packetJson(bytes: Uint8Array): { packet: string; hex: string } {
  return { packet: new Packet(bytes).toString(), hex: bytesToHex(bytes) }
}

function stepJson(step: TraceStep, family: 4 | 6): object {
  return Object.fromEntries(
    Object.entries(step).map(([key, value]) => {
      if (value instanceof Uint8Array) return [key, new Packet(value).toString()]
      if (key === 'rule' && step.kind === 'rule') return [key, ruleText(step.rule, family)]
      return [key, value]
    }),
  )
}

function isIpv6(steps: readonly TraceStep[]): boolean {
  const first = steps.find(step => step.kind === 'hook')
  return first?.kind === 'hook' && first.packet[0]! >> 4 === 6
}
