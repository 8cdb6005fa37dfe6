import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { checkRuleset } from '../analysis/check.ts'
import { type PlacedFinding, sarif } from '../analysis/sarif.ts'
import { formatDiagnostic } from '../diagnostic.ts'
import type { Style } from '../format/style.ts'
import type { Ruleset } from '../rules/model.ts'
import { type ParseOptions, parseRules } from '../rules/parse.ts'
import { readText } from './file-kind.ts'
import { FileError, refuseStdinTwice } from './input.ts'
import { addKnownOptions, type KnownOptions, knownTo } from './known-options.ts'
import { addFamilyOptions, addJsonOption } from './options.ts'
import { terminalStyle } from './terminal.ts'

interface CheckOptions extends KnownOptions {
  readonly family: Family
  readonly format: 'text' | 'json' | 'sarif'
}

/** `netfilter-sim check FILE…`: a linter. Exit code 1 for errors and warnings, 2 for a file that cannot be read. */
export function checkCommand(version: string): Command {
  const command = new Command('check')
    .description('find dead and redundant rules, holes and mistakes in rulesets, with proofs')
    .argument('<files...>', 'iptables-save text or scripts of iptables commands; - is standard input')
    .addOption(
      new Option('--format <format>', 'for people, for programs, for code scanning')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .action((files: string[], options: CheckOptions) => {
      process.exitCode = check(files, options, version)
    })
    .addHelpText(
      'after',
      `
Exit code: 0 nothing but notes, 1 errors or warnings, 2 a ruleset that cannot be
read.

Examples:
  netfilter-sim check rules.v4
  netfilter-sim check --ipv6 --json rules.v6 | jq '.[].message'
  netfilter-sim check --format sarif rules.v4 > rules.sarif
  iptables-save | netfilter-sim check -`,
    )
  return addJsonOption(addKnownOptions(addFamilyOptions(command)))
}

function check(files: readonly string[], options: CheckOptions, version: string): 0 | 1 | 2 {
  const { family, format } = options
  refuseStdinTwice([...files, options.ipset, options.hosts])
  const known = knownTo(options, family)
  const findings: PlacedFinding[] = []
  const unreadable: string[] = []
  for (const file of files) {
    const ruleset = readRuleset(file, { family, ...known })
    if (ruleset === undefined) unreadable.push(file)
    else findings.push(...checkRuleset(ruleset).findings.map(finding => ({ ...finding, file })))
  }
  if (format === 'json') console.log(JSON.stringify(findings, undefined, 2))
  else if (format === 'sarif') console.log(JSON.stringify(sarif(findings, version), undefined, 2))
  else if (unreadable.length < files.length)
    for (const line of textLines(findings, terminalStyle())) console.log(line)
  if (unreadable.length > 0) {
    if (unreadable.length < files.length) console.error(`not checked: ${unreadable.join(', ')}`)
    return 2
  }
  return findings.some(({ severity }) => severity !== 'note') ? 1 : 0
}

/** What is wrong with one file keeps none of the others from its turn. */
function readRuleset(file: string, options: Omit<ParseOptions, 'file'>): Ruleset | undefined {
  try {
    const { ruleset, diagnostics } = parseRules(readText(file, 'ruleset'), { ...options, file })
    for (const diagnostic of diagnostics) console.error(formatDiagnostic(diagnostic))
    return ruleset
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    console.error(error.message)
    return undefined
  }
}

function textLines(findings: readonly PlacedFinding[], style: Style): string[] {
  const lines = findings.map(({ file, line, severity, lint, message, fix, at }) => {
    const colour = severity === 'note' ? style.dim : style.bad
    const rule = 'number' in at ? `${at.table}/${at.chain}:${at.number}` : `${at.table}/${at.chain}`
    const hint = fix === undefined ? '' : `\n    fix: ${fix}`
    return `${file}:${line ?? 1}:1: ${colour(severity)} ${lint}: ${style.strong(rule)} ${message}${hint}`
  })
  const count = (severity: string): number => findings.filter(finding => finding.severity === severity).length
  lines.push(['error', 'warning', 'note'].map(severity => counted(count(severity), severity)).join(', '))
  return lines
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
