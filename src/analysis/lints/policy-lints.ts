/** Lints about what a filter is for: what experience says is a hole, or will break. */

import { StateBit } from '../../rules/matches/states.ts'
import type { Chain, Rule } from '../../rules/model.ts'
import { accepts, at, hasMatch, isUnconditional, type Lint, named, rulesOf } from './lint.ts'

/** The states that a rule asks for, positively; undefined if it asks for none. */
function statesOf(rule: Rule): number | undefined {
  for (const { name, options } of rule.matches) {
    if (name === 'state') {
      const { states, negated } = options as { states: number; negated: boolean }
      return negated ? ~states : states
    }
    if (name === 'conntrack') {
      const { state } = options as { state?: { value: number; negated: boolean } }
      if (state !== undefined) return state.negated ? ~state.value : state.value
    }
  }
  return undefined
}

const TRACKED = StateBit.ESTABLISHED | StateBit.RELATED

export const missingEstablished: Lint = {
  name: 'missing-established-rule',
  severity: 'warning',
  summary: 'A chain that drops by default accepts NEW packets, but nothing accepts their answers.',
  *run({ ruleset }) {
    const filter = ruleset.tables.filter
    if (filter === undefined) return
    const acceptsAnswers = (chain: Chain, seen: Set<string>): boolean =>
      chain.rules.some(({ target, ...rule }) => {
        const states = statesOf({ target, ...rule })
        const answers = states === undefined ? false : (states & StateBit.ESTABLISHED) !== 0
        if (target.kind === 'verdict' && target.verdict === 'ACCEPT')
          return answers || isUnconditional({ target, ...rule })
        if (target.kind !== 'jump' && target.kind !== 'goto') return false
        if (seen.has(target.chain)) return false
        const next = filter.chains[target.chain]
        if (next === undefined) return false
        // the jump itself may carry the state
        return (answers && next.rules.some(accepts)) || acceptsAnswers(next, new Set([...seen, target.chain]))
      })
    for (const hook of ['INPUT', 'FORWARD', 'OUTPUT']) {
      const chain = filter.chains[hook]
      if (chain === undefined || !endsInDrop(chain)) continue
      const asking = chain.rules.findIndex(rule => {
        const states = statesOf(rule)
        return (
          accepts(rule) && states !== undefined && (states & StateBit.NEW) !== 0 && (states & TRACKED) === 0
        )
      })
      if (asking < 0 || acceptsAnswers(chain, new Set([hook]))) continue
      const rule = chain.rules[asking]!
      yield {
        ...at({ id: { table: 'filter', chain: hook, number: asking + 1 }, rule }),
        message: `accepts only NEW packets, and no rule of ${hook} accepts ESTABLISHED ones: the connection stops after its first packet`,
        fix: `iptables -I ${hook} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      }
    }
  },
}

function endsInDrop(chain: Chain): boolean {
  const last = chain.rules.at(-1)
  if (last !== undefined && isUnconditional(last)) {
    if (last.target.kind === 'verdict') return last.target.verdict === 'DROP'
    if (last.target.kind === 'extension') return last.target.name === 'REJECT'
  }
  return chain.policy === 'DROP'
}

export const sourcePortHole: Lint = {
  name: 'source-port-hole',
  severity: 'error',
  summary: 'A rule accepts by source port alone, which the sender chooses.',
  *run({ ruleset }) {
    for (const { id, rule, chain } of rulesOf(ruleset)) {
      if (id.table !== 'filter' || !accepts(rule) || statesOf(rule) !== undefined) continue
      if (chain.name === 'OUTPUT' || rule.source !== undefined || rule.inInterface?.name === 'lo') continue
      const ports = portsOf(rule)
      if (ports.dport || !ports.sport || hasMatch(rule, 'set', 'mac', 'helper', 'policy')) continue
      if (ports.noSyn) continue
      yield {
        ...at({ id, rule }),
        message:
          'accepts whatever comes from a port that the sender chooses: anyone can use that port to reach every service',
        fix: 'add -m conntrack --ctstate ESTABLISHED, or --dport',
      }
    }
  },
}

interface PortUse {
  readonly sport: boolean
  readonly dport: boolean
  readonly noSyn: boolean
}

function portsOf(rule: Rule): PortUse {
  let sport = false
  let dport = false
  let noSyn = false
  for (const { name, options } of rule.matches) {
    if (name === 'multiport') {
      const { side } = options as { side: string }
      sport ||= side === 'sports'
      dport ||= side !== 'sports'
    }
    if (name !== 'tcp' && name !== 'udp') continue
    const given = options as { sport?: object; dport?: object; flags?: { negated: boolean } }
    sport ||= given.sport !== undefined
    dport ||= given.dport !== undefined && !isHighPorts(given.dport)
    noSyn ||= given.flags?.negated ?? false
  }
  return { sport, dport, noSyn }
}

/** `--dport 1024:65535` is no protection: most things one would not want reached listen there too. */
function isHighPorts(ports: object): boolean {
  const { min = 0, max = 0 } = ports as { min?: number; max?: number }
  return min <= 1024 && max === 65535
}

export const acceptEverything: Lint = {
  name: 'accept-everything',
  severity: 'warning',
  summary: 'A built-in chain whose policy is DROP accepts every packet.',
  *run({ ruleset }) {
    for (const { id, rule, chain } of rulesOf(ruleset)) {
      if (id.table !== 'filter' || !accepts(rule) || !isUnconditional(rule) || chain.policy !== 'DROP')
        continue
      yield {
        ...at({ id, rule }),
        message: `accepts everything: the DROP policy of ${chain.name} never applies`,
        fix: chain.name === 'OUTPUT' ? 'iptables -P OUTPUT ACCEPT says the same' : 'name what may pass',
        ...(chain.name === 'OUTPUT' && { severity: 'note' as const }),
      }
    }
  },
}

export const logWithoutLimit: Lint = {
  name: 'log-without-limit',
  severity: 'note',
  summary: 'A LOG rule without a limit lets anyone fill the log.',
  *run({ ruleset }) {
    for (const { id, rule, table } of rulesOf(ruleset)) {
      const { target } = rule
      if (target.kind !== 'extension' || target.name !== 'LOG') continue
      if (hasMatch(rule, 'limit', 'hashlimit', 'recent', 'connlimit')) continue
      const limited = Object.values(table.chains).some(({ rules }) =>
        rules.some(
          caller =>
            (caller.target.kind === 'jump' || caller.target.kind === 'goto') &&
            caller.target.chain === id.chain &&
            hasMatch(caller, 'limit', 'hashlimit', 'recent', 'connlimit'),
        ),
      )
      if (limited) continue
      yield {
        ...at({ id, rule }),
        message: 'logs without a limit: a flood of packets fills the log',
        fix: 'add -m limit --limit 5/min',
      }
    }
  },
}

export const loopbackDropped: Lint = {
  name: 'loopback-not-accepted',
  severity: 'warning',
  summary: 'A chain that drops by default has no rule for lo: local programs cannot talk to each other.',
  *run({ ruleset }) {
    const chains = ruleset.tables.filter?.chains ?? {}
    for (const [hook, side] of [
      ['INPUT', 'inInterface'],
      ['OUTPUT', 'outInterface'],
    ] as const) {
      const chain = chains[hook]
      if (chain === undefined || chain.rules.length === 0 || !endsInDrop(chain)) continue
      const named = (rule: Rule): boolean => rule[side]?.name === 'lo' && !rule[side].negated
      const passes = Object.values(chains).some(({ rules }) => rules.some(named))
      const all = chain.rules.some(
        rule => rule.target.kind !== 'none' && isUnconditional(rule) && accepts(rule),
      )
      if (passes || all) continue
      yield {
        at: { table: 'filter', chain: hook },
        ...(chain.rules[0]?.line !== undefined && { line: chain.rules[0].line }),
        message: `${hook} drops by default and no rule mentions lo: programs on the box cannot talk to each other`,
        fix: `iptables -I ${hook} ${hook === 'INPUT' ? '-i' : '-o'} lo -j ACCEPT`,
      }
    }
  },
}

export const relatedHelper: Lint = {
  name: 'related-with-helper',
  severity: 'note',
  summary: 'RELATED is accepted without a destination while a helper opens whatever port the peers agree on.',
  *run({ ruleset }) {
    const helpers = [...rulesOf(ruleset)].filter(
      ({ rule: { target } }) =>
        target.kind === 'extension' &&
        target.name === 'CT' &&
        (target.options as { helper?: string }).helper !== undefined,
    )
    const assigning = helpers[0]
    if (assigning === undefined) return
    for (const { id, rule } of rulesOf(ruleset)) {
      const states = statesOf(rule)
      if (
        id.table !== 'filter' ||
        !accepts(rule) ||
        states === undefined ||
        (states & StateBit.RELATED) === 0
      )
        continue
      if (hasMatch(rule, 'helper') || rule.destination !== undefined || rule.protocol?.number === 1) continue
      yield {
        ...at({ id, rule }),
        message: `accepts RELATED connections to any address and port, and ${named(assigning.id, assigning.rule.line)} lets a helper's peers choose them`,
        fix: 'accept RELATED apart: with -m helper --helper NAME and the ports that it may open, and for ICMP errors',
      }
    }
  },
}
