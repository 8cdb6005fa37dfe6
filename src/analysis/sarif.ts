import { LINTS } from './lints/index.ts'
import type { Finding } from './lints/lint.ts'

/** A finding with its file, as `check` prints it. */
export interface PlacedFinding extends Finding {
  readonly file: string
}

/**
 * Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines they are about.
 *
 * @returns a value for `JSON.stringify`
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * const findings = checkRuleset(ruleset).findings.map(finding => ({ ...finding, file: 'rules.sh' }))
 * sarif(findings, '1.0.0').version // '2.1.0'
 */
export function sarif(findings: readonly PlacedFinding[], version: string): object {
  const rules = LINTS.map(({ name, summary, severity }) => ({
    id: name,
    shortDescription: { text: summary },
    defaultConfiguration: { level: severity },
  }))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'netfilter-sim', version, rules } },
        results: findings.map(({ lint, severity, file, line, message, fix }) => ({
          ruleId: lint,
          ruleIndex: LINTS.findIndex(({ name }) => name === lint),
          level: severity,
          message: { text: fix === undefined ? message : `${message}. ${fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file },
                ...(line !== undefined && { region: { startLine: line, startColumn: 1 } }),
              },
            },
          ],
        })),
      },
    ],
  }
}
