import type { Family } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import type { Rule, Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import type { RulePlace } from '../rules/steps.ts'
import { type PolicyLine, type PolicyNames, parsePolicy } from './parse-lines.ts'
import { type FilterChain, rulesOfLine } from './write-rules.ts'

/** What policy lines may name, and where their rules go. */
export interface PolicyOptions extends PolicyNames {
  /** Default 4. */
  readonly family?: Family
  /**
   * Where lines go that name neither SELF: `['FORWARD']` (default) for a firewall between networks, `['INPUT',
   * 'OUTPUT']` for a host that protects itself.
   */
  readonly chains?: readonly FilterChain[]
  /** What becomes of packets that no line is about, unless a `DEFAULT` line says so. Default DENY. */
  readonly defaultAction?: 'ALLOW' | 'DENY'
}

/** What policy lines were compiled to. */
export interface PolicyRules {
  /** iptables-save text of the filter table; '' when a line is wrong. */
  readonly rules: string
  readonly ruleset: Ruleset | undefined
  /** Everything wrong with the lines. */
  readonly diagnostics: readonly Diagnostic[]
  readonly lines: readonly PolicyLine[]
  /** The line that a rule was made from, from 1; undefined for policies and rules that stand nowhere in the lines. */
  readonly lineOfRule: (place: RulePlace) => number | undefined
}

/**
 * Compiles policy lines, one a line, in order, first match wins:
 *
 *     # outbound: internal hosts may begin connections
 *     ALLOW src=10.6.0.0/16 dst=ANY port=80,443 proto=TCP state=NEW,ESTABLISHED
 *     ALLOW src=ANY dst=10.6.0.0/16 state=ESTABLISHED,RELATED
 *     DENY  src=ANY dst=ANY log
 *
 * `src` and `dst`: ANY, an address, a network, a list of them, a name of the hosts table, a zone, or SELF (the firewall
 * itself: INPUT or OUTPUT). `port` and `sport`: ports, ranges, lists, service names; without `proto` TCP and UDP.
 * `state`: without it, any. `log`: a LOG rule comes before. `DEFAULT DENY` sets the chains' policy. Each rule carries a
 * comment that names its line.
 *
 * @example
 * const { rules } = policyToRules('ALLOW src=10.6.0.0/16 dst=ANY port=443 proto=TCP\nDENY src=ANY dst=ANY')
 * const [first] = rules.split('\n').slice(4)
 * first.slice(0, 51) // '-A FORWARD -s 10.6.0.0/16 -p tcp -m tcp --dport 443'
 */
export function policyToRules(text: string, options: PolicyOptions = {}): PolicyRules {
  const { family = 4, chains = ['FORWARD'] } = options
  const { lines, defaultAction, diagnostics } = parsePolicy(text, options)
  if (diagnostics.length > 0)
    return { rules: '', ruleset: undefined, diagnostics, lines, lineOfRule: () => undefined }
  const used = chainsOf(lines, chains)
  const places = new Map<string, number>()
  const counts = new Map<string, number>()
  const written: string[] = []
  for (const line of lines)
    for (const hook of hooksOf(line, chains))
      for (const rule of rulesOfLine(line, { chain: hook, hook }, family, remarkOf(line))) {
        const number = (counts.get(hook) ?? 0) + 1
        counts.set(hook, number)
        places.set(`${hook}:${number}`, line.line)
        written.push(rule)
      }
  const policy = (defaultAction ?? options.defaultAction ?? 'DENY') === 'DENY' ? 'DROP' : 'ACCEPT'
  const heads = (['INPUT', 'FORWARD', 'OUTPUT'] as const).map(
    chain => `:${chain} ${used.has(chain) ? policy : 'ACCEPT'} [0:0]`,
  )
  const rules = `${['*filter', ...heads, ...written, 'COMMIT'].join('\n')}\n`
  const parsed = parseRules(rules, { family })
  const lineOfRule = ({ table, chain, rule }: RulePlace): number | undefined =>
    table === 'filter' ? places.get(`${chain}:${rule}`) : undefined
  return { rules, ruleset: parsed.ruleset, diagnostics: parsed.diagnostics, lines, lineOfRule }
}

function hooksOf(line: PolicyLine, chains: readonly FilterChain[]): readonly FilterChain[] {
  if (line.dst.kind === 'self') return ['INPUT']
  return line.src.kind === 'self' ? ['OUTPUT'] : chains
}

function chainsOf(lines: readonly PolicyLine[], chains: readonly FilterChain[]): Set<FilterChain> {
  const used = new Set<FilterChain>(chains)
  for (const line of lines) for (const chain of hooksOf(line, chains)) used.add(chain)
  return used
}

function remarkOf({ line }: PolicyLine): string {
  return `policy line ${line}`
}

/**
 * The policy or zone line that a compiled rule was made from, by the comment it carries: `policy line 4`, `zone
 * inside->outside line 1`. Unlike a side table this survives whatever is later inserted around the rule.
 *
 * @example
 * const { ruleset } = policyToRules('DENY src=ANY dst=ANY')
 * policyLineOf(ruleset.tables.filter.chains.FORWARD.rules[0]) // 'policy line 1'
 */
export function policyLineOf(rule: Rule): string | undefined {
  for (const { name, options } of rule.matches) {
    const text = name === 'comment' ? (options as { readonly comment: string }).comment : undefined
    if (text !== undefined && /^(policy|zone) /.test(text)) return text
  }
  return undefined
}
