import type { Skb } from '../packet/skb.ts'
import type { Recorder } from '../recorder.ts'
import { type CompiledChain, type CompiledRule, TargetKind } from './compiled-rules.ts'
import { type TargetEnvironment, type Test, Verdict } from './extension.ts'
import { MIN_INDEXED_RULES, RuleIndex } from './rule-index.ts'
import type { RuleStep } from './steps.ts'

/** What walking a table needs beyond what targets may do. */
export interface WalkEnvironment extends TargetEnvironment {
  /** One packet of this many bytes for the rule or policy in that slot. */
  count(slot: number, bytes: number): void
  readonly recorder: Recorder<RuleStep> | undefined
  /** Where the verdict fell: the rule, or the chain whose policy applied. */
  decidedBy: CompiledRule | CompiledChain | undefined
}

/**
 * How many callers can be remembered. The kernel sizes its jump stack by the number of user chains and drops when it
 * overflows; without loops it never does, so this only guards against rulesets that were built by hand.
 */
const MAX_DEPTH = 4096

/**
 * One packet through one table at one hook, from its base chain on: the kernel's `ipt_do_table`
 * (net/ipv4/netfilter/ip_tables.c).
 *
 * Counters go up when all tests of a rule hold, before its target runs. A jump remembers where to go on; a goto does
 * not, so that the end of the chain returns to the place of the last jump, or is the end of the base chain.
 */
export function walkChain(base: CompiledChain, skb: Skb, environment: WalkEnvironment): Verdict {
  const { recorder } = environment
  let chain = base
  let index = 0
  let callers: CompiledRule[] | undefined
  for (;;) {
    index = nextMatch(chain, index, skb, environment)
    if (index < 0) return hotdrop(chain.rules[~index]!, environment)
    if (index >= chain.rules.length) {
      if (chain === base) return policy(base, skb, environment)
      if (recorder !== undefined) recordReturn(recorder, chain, skb)
      const caller = callers?.pop()
      if (caller === undefined) return policy(base, skb, environment)
      chain = caller.chain
      index = caller.number
      continue
    }
    const rule = chain.rules[index]!
    environment.count(rule.slot, skb.length)
    if (recorder !== undefined) recordMatch(recorder, rule, skb)
    if (environment.hotdrop) {
      // what a match inverts may have dropped the packet already: its rule counts, its target runs, and that is the end
      if (rule.kind === TargetKind.EXTENSION) rule.run!(skb, environment)
      return hotdrop(rule, environment)
    }
    switch (rule.kind) {
      case TargetKind.NONE:
        index++
        continue
      case TargetKind.JUMP:
        callers ??= []
        if (callers.length >= MAX_DEPTH) return decide(rule, Verdict.DROP, environment)
        callers.push(rule)
        chain = rule.jump!
        index = 0
        continue
      case TargetKind.GOTO:
        chain = rule.jump!
        index = 0
        continue
      case TargetKind.RETURN: {
        const caller = callers?.pop()
        if (caller === undefined) return policy(base, skb, environment)
        chain = caller.chain
        index = caller.number
        continue
      }
      case TargetKind.ACCEPT:
        return decide(rule, Verdict.ACCEPT, environment)
      case TargetKind.DROP:
        return decide(rule, Verdict.DROP, environment)
      case TargetKind.QUEUE:
        return decide(rule, environment.queue(skb, { number: 0, bypass: false }), environment)
      case TargetKind.EXTENSION: {
        const verdict = rule.run!(skb, environment)
        if (verdict !== Verdict.CONTINUE) return decide(rule, verdict, environment)
        index++
        continue
      }
      default:
        return rule.kind satisfies never
    }
  }
}

/**
 * The index of the first rule from `start` on that matches; the number of rules if there is none; the complement (`~`) of
 * that of a rule that failed and had the packet dropped. Whoever records sees every rule tried.
 */
function nextMatch(chain: CompiledChain, start: number, skb: Skb, environment: WalkEnvironment): number {
  const { rules } = chain
  if (rules.length - start >= MIN_INDEXED_RULES && environment.recorder === undefined) {
    chain.index ??= new RuleIndex(rules)
    if (chain.index.select(skb)) return nextIndexed(chain.index, rules, start, skb, environment)
  }
  let at = start
  for (; at < rules.length; at++) {
    if (holds(rules[at]!, skb, environment)) return at
    if (environment.hotdrop) return ~at
  }
  return at
}

function nextIndexed(
  index: RuleIndex,
  rules: readonly CompiledRule[],
  start: number,
  skb: Skb,
  environment: WalkEnvironment,
): number {
  let at = index.next(start)
  for (; at < rules.length; at = index.next(at + 1)) {
    if (holds(rules[at]!, skb, environment)) return at
    if (environment.hotdrop) return ~at
  }
  return at
}

function holds(rule: CompiledRule, skb: Skb, environment: WalkEnvironment): boolean {
  const { tests } = rule
  for (let i = 0; i < tests.length; i++) {
    const test = tests[i]!
    if (!test.passes(skb, environment)) {
      if (environment.recorder !== undefined) recordMiss(environment.recorder, rule, test, skb, environment)
      return false
    }
  }
  return true
}

function decide(rule: CompiledRule, verdict: Verdict, environment: WalkEnvironment): Verdict {
  environment.decidedBy = rule
  return verdict
}

function policy(base: CompiledChain, skb: Skb, environment: WalkEnvironment): Verdict {
  environment.count(base.policySlot, skb.length)
  const verdict = base.policy!
  environment.recorder?.add({
    kind: 'policy',
    table: base.table,
    chain: base.name,
    verdict,
    length: base.rules.length,
    mark: skb.mark,
    packet: skb.share(),
  })
  environment.decidedBy = base
  return verdict === 'ACCEPT' ? Verdict.ACCEPT : Verdict.DROP
}

function hotdrop(rule: CompiledRule, environment: WalkEnvironment): Verdict {
  environment.decidedBy = rule
  return Verdict.DROP
}

function recordMatch(recorder: Recorder<RuleStep>, rule: CompiledRule, skb: Skb): void {
  const { table, name } = rule.chain
  recorder.add({
    kind: 'rule',
    table,
    chain: name,
    number: rule.number,
    matched: true,
    rule: rule.rule,
    mark: skb.mark,
    packet: skb.share(),
  })
}

function recordReturn(recorder: Recorder<RuleStep>, chain: CompiledChain, skb: Skb): void {
  recorder.add({
    kind: 'return',
    table: chain.table,
    chain: chain.name,
    length: chain.rules.length,
    mark: skb.mark,
    packet: skb.share(),
  })
}

function recordMiss(
  recorder: Recorder<RuleStep>,
  rule: CompiledRule,
  test: Test,
  skb: Skb,
  environment: WalkEnvironment,
): void {
  const { table, name: chain } = rule.chain
  const { number } = rule
  if (environment.hotdrop) {
    recorder.add({ kind: 'hotdrop', table, chain, number, option: test.option })
    return
  }
  const failed = { option: test.option, seen: test.seen(skb, environment) }
  recorder.add({
    kind: 'rule',
    table,
    chain,
    number,
    matched: false,
    failed,
    rule: rule.rule,
    mark: skb.mark,
    packet: skb.share(),
  })
}
