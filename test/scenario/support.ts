import { readdirSync, readFileSync } from 'node:fs'
import { formatDiagnostic } from '../../src/diagnostic.ts'
import { readScenario, runScenario, type ScenarioRun } from '../../src/scenario/index.ts'

/** Runs a scenario text that must be right. */
export function runText(text: string, file = 'test.yaml'): ScenarioRun {
  const { scenario, diagnostics } = readScenario(text, { file })
  if (scenario === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return runScenario(scenario)
}

/** What is wrong with a text, as `line:column message (hint)`. */
export function wrongWith(text: string): string[] {
  return readScenario(text).diagnostics.map(
    ({ line, column, message, hint }) =>
      `${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

export const EXAMPLES: readonly string[] = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.yaml'))
  .sort()
  .map(name => `examples/${name}`)

const runs = new Map<string, ScenarioRun>()

/** A run of a story, of the engine as it is: made once for all tests that look at it. */
export function runExample(file: string): ScenarioRun {
  const run = runs.get(file) ?? runText(readExample(file), file)
  runs.set(file, run)
  return run
}

export const readExample = (file: string): string => readFileSync(file, 'utf8')

/** A laptop, a firewall and a web server; the beginning of a scenario, up to `steps:`. */
export const OFFICE = `
title: office
network:
  nodes:
    laptop: { address: 10.6.0.2/24 }
    fw:
      interfaces: { lan0: 10.6.0.1/24, wan0: 203.0.113.1/32 }
      rules: |
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
        iptables -A FORWARD -i lan0 -p tcp --dport 80 -j ACCEPT
        iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
    web: { address: 198.51.100.7, services: [{ web: {} }] }
    other: { address: 192.0.2.9 }
  links: { lan: [laptop, "fw:lan0"], internet: ["fw:wan0", web, other] }
steps:
`
