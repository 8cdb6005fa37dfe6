import type { Outcome } from '../outcome.ts'
import type { Ruleset } from '../rules/model.ts'
import type { RulePlace } from '../rules/steps.ts'

/** What packets made of one rule or policy. */
export interface CoverageRow {
  readonly place: RulePlace
  /** Where it stands in the ruleset's text. */
  readonly line?: number
  /** Packets that came to it. A policy is only come to by those it decides. */
  readonly visited: number
  readonly matched: number
  /** Of these, those whose way through the table it ended. */
  readonly decided: number
}

/** Which rules a number of packets exercised. */
export interface Coverage {
  /** Every rule and policy of the ruleset, in its order. */
  readonly rows: readonly CoverageRow[]
  readonly neverVisited: readonly RulePlace[]
  /** Visited, but no packet matched. */
  readonly neverMatched: readonly RulePlace[]
  /** Matched rules and policies, of all. 1 for an empty ruleset. */
  readonly share: number
}

/**
 * Counts, from the traces of outcomes, what each rule did.
 *
 * @param ruleset the one the outcomes were made with (one family; the other family's packets are not counted)
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p tcp -j DROP\niptables -A INPUT -p udp -j DROP' })
 * const { outcomes } = run(box, [{ device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) }])
 * ruleCoverage(box.config.rules.ipv4, outcomes).neverMatched.map(formatPlace) // ["filter/INPUT:1"]
 */
export function ruleCoverage(ruleset: Ruleset, outcomes: Iterable<Outcome>): Coverage {
  const rows = emptyRows(ruleset)
  for (const outcome of outcomes)
    for (const { steps } of outcome.trace) {
      let family = ruleset.family
      for (let i = 0; i < steps.length; i++) {
        const step = steps[i]!
        if (step.kind === 'hook') family = step.packet[0]! >> 4 === 6 ? 6 : 4
        if (family !== ruleset.family) continue
        if (step.kind === 'rule') {
          const row = rows.get(key(step.table, step.chain, step.number))
          if (row === undefined) continue
          row.visited++
          if (!step.matched) continue
          row.matched++
          if (endsTable(steps, i)) row.decided++
        } else if (step.kind === 'policy') {
          const row = rows.get(key(step.table, step.chain, 'policy'))
          if (row === undefined) continue
          row.visited++
          row.matched++
          row.decided++
        }
      }
    }
  return summary([...rows.values()])
}

interface MutableRow {
  readonly place: RulePlace
  readonly line?: number
  visited: number
  matched: number
  decided: number
}

function emptyRows(ruleset: Ruleset): Map<string, MutableRow> {
  const rows = new Map<string, MutableRow>()
  for (const table of Object.values(ruleset.tables)) {
    if (table === undefined) continue
    for (const chain of Object.values(table.chains)) {
      const add = (rule: number | 'policy', line?: number): void => {
        const place = { table: table.name, chain: chain.name, rule }
        const counts = { visited: 0, matched: 0, decided: 0 }
        rows.set(key(table.name, chain.name, rule), { place, ...(line !== undefined && { line }), ...counts })
      }
      for (const [index, { line }] of chain.rules.entries()) add(index + 1, line)
      if (chain.policy !== undefined) add('policy')
    }
  }
  return rows
}

function key(table: string, chain: string, rule: number | 'policy'): string {
  return `${table}/${chain}:${rule}`
}

type Steps = Outcome['trace'][number]['steps']

/** After a deciding rule nothing of the same table follows at the same hook: no rule, return or policy. */
function endsTable(steps: Steps, index: number): boolean {
  const decided = steps[index]!
  if (decided.kind !== 'rule') return false
  const { target } = decided.rule
  if (target.kind === 'none' || target.kind === 'jump' || target.kind === 'goto') return false
  if (target.kind === 'verdict') return target.verdict !== 'RETURN'
  let answers = 0
  for (let i = index + 1; i < steps.length; i++) {
    const step = steps[i]!
    // an answer's own way through the tables stands between
    if (step.kind === 'answer') answers++
    else if (step.kind === 'answer-end') answers--
    else if (answers > 0) continue
    else if (step.kind === 'hook') return true
    else if (
      step.kind === 'rule' ||
      step.kind === 'return' ||
      step.kind === 'policy' ||
      step.kind === 'hotdrop'
    )
      return step.table !== decided.table
  }
  return true
}

function summary(rows: readonly CoverageRow[]): Coverage {
  const matched = rows.filter(row => row.matched > 0).length
  return {
    rows,
    neverVisited: rows.filter(row => row.visited === 0).map(({ place }) => place),
    neverMatched: rows.filter(row => row.visited > 0 && row.matched === 0).map(({ place }) => place),
    share: rows.length === 0 ? 1 : matched / rows.length,
  }
}

/**
 * Several coverages of one ruleset as one, e.g. of many scenarios.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p tcp -j DROP\niptables -A INPUT -p udp -j DROP' })
 * const { outcomes } = run(box, [{ device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) }])
 * const one = ruleCoverage(box.config.rules.ipv4, outcomes)
 * mergeCoverage([one, one]).rows[1].matched // 2
 */
export function mergeCoverage(coverages: readonly Coverage[]): Coverage {
  const rows = new Map<string, MutableRow>()
  for (const row of coverages.flatMap(coverage => coverage.rows)) {
    const { table, chain, rule } = row.place
    const known = rows.get(key(table, chain, rule))
    if (known === undefined) rows.set(key(table, chain, rule), { ...row })
    else {
      known.visited += row.visited
      known.matched += row.matched
      known.decided += row.decided
    }
  }
  return summary([...rows.values()])
}

/**
 * A coverage as a table, one line per rule: counts and what was never reached.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p tcp -j DROP\niptables -A INPUT -p udp -j DROP' })
 * const { outcomes } = run(box, [{ device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) }])
 * console.log(formatCoverage(ruleCoverage(box.config.rules.ipv4, outcomes)))
 * // visited matched decided
 * //       1      0      0  filter/INPUT:1  never matched
 * //       1      1      1  filter/INPUT:2
 * //       0      0      0  filter/INPUT:policy  never visited
 * //       0      0      0  filter/FORWARD:policy  never visited
 * //       0      0      0  filter/OUTPUT:policy  never visited
 * // 20% of rules and policies matched
 */
export function formatCoverage({ rows, share }: Coverage): string {
  const lines = rows.map(({ place, visited, matched, decided }) => {
    const note = visited === 0 ? '  never visited' : matched === 0 ? '  never matched' : ''
    const counts = [visited, matched, decided].map(count => `${count}`.padStart(7)).join('')
    return `${counts}  ${place.table}/${place.chain}:${place.rule}${note}`
  })
  return [
    'visited matched decided',
    ...lines,
    `${Math.round(share * 100)}% of rules and policies matched`,
  ].join('\n')
}
