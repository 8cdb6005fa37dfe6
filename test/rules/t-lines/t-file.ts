import { basename } from 'node:path'
import { formatDiagnostic } from '../../../src/diagnostic.ts'
import { parseRules } from '../../../src/rules/parse.ts'
import { printRules } from '../../../src/rules/print.ts'

/**
 * The format in which iptables tests its extensions (its `extensions/*.t` and `iptables-test.py`): one rule a line,
 *
 *     :INPUT,FORWARD            the chains that the lines below are tried in
 *     *mangle                   their table; filter until one is named
 *     %iptables -A INPUT …      a command to run beside them
 *     rule;printed;OK           accepted and printed so; `=` is "as written", FAIL is "refused"
 *
 * Files are named as extensions are: `libipt_` is IPv4, `libip6t_` is IPv6, anything else is both.
 */
export interface TLine {
  /** `libxt_tcp.t:12` */
  readonly place: string
  readonly table: string
  readonly chains: readonly string[]
  readonly rule: string
  /** What `iptables-save` prints behind the chain's name; it may print more. */
  readonly printed: string
  readonly result: string
  /** The commands that were run before. */
  readonly setup: readonly string[]
}

export function readTFile(path: string, text: string): TLine[] {
  const lines: TLine[] = []
  let table = 'filter'
  let chains: readonly string[] = []
  const setup: string[] = []
  text.split('\n').forEach((line, index) => {
    const rest = line.slice(1).trim()
    if (line === '' || line.startsWith('#') || line.startsWith('@')) return
    if (line.startsWith(':')) chains = rest.split(',')
    else if (line.startsWith('*')) table = rest
    else if (line.startsWith('%')) setup.push(rest)
    else {
      const [rule = '', printed = '', result = '', variant] = line.split(';')
      if (!RESULTS.includes(result)) throw new SyntaxError(`${path}:${index + 1}: no result in '${line}'`)
      lines.push({
        place: `${basename(path)}:${index + 1}`,
        table,
        chains,
        rule,
        printed: printed === '=' ? rule : printed,
        result: variant?.trim() === 'NFT' ? OTHER_BACKEND[result]! : result,
        setup: [...setup],
      })
    }
  })
  return lines
}

const RESULTS = ['OK', 'FAIL', 'NOMATCH']
/** What a line says that holds for nftables, when it is asked of legacy. */
const OTHER_BACKEND: Readonly<Record<string, string>> = { OK: 'FAIL', FAIL: 'OK', NOMATCH: 'OK' }

/** The families that a file's lines are for. */
export function familiesOf(path: string): readonly (4 | 6)[] {
  const name = basename(path)
  return name.startsWith('libipt_') ? [4] : name.startsWith('libip6t_') ? [6] : [4, 6]
}

/** Undefined if the line holds in all of its chains, else what went otherwise. */
export function whyNot(line: TLine, family: 4 | 6): string | undefined {
  for (const chain of line.chains) {
    const reason = whyNotIn(chain, line, family)
    if (reason !== undefined) return `${chain}: ${reason}`
  }
  return undefined
}

function whyNotIn(
  chain: string,
  { table, rule, printed, result, setup: commands }: TLine,
  family: 4 | 6,
): string | undefined {
  const program = family === 4 ? 'iptables' : 'ip6tables'
  const setup = commands.map(command => command.replace(/^iptables/, program))
  const before = load(setup, family)
  if ('refused' in before) return `setup refused: ${before.refused}`
  const append = `${program} -t ${table} -A ${chain} ${rule}`
  const after = load([...setup, append], family)
  if ('refused' in after) return result === 'FAIL' ? undefined : `refused: ${after.refused}`
  if (result === 'FAIL') return 'accepted'
  const found = after.rules.some(text => `${text}\n`.includes(`${chain} ${printed}`))
  if (found !== (result === 'OK')) return `printed ${after.rules.at(-1)}`
  const deleted = load([...setup, append, append.replace(' -A ', ' -D ')], family)
  if ('refused' in deleted) return `-D refused: ${deleted.refused}`
  return deleted.rules.length === before.rules.length ? undefined : '-D did not delete it'
}

/** The rules that `iptables-save` prints after the commands. */
function load(
  commands: readonly string[],
  family: 4 | 6,
): { readonly rules: readonly string[] } | { readonly refused: string } {
  const rules = commands.filter(command => !command.startsWith('ipset '))
  const hasSet = (name: string): boolean =>
    commands.some(command => command.startsWith(`ipset create ${name} `))
  const { ruleset, diagnostics } = parseRules(rules.join('\n'), { family, hasSet })
  if (ruleset === undefined) return { refused: diagnostics.map(formatDiagnostic).join('; ') }
  return {
    rules: printRules(ruleset)
      .split('\n')
      .filter(text => text.startsWith('-A')),
  }
}
