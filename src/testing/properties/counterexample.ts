import { formatTrace } from '../../format/trace-text.ts'
import type { FirewallState } from '../../state.ts'
import type { History } from '../conversations.ts'
import type { Allows } from '../manners.ts'
import type { Happened, Property } from './property.ts'
import { type TriedStep, tryOut } from './try-out.ts'

/** Packets that break a property, in order. */
export interface Counterexample {
  /** What is wrong about the last packet but the probe. */
  readonly why: string
  /** The packets alone, one a line as `parsePacketScript` reads them: `lan0: tcp 10.6.0.2:40000 > …`, `wait 30s`. */
  readonly packets: readonly string[]
  /** A whole packet script, with devices, routes and sysctls: for `netfilter-sim trace RULES SCRIPT`. */
  readonly script: string
  /** The trace of the packet that decided: the last one. */
  readonly trace: string
  readonly steps: readonly TriedStep[]
  readonly history: History
}

/** @throws RangeError when the history does not break the property */
export function counterexampleOf(
  firewall: FirewallState,
  property: Property,
  history: History,
  allows: Allows,
): Counterexample {
  const { steps: tried, violation } = tryOut(firewall, property, history, allows)
  if (violation === undefined) throw new RangeError(`the history does not break: ${property.sentence}`)
  const { why, probe } = violation
  const steps = probe === undefined ? tried : [...tried, probe]
  const packets = steps.map(lineOf)
  const { outcome } = steps.at(-1) as Happened
  return {
    why,
    packets,
    script: [`# ${property.sentence}: not so, ${why}`, ...groundLines(firewall), ...packets, ''].join('\n'),
    trace: formatTrace(outcome, { width: 'narrow' }),
    steps,
    history,
  }
}

function lineOf(step: TriedStep): string {
  if ('ms' in step) return `wait ${step.ms % 1000 === 0 ? `${step.ms / 1000}s` : `${step.ms}ms`}`
  const { arrival } = step
  return `${'local' in arrival ? 'local' : arrival.device}: ${arrival.packet}`
}

function groundLines({ config }: FirewallState): readonly string[] {
  return [
    ...Object.entries(config.interfaces)
      .filter(([, { addresses = [] }]) => addresses.length > 0)
      .map(([name, { addresses = [] }]) => `interface ${name} ${addresses.join(' ')}`),
    ...config.routes.map(route => `route ${route}`),
    ...Object.entries(config.sysctls).map(([name, value]) => `sysctl ${name}=${value}`),
  ]
}
