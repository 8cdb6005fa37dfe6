import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { KernelCase } from '../conformance/case.ts'
import { compareCases, type Difference } from '../conformance/compare.ts'
import { replayCase } from '../conformance/replay.ts'
import type { DiagnosticError } from '../diagnostic.ts'
import { isCaseFile, readCases } from './case-files.ts'
import { FileError, fileErrorsOf } from './input.ts'

export interface ConformanceOptions {
  /** Print this many differences a file. */
  readonly show: number
  /** Only cases whose name contains this. */
  readonly only?: string
  /** Print the answers instead of judging them. */
  readonly emit?: boolean
  /** Print the judgement as JSON. */
  readonly json?: boolean
}

/** Those of this project, which its package does not have. */
const OWN_CASES = 'test/kernel/cases'

/** `netfilter-sim conformance PATHS`: the simulator against recordings of the real kernel. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description('answer recorded kernel cases and compare, packet for packet and field for field')
    .argument('[paths...]', '.jsonl and .jsonl.gz files, or directories of them', [OWN_CASES])
    .addOption(
      new Option('--show <n>', 'print this many differences and refusals a file')
        .argParser(parseCount)
        .default(0),
    )
    .option(
      '--emit',
      'print the answers, one JSON object a line: of a recorded answer only `choices` is read, and none is needed',
    )
    .option('--only <text>', 'only cases whose name contains this')
    .option('--json', 'a line of JSON for each file: what agreed, what differed in which field')
    .action((paths: string[], options: ConformanceOptions) => {
      if (options.emit) emit(paths, options)
      else if (!conformance(paths, options)) process.exitCode = 1
    })
    .addHelpText(
      'after',
      `
Exit code: 0 every case agrees, or is refused by the name of what is not
modelled; 1 one does not; 2 a file that cannot be read.

Examples:
  netfilter-sim conformance cases/
  netfilter-sim conformance cases/nat.jsonl --only snat --show 3`,
    )
}

function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a number.')
  return Number(text)
}

/**
 * Runs recorded kernel cases through the simulator and prints, for each file, how many agree wholly.
 *
 * @param paths `.jsonl` or `.jsonl.gz` files, or directories of them
 * @returns whether every case agreed or was refused by the name of what is not modelled
 */
function conformance(paths: readonly string[], options: ConformanceOptions): boolean {
  let allAgree = true
  for (const file of paths.flatMap(filesOf)) {
    const judgement = judge(basename(file), casesOf(file, options))
    if (options.json === true) console.log(JSON.stringify(judgementJson(judgement)))
    else print(judgement, options)
    allAgree &&= judgement.differing.length === 0 && judgement.crashes.length === 0
  }
  return allAgree
}

function emit(paths: readonly string[], options: ConformanceOptions): void {
  for (const file of paths.flatMap(filesOf))
    for (const recorded of casesOf(file, options)) {
      const result = answer(recorded)
      const line = result.kind === 'answered' ? result.answer : { name: recorded.name, error: result.error }
      console.log(JSON.stringify(line))
    }
}

function casesOf(file: string, { only }: ConformanceOptions): readonly KernelCase[] {
  return readCases(file).filter(({ name }) => only === undefined || name.includes(only))
}

type Result =
  | { readonly kind: 'answered'; readonly answer: KernelCase }
  /** Something that the rules ask for is not modelled. */
  | { readonly kind: 'refused'; readonly error: string; readonly diagnostics: DiagnosticError['diagnostics'] }
  /** The simulator is wrong, or the case is no case; the next one may be better. */
  | { readonly kind: 'crashed'; readonly error: string }

function answer(recorded: KernelCase): Result {
  try {
    const replay = replayCase(recorded)
    if (replay.kind === 'answered') return replay
    const { message, diagnostics } = replay.error
    return { kind: 'refused', error: message, diagnostics }
  } catch (error) {
    return { kind: 'crashed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** How the cases of a file fared. */
interface Judgement {
  readonly file: string
  readonly total: number
  readonly refused: number
  readonly differing: readonly { readonly name: string; readonly differences: readonly Difference[] }[]
  readonly crashes: readonly string[]
  /** How often something that is not modelled was named. */
  readonly refusals: ReadonlyMap<string, number>
  readonly seconds: string
}

function judge(file: string, cases: readonly KernelCase[]): Judgement {
  const started = performance.now()
  const differing: { name: string; differences: Difference[] }[] = []
  const refusals = new Map<string, number>()
  const crashes: string[] = []
  let refused = 0
  for (const recorded of cases) {
    const result = answer(recorded)
    if (result.kind === 'crashed') crashes.push(`${recorded.name}: ${result.error}`)
    else if (result.kind === 'answered') {
      const differences = compareCases(recorded, result.answer)
      if (differences.length > 0) differing.push({ name: recorded.name, differences })
    } else if (!recorded.reject) {
      // whatever else is wrong with it, a ruleset that the kernel refuses too is right to be refused
      refused++
      for (const { message } of result.diagnostics) count(refusals, message)
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  return { file, total: cases.length, refused, differing, crashes, refusals, seconds }
}

function agreedOf({ total, refused, differing, crashes }: Judgement): number {
  return total - refused - differing.length - crashes.length
}

function judgementJson(judgement: Judgement): object {
  const { file, total, refused, differing, crashes } = judgement
  return {
    file,
    cases: total,
    agreed: agreedOf(judgement),
    refused,
    crashes,
    differing: differing.map(({ name, differences: [first] }) => ({ name, ...first })),
  }
}

function print(judgement: Judgement, options: ConformanceOptions): void {
  const { file, total, refused, differing, crashes, refusals, seconds } = judgement
  const answered = total - refused
  const agreed = agreedOf(judgement)
  const percent = answered === 0 ? 100 : (100 * agreed) / answered
  console.log(
    `${file}: ${agreed} of ${answered} agree (${percent.toFixed(1)}%)` +
      `${refused > 0 ? `, ${refused} refused` : ''}${crashes.length > 0 ? `, ${crashes.length} crashed` : ''}, ${seconds} s`,
  )
  const fields = new Map<string, number>()
  for (const { differences } of differing) count(fields, differences[0]!.field)
  if (fields.size > 0)
    console.log(`  first difference in ${[...fields].map(([f, n]) => `${f} ${n}`).join(', ')}`)
  for (const crash of crashes.slice(0, options.show)) console.log(`  crash ${crash}`)
  for (const { name, differences } of differing.slice(0, options.show)) printDifference(name, differences)
  for (const [message, times] of [...refusals].sort((a, b) => b[1] - a[1]).slice(0, options.show))
    console.log(`  refused ${times}×: ${message}`)
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function printDifference(name: string, differences: readonly Difference[]): void {
  const [first] = differences
  if (first === undefined) return
  const same = differences.filter(({ step }) => step === first.step)
  console.log(`  ${name} step ${first.step}: ${same.map(({ field }) => field).join(', ')}`)
  for (const { field, expected, actual } of same) {
    console.log(`    ${field} kernel    ${JSON.stringify(expected)?.slice(0, 1500)}`)
    console.log(`    ${field} simulator ${JSON.stringify(actual)?.slice(0, 1500)}`)
  }
}

function filesOf(path: string): string[] {
  if (path === OWN_CASES && !existsSync(path))
    throw new FileError(path, 'is not here: name recordings, or directories of them')
  if (!fileErrorsOf(path, () => statSync(path)).isDirectory()) return [path]
  const names = readdirSync(path).filter(isCaseFile).sort()
  if (names.length === 0) throw new FileError(path, 'no .jsonl or .jsonl.gz file in this directory')
  return names.map(name => join(path, name))
}
