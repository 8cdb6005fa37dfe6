import {
  advance,
  createFirewall,
  type FirewallOptions,
  type FirewallState,
  formatTrace,
  parsePacketScript,
  type StepOptions,
  step,
} from '../../src/index.ts'

/**
 * Runs a packet script through a ruleset and prints what became of each packet, as people would read it: the narrow
 * trace, one block a packet.
 */
export function play(rules: string, script: string, options: FirewallOptions = {}): string {
  return playThrough(rules, script, options).text
}

/** The same, and the firewall afterwards. */
export function playThrough(
  rules: string,
  script: string,
  options: FirewallOptions = {},
  choices: StepOptions = {},
): { text: string; state: FirewallState } {
  const { interfaces, routes, sysctls, steps, diagnostics } = parsePacketScript(script)
  if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics))
  let state = createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'], ...interfaces },
    routes: ['default via 203.0.113.254 dev wan0', ...routes],
    sysctls,
    rules,
    ...options,
  })
  const blocks: string[] = []
  for (const line of steps) {
    if (line.kind === 'wait') {
      state = advance(state, line.ms)
      blocks.push(`(${line.ms / 1000} s later)`)
      continue
    }
    const outcome = step(state, line.arrival, choices)
    state = outcome.state
    blocks.push(formatTrace(outcome, { width: 'narrow' }))
  }
  return { text: `\n${blocks.join('\n')}\n`, state }
}
