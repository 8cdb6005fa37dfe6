import type { Family } from '../address.ts'
import type { Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import { printRules } from '../rules/print.ts'
import { quoteWord } from '../rules/quote.ts'
import { restoreWords } from '../rules/words.ts'

/** A ruleset as a filter without connection tracking would have it. */
export interface StatelessRules {
  /** iptables-save text. */
  readonly rules: string
  readonly ruleset: Ruleset
  /** What was changed and what is lost by it, a remark each. */
  readonly notes: readonly string[]
}

/** Matches that ask connection tracking for more than the state. */
const TRACKING_MATCHES = ['connmark', 'connbytes', 'connlimit', 'connlabel', 'helper', 'cluster']
/** Targets that mean nothing without it. */
const TRACKING_TARGETS = ['CT', 'NOTRACK', 'CONNMARK', 'CONNSECMARK']
const ALL_STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED']

/**
 * The same rules for a filter that does not know connections, as people wrote them before there was conntrack:
 *
 * - `--state NEW,…`: the condition is left out; every packet of that kind passes.
 * - `--state ESTABLISHED` beside other conditions (`--sport 80`): the condition is left out. That is the hole: whoever
 *   sends from port 80 gets through.
 * - `--state ESTABLISHED,RELATED` alone: replaced by a mirror of every rule that lets connections begin in the other
 *   direction, source and destination exchanged; where a policy lets them, by `-p tcp ! --syn` and all of UDP and ICMP.
 * - The nat table, and matches and targets that need connections, go.
 *
 * Tracking must be off as well, so that nothing else depends on it: a firewall with `conntrack: 'auto'` (a network's
 * node with rules: say so).
 *
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp --sport 80 -m state --state ESTABLISHED -j ACCEPT', { family: 4 })
 * stateless(ruleset).rules.split('\n')[4] // '-A INPUT -p tcp -m tcp --sport 80 -j ACCEPT'
 */
export function stateless(ruleset: Ruleset): StatelessRules {
  const notes: string[] = []
  const { nat, ...tables } = ruleset.tables
  if (nat !== undefined) notes.push('the nat table is gone: translation needs connections')
  const text = printRules({ family: ruleset.family, tables })
  const lines = text.split('\n').map(line => readRule(line))
  const written = lines.flatMap((line, index) =>
    typeof line === 'string' ? [line] : rewrite(line, lines, index, ruleset.family, notes).map(writeRule),
  )
  const rules = written.join('\n')
  const { ruleset: result } = parseRules(rules, { family: ruleset.family })
  return { rules, ruleset: result ?? ruleset, notes }
}

/** A rule of a canonical text as words. */
interface RuleWords {
  readonly chain: string
  /** Everything between the chain and the target. */
  readonly conditions: readonly string[]
  /** `-j` or `-g` and what follows; empty for a rule that only counts. */
  readonly target: readonly string[]
}

function readRule(line: string): RuleWords | string {
  if (!line.startsWith('-A ')) return line
  const words = restoreWords(line, 1, 1).map(({ text }) => text)
  const at = words.findIndex(word => word === '-j' || word === '-g')
  const end = at < 0 ? words.length : at
  return { chain: words[1]!, conditions: words.slice(2, end), target: words.slice(end) }
}

function writeRule({ chain, conditions, target }: RuleWords): string {
  return ['-A', chain, ...[...conditions, ...target].map(wordText)].join(' ')
}

function wordText(word: string): string {
  return /^[\w!./:,+-]+$/.test(word) ? word : quoteWord(word)
}

function rewrite(
  rule: RuleWords,
  all: readonly (RuleWords | string)[],
  index: number,
  family: Family,
  notes: string[],
): RuleWords[] {
  const { conditions, target } = rule
  const tracking = conditions.find(
    (word, at) => conditions[at - 1] === '-m' && TRACKING_MATCHES.includes(word),
  )
  const gone = tracking ?? (TRACKING_TARGETS.includes(target[1] ?? '') ? target[1] : undefined)
  if (gone !== undefined) {
    notes.push(`${writeRule(rule)}: gone, ${gone} needs connections`)
    return []
  }
  const state = stateOf(conditions)
  if (state === undefined) return [rule]
  const open: RuleWords = { ...rule, conditions: state.rest }
  if (state.names.includes('UNTRACKED') && !state.names.includes('NEW')) return [open]
  if (!state.names.some(name => name === 'NEW' || name === 'ESTABLISHED' || name === 'RELATED')) {
    notes.push(
      `${writeRule(rule)}: gone, a stateless filter knows no ${state.names.join(',') || 'such state'}`,
    )
    return []
  }
  const isBlanket = !state.names.includes('NEW') && !state.rest.some(isSelective)
  if (!isBlanket || target[1] !== 'ACCEPT') {
    notes.push(`${writeRule(rule)}: passes now whatever the state`)
    return [open]
  }
  notes.push(`${writeRule(rule)}: replaced by mirrors of the rules that let connections begin`)
  return mirrors(rule, all, index, family)
}

function isSelective(word: string): boolean {
  return /^--(dport|sport|dports|sports|ports)$/.test(word)
}

/** The states a rule asks for, and its other conditions. */
function stateOf(
  conditions: readonly string[],
): { readonly names: readonly string[]; readonly rest: readonly string[] } | undefined {
  const at = conditions.findIndex(
    (word, index) => word === '-m' && /^(state|conntrack)$/.test(conditions[index + 1] ?? ''),
  )
  if (at < 0) return undefined
  let end = at + 2
  while (end < conditions.length && conditions[end] !== '-m') end++
  const own = conditions.slice(at + 2, end)
  const option = own.findIndex(word => word === '--state' || word === '--ctstate')
  const listed = own[option + 1]?.split(',') ?? []
  const isNegated = own[option - 1] === '!'
  const names = option < 0 ? [] : isNegated ? ALL_STATES.filter(name => !listed.includes(name)) : listed
  return { names, rest: [...conditions.slice(0, at), ...conditions.slice(end)] }
}

const OPPOSITE: Readonly<Record<string, string>> = { INPUT: 'OUTPUT', OUTPUT: 'INPUT' }

const EXCHANGED: Readonly<Record<string, string>> = {
  '-s': '-d',
  '-d': '-s',
  '-i': '-o',
  '-o': '-i',
  '--sport': '--dport',
  '--dport': '--sport',
  '--sports': '--dports',
  '--dports': '--sports',
  '--src-range': '--dst-range',
  '--dst-range': '--src-range',
}

/** What answers to everything that may begin in the opposite chain looks like. */
function mirrors(
  rule: RuleWords,
  all: readonly (RuleWords | string)[],
  index: number,
  family: Family,
): RuleWords[] {
  const opposite = OPPOSITE[rule.chain] ?? rule.chain
  const found: RuleWords[] = []
  let table = ''
  all.forEach((other, at) => {
    if (typeof other === 'string') {
      if (other.startsWith('*')) table = other
      if (table === '*filter' && other.startsWith(`:${opposite} ACCEPT`) && at < index)
        found.push(...openMirrors(rule.chain, family))
      return
    }
    if (other.chain !== opposite || other.target[1] !== 'ACCEPT') return
    const state = stateOf(other.conditions)
    if (state !== undefined && !state.names.includes('NEW')) return
    const conditions = (state?.rest ?? other.conditions).map(word => EXCHANGED[word] ?? word)
    found.push({ chain: rule.chain, conditions, target: rule.target })
  })
  return found
}

/** Where anything may begin: every TCP packet that is not the first of a connection, and all that has no such mark. */
function openMirrors(chain: string, family: Family): RuleWords[] {
  const target = ['-j', 'ACCEPT']
  return [
    { chain, conditions: ['-p', 'tcp', '-m', 'tcp', '!', '--tcp-flags', 'FIN,SYN,RST,ACK', 'SYN'], target },
    { chain, conditions: ['-p', 'udp'], target },
    { chain, conditions: ['-p', family === 4 ? 'icmp' : 'ipv6-icmp'], target },
  ]
}
