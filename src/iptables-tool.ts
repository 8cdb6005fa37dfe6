import type { Family } from './address.ts'
import { countersOf } from './counters.ts'
import { type Diagnostic, DiagnosticError } from './diagnostic.ts'
import { rulesKey, withRules } from './firewall.ts'
import { parseCommand } from './rules/command-parser.ts'
import { listed, told } from './rules/printed.ts'
import { diagnosticOf, RuleError } from './rules/rule-error.ts'
import { RulesetDraft } from './rules/ruleset-draft.ts'
import { restoreWords, type Word } from './rules/words.ts'
import type { FirewallState } from './state.ts'

/** How a run of the program `iptables` ended. */
export interface ToolAnswer {
  /** The next state; the same one unless the command changed something, or was the first to name a table. */
  readonly state: FirewallState
  /** 0 well; 1 the kernel refuses, or there is no such rule or chain; 2 a wrong command line; 3 no such table. */
  readonly exitCode: 0 | 1 | 2 | 3
  /** What it printed: `-L`, `-S`, and with `-v` what it did. */
  readonly output: string
  /** Why it was refused, in this simulator's words. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Runs one `iptables` command on a live firewall and answers as the program does: with an exit code and what it prints.
 * It is what programs that call iptables need: whether a rule is there (`-C`), a listing, a refusal that is no exception.
 *
 * @param args the words behind the program's name; a string is split as iptables-save quotes (`--comment "a b"`)
 * @param family which program it is: 4 is `iptables`, 6 is `ip6tables`
 * @throws DiagnosticError for what iptables knows and the simulator does not model
 * @example
 * const box = createFirewall({ rules: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT' })
 * const has = rule => runIptables(box, `-C INPUT ${rule}`).exitCode === 0
 * has('-p tcp --dport 22 -j ACCEPT') // true
 * has('-p tcp --dport 23 -j ACCEPT') // false
 * const { state, output } = runIptables(box, ['-v', '-I', 'INPUT', '-i', 'lo', '-j', 'ACCEPT'])
 * output.trimEnd() // 'ACCEPT  all opt -- in lo out *  0.0.0.0/0  -> 0.0.0.0/0'
 * runIptables(state, '-S INPUT 1').output // '-A INPUT -i lo -j ACCEPT\n'
 * runIptables(state, '-t mangel -L').exitCode // 3
 */
export function runIptables(
  state: FirewallState,
  args: string | readonly string[],
  family: Family = 4,
): ToolAnswer {
  const words = typeof args === 'string' ? restoreWords(args, 1, 1) : wordsOf(args)
  const base = state.config.rules[rulesKey(family)]
  const hasSet = (name: string): boolean => state.sets.fits(name, family)
  const draft = new RulesetDraft({ family, hasSet, ...(base !== undefined && { base }) })
  const start: Word = { text: words[0]?.text ?? '', line: 1, column: 1 }
  let output = ''
  // a table that was not there is loaded even by a command that fails, or only looks
  const afterwards = (): FirewallState => {
    const rules = draft.ruleset()
    const loaded = Object.keys(base?.tables ?? {}).length
    return Object.keys(rules.tables).length > loaded ? withRules(state, rules) : state
  }
  try {
    const command = parseCommand(words, draft.context(undefined), start)
    if (command === undefined) return { state, exitCode: 0, output, diagnostics: [] }
    const table = draft.openTable(command.tableWord ?? { ...command.word, text: command.table })
    output = told(command, draft.ruleset())
    table.apply(command)
    output = listed(command, draft.ruleset(), countersOf(state, family)) + output
    if (command.kind === 'list' || command.kind === 'check')
      return { state: afterwards(), exitCode: 0, output, diagnostics: [] }
    return { state: withRules(state, draft.ruleset()), exitCode: 0, output, diagnostics: [] }
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    return refused(afterwards(), error.exitCode, output, [diagnosticOf(error, undefined, start)])
  }
}

function refused(
  state: FirewallState,
  exitCode: ToolAnswer['exitCode'],
  output: string,
  diagnostics: readonly Diagnostic[],
): ToolAnswer {
  if (diagnostics.some(({ code }) => code === 'not-modelled')) throw new DiagnosticError(diagnostics)
  return { state, exitCode, output, diagnostics }
}

/** Places in diagnostics count as if the words had been typed with blanks between them. */
function wordsOf(args: readonly string[]): Word[] {
  let column = 1
  return args.map(text => {
    const word = { text, line: 1, column }
    column += text.length + 1
    return word
  })
}
