import type { StepOptions } from '../../src/index.ts'
import { advance, type FirewallState, type Outcome, parsePacketScript, step } from '../../src/index.ts'

/**
 * One line of a story: what arrives, as packet scripts write it (`wan0: udp … > …`, `local: …`, `wait 30s`), and what comes
 * of it in the same notation: `lan0: …` left there, `local: …` was delivered, else the kind of its fate. Times to live
 * are left out.
 */
export type Line = readonly [arrives: string, becomes: string]

/** Plays a story and returns it as it really went, for comparison with how it was told. */
export function play(
  start: FirewallState,
  lines: readonly Line[],
  options: StepOptions = {},
): { readonly state: FirewallState; readonly told: Line[] } {
  let state = start
  const told: Line[] = []
  for (const [arrives] of lines) {
    const { steps, diagnostics } = parsePacketScript(arrives)
    if (diagnostics.length > 0 || steps.length !== 1) throw new Error(JSON.stringify([arrives, diagnostics]))
    const line = steps[0]!
    if (line.kind === 'wait') {
      state = advance(state, line.ms)
      told.push([arrives, ''])
      continue
    }
    const outcome = step(state, line.arrival, options)
    state = outcome.state
    told.push([arrives, becomes(outcome)])
  }
  return { state, told }
}

function becomes({ fate, emitted, delivered }: Outcome): string {
  const plain = (packet: unknown): string => String(packet).replace(/ ttl=\d+/g, '')
  const left = emitted.map(({ device, packet }) => `${device}: ${plain(packet)}`)
  const heard = delivered.map(({ packet }) => `local: ${plain(packet)}`)
  const all = [...left, ...heard].join(' + ')
  if (fate.kind === 'forwarded' || fate.kind === 'sent' || fate.kind === 'delivered') return all
  return all === '' ? fate.kind : `${fate.kind}, ${all}`
}
