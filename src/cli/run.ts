import { watchFile } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { ScenarioRun, StepEntry } from '../scenario/entries.ts'
import { reportJson } from '../scenario/report/json.ts'
import { markdownReport } from '../scenario/report/markdown.ts'
import { formatFailure, formatReport } from '../scenario/report/text.ts'
import { addJsonOption, listOf } from './options.ts'
import { isAuthorError, runScenarioFile } from './scenario-file.ts'
import { reportWidth, terminalStyle } from './terminal.ts'

interface RunOptions {
  readonly format: 'text' | 'markdown' | 'json' | 'summary'
  readonly branch?: string
  readonly tables: readonly ('summary' | 'audit' | 'outbound')[]
  readonly watch?: boolean
}

const TABLES = ['summary', 'audit', 'outbound'] as const

/** `netfilter-sim run FILE…`: runs scenarios, reports, and says by its exit code whether every expectation held. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run scenarios and report; exit 1 when an expectation fails, 2 when a file cannot be read')
    .argument('<files...>', 'scenario files (YAML)')
    .addOption(
      new Option('--format <format>', 'summary is one line a file, and what failed')
        .choices(['text', 'markdown', 'json', 'summary'])
        .default('text'),
    )
    .option('--branch <name>', 'of forks only this branch')
    .addOption(
      new Option('--tables <names>', 'at the end: summary, audit, outbound, or none')
        .argParser(parseTables)
        .default(['summary', 'audit'], 'summary,audit'),
    )
    .option('--watch', 'run again whenever a file changes, or one that it names')
    .action((files: readonly string[], options: RunOptions) => {
      const named = runAll(files, options)
      if (options.watch === true) watchAll(files, named, options)
    })
    .addHelpText(
      'after',
      `
Examples:
  netfilter-sim run story.yaml
  netfilter-sim run stories/*.yaml --format summary
  netfilter-sim run story.yaml --json | jq '.[].passed'`,
    )
  return addJsonOption(command)
}

function parseTables(text: string): RunOptions['tables'] {
  const names = listOf(text)
  const known: readonly string[] = [...TABLES, 'none']
  if (!names.every(name => known.includes(name)))
    throw new InvalidArgumentError(`Allowed choices are ${known.join(', ')}, with commas between them.`)
  return TABLES.filter(table => names.includes(table))
}

/** @returns the files that the scenarios name */
function runAll(files: readonly string[], options: RunOptions): ReadonlySet<string> {
  const named = new Set<string>()
  let worst = 0
  const runs: ScenarioRun[] = []
  for (const file of files) {
    try {
      const run = runScenarioFile(file, path => named.add(path))
      runs.push(run)
      if (!run.passed) worst = Math.max(worst, 1)
      checkBranch(run, options.branch)
      if (options.format !== 'json') console.log(report(run, options))
    } catch (error) {
      if (!isAuthorError(error)) throw error
      console.error(error.message)
      worst = 2
    }
  }
  if (options.format === 'json') console.log(JSON.stringify(runs.map(reportJson), undefined, 2))
  process.exitCode = worst
  return named
}

/** @throws RangeError when the run has forks, but none with a branch of that name */
function checkBranch({ file, steps }: ScenarioRun, branch: string | undefined): void {
  const names = branchNames(steps)
  if (branch !== undefined && names.length > 0 && !names.includes(branch))
    throw new RangeError(`${file}: no branch '${branch}'; there are ${names.join(', ')}`)
}

function branchNames(entries: readonly StepEntry[]): string[] {
  return entries.flatMap(entry =>
    entry.kind === 'step' ? [] : entry.branches.flatMap(({ name, steps }) => [name, ...branchNames(steps)]),
  )
}

function report(run: ScenarioRun, { format, branch, tables }: RunOptions): string {
  const style = terminalStyle()
  const chosen = { tables, ...(branch !== undefined && { branch }) }
  if (format === 'markdown') return markdownReport(run, chosen)
  if (format === 'text') return `${formatReport(run, { ...chosen, style, width: reportWidth() })}\n`
  const { passed, checkCount, failures, file } = run
  const line = `${passed ? style.good('✓') : style.bad('✗')} ${file}: ${run.title} (${checkCount - failures.length} of ${checkCount})`
  return [line, ...failures.map(failure => formatFailure(failure, run, style))].join('\n')
}

/** By polling: editors replace files, and an inode that is watched would then be the old one. */
function watchAll(files: readonly string[], named: ReadonlySet<string>, options: RunOptions): void {
  const watched = new Set<string>()
  const watch = (file: string): void => {
    if (watched.has(file)) return
    watched.add(file)
    watchFile(file, { interval: 200 }, () => {
      console.clear()
      for (const another of runAll(files, options)) watch(another)
    })
  }
  for (const file of [...files, ...named]) watch(file)
}
