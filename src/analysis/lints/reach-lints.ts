/** Lints that rest on the exact analysis: what can be reached, and what makes a difference. */
import type { RuleReport } from '../analyze.ts'
import { actionText } from '../flow.ts'
import { at, isUnconditional, type Lint, named, rulesOf } from './lint.ts'

export const unreachableRule: Lint = {
  name: 'unreachable-rule',
  severity: 'warning',
  summary: 'No packet in any state can match the rule: earlier rules take them all.',
  *run({ analysis, ruleset }) {
    for (const report of analysis.rules) {
      if (report.status !== 'unreachable' || report.why !== 'covered') continue
      const { cover } = report
      const own = actionText(report.rule.target, ruleset.family)
      const shown = cover
        .slice(0, 5)
        .map(({ id, action, line }) => `${named(id, line)} (${action || 'goto'})`)
      const more = cover.length > 5 ? ` and ${cover.length - 5} more` : ''
      const contradicts =
        own !== '' && cover.some(({ action }) => action !== own && action !== 'RETURN' && action !== '')
      yield {
        ...at(report),
        message:
          `never reached: ${shown.join(', ')}${more} ${cover.length === 1 ? 'takes' : 'take'} every packet` +
          (contradicts ? `, and the rule's own ${own} is never applied` : ''),
        fix: contradicts
          ? `move it before ${named(cover[0]!.id, cover[0]!.line)}, or remove it`
          : 'remove it: it does nothing',
      }
    }
  },
}

export const afterFinalRule: Lint = {
  name: 'rule-after-final-verdict',
  severity: 'warning',
  summary: 'The rule stands behind an unconditional verdict of its own chain.',
  *run({ ruleset }) {
    for (const { id, rule, chain } of rulesOf(ruleset)) {
      const last = Number(id.number) - 2
      const before = chain.rules[last]
      if (before?.target.kind !== 'verdict' || !isUnconditional(before)) continue
      const final = { table: id.table, chain: id.chain, number: last + 1 }
      const count = chain.rules.length - last - 1
      yield {
        ...at({ id, rule }),
        message: `${count === 1 ? 'this rule stands' : `this and ${count - 1} more rules stand`} behind ${named(final, before.line)}, which ends the chain for every packet`,
        fix: 'put new rules before the last one (-I, not -A)',
      }
    }
  },
}

export const impossibleRule: Lint = {
  name: 'impossible-match',
  severity: 'warning',
  summary: 'The conditions of the rule exclude each other, or its hook.',
  *run({ analysis }) {
    for (const report of analysis.rules)
      if (report.status === 'unreachable' && report.why === 'impossible')
        yield {
          ...at(report),
          message: `no packet can match: ${impossibleWhy(report)}`,
          fix: 'correct the conditions, or remove the rule',
        }
  },
}

function impossibleWhy({ id, rule }: RuleReport): string {
  if (id.table === 'nat')
    return 'the nat table only sees the first packet of a connection (state NEW or RELATED)'
  if (rule.outInterface !== undefined || rule.inInterface !== undefined)
    return 'its conditions (and those of the jumps to it) exclude each other, or there is no such device at its hook'
  return 'its conditions, and those of the jumps to it, exclude each other'
}

export const redundantRule: Lint = {
  name: 'redundant-rule',
  severity: 'warning',
  summary: 'Without the rule, later rules would decide the same about all its packets.',
  *run({ redundant, report }) {
    for (const { id, rule, insteadOf } of redundant) {
      const rules = insteadOf.filter(place => place.id.number !== 'policy')
      // where this rule is what keeps the others from being reached, they are the ones to remove
      if (rules.every(place => report(place.id)?.status === 'unreachable')) continue
      const shown = insteadOf.slice(0, 3).map(place => named(place.id, place.line))
      const more = insteadOf.length > 3 ? ' and others' : ''
      yield {
        ...at({ id, rule }),
        message: `redundant: without it ${shown.join(', ')}${more} would decide the same`,
        fix: 'remove it, unless its counters are wanted',
      }
    }
  },
}

export const policyRule: Lint = {
  name: 'same-as-policy',
  severity: 'note',
  summary: 'The rule only repeats what the policy does.',
  *run({ redundant }) {
    for (const { id, rule, insteadOf } of redundant)
      if (insteadOf.every(place => place.id.number === 'policy'))
        yield {
          ...at({ id, rule }),
          message: `does what ${[...new Set(insteadOf.map(place => named(place.id)))].join(' and ')} would do anyway`,
        }
  },
}

export const undecidedRule: Lint = {
  name: 'undecided',
  severity: 'note',
  summary: 'The ruleset is too tangled to say whether the rule can be reached.',
  *run({ analysis }) {
    for (const report of analysis.rules)
      if (report.status === 'undecided')
        yield { ...at(report), message: 'undecided: whether a packet can reach it was too much to work out' }
  },
}
