import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import type { KernelCase } from '../conformance/case.ts'
import { compareCases, type Difference } from '../conformance/compare.ts'
import { replayCase } from '../conformance/replay.ts'

export interface ConformanceOptions {
  /** Print this many differences a file. */
  readonly show: number
  /** Write the simulator's answers there, a file each. */
  readonly emit?: string
  /** Only cases whose name contains this. */
  readonly only?: string
}

/** `netfilter-sim conformance PATHS`: the simulator against recordings of the real kernel. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description('answer recorded kernel cases and compare, packet for packet and field for field')
    .argument('[paths...]', '.jsonl files or directories of them', ['test/kernel/cases'])
    .option('--show <n>', 'print this many differences and refusals a file', Number, 0)
    .option('--emit <dir>', "write the simulator's answers there, one file for each")
    .option('--only <text>', 'only cases whose name contains this')
    .action((paths: string[], options: ConformanceOptions) => {
      if (!conformance(paths, options)) process.exitCode = 1
    })
}

/**
 * Runs recorded kernel cases through the simulator and prints, for each file, how many agree wholly.
 *
 * @param paths `.jsonl` files, or directories of them
 * @returns whether every case agreed or was refused by the name of what is not modelled
 */
export function conformance(paths: readonly string[], options: ConformanceOptions): boolean {
  let allAgree = true
  for (const file of paths.flatMap(filesOf)) {
    const cases = readFileSync(file, 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(line => JSON.parse(line) as KernelCase)
      .filter(({ name }) => options.only === undefined || name.includes(options.only))
    allAgree = report(basename(file), cases, options) && allAgree
  }
  return allAgree
}

function report(file: string, cases: readonly KernelCase[], options: ConformanceOptions): boolean {
  const started = performance.now()
  const answers: KernelCase[] = []
  const differing: { name: string; differences: Difference[] }[] = []
  const refusals = new Map<string, number>()
  const crashes: string[] = []
  let refused = 0
  for (const recorded of cases) {
    try {
      const replay = replayCase(recorded)
      if (replay.kind === 'refused') {
        // whatever else is wrong with it, a ruleset that the kernel refuses too is right to be refused
        if (recorded.reject) continue
        refused++
        for (const { message } of replay.error.diagnostics)
          refusals.set(message, (refusals.get(message) ?? 0) + 1)
        continue
      }
      answers.push(replay.answer)
      const differences = compareCases(recorded, replay.answer)
      if (differences.length > 0) differing.push({ name: recorded.name, differences })
    } catch (error) {
      crashes.push(`${recorded.name}: ${error instanceof Error ? error.stack : error}`)
    }
  }
  const answered = cases.length - refused
  const agreed = answered - differing.length - crashes.length
  const percent = answered === 0 ? 100 : (100 * agreed) / answered
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `${file}: ${agreed} of ${answered} agree (${percent.toFixed(1)}%)` +
      `${refused > 0 ? `, ${refused} refused` : ''}${crashes.length > 0 ? `, ${crashes.length} crashed` : ''}, ${seconds} s`,
  )
  const fields = new Map<string, number>()
  for (const { differences } of differing) {
    const first = differences[0]!
    fields.set(first.field, (fields.get(first.field) ?? 0) + 1)
  }
  if (fields.size > 0)
    console.log(`  first difference in ${[...fields].map(([f, n]) => `${f} ${n}`).join(', ')}`)
  for (const crash of crashes.slice(0, options.show)) console.log(`  crash ${crash}`)
  for (const { name, differences } of differing.slice(0, options.show)) printDifference(name, differences)
  for (const [message, count] of [...refusals].sort((a, b) => b[1] - a[1]).slice(0, options.show))
    console.log(`  refused ${count}×: ${message}`)
  if (options.emit !== undefined)
    writeFileSync(join(options.emit, file), answers.map(answer => `${JSON.stringify(answer)}\n`).join(''))
  return differing.length === 0 && crashes.length === 0
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
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter(name => name.endsWith('.jsonl'))
    .sort()
    .map(name => join(path, name))
}
