// Holds `check` to what it promises, on rulesets and kernel recordings of your own:
//
//     npm run build && node scripts/measure-check.mjs [--samples N] RULESET… CASES.jsonl…
//
// For every ruleset: how long `check` takes; N packets of each dead rule (default 500) are sent and must never match it;
// each witness is sent again and must hit its rule. For every recorded case (docs/kernel-cases.md): no rule that the
// kernel counted may be called dead. Exit code 1 when something does not hold.
import { readFileSync } from 'node:fs'
import { parseRules } from '../dist/index.js'
import { analyze, checkRuleset, keyOf, occurrencesOf, WitnessFinder } from './measure/analysis.mjs'
import { countOf, sample } from './measure/samples.mjs'

const args = process.argv.slice(2)
const samples = args[0] === '--samples' ? Number(args.splice(0, 2)[1]) : 500
const SLOW_MS = 5000

const totals = { files: 0, unread: 0, rules: 0, dead: 0, undecided: 0, samples: 0, witnesses: 0, cases: 0 }
const missing = new Map()
const failures = []
let slowest = { ms: 0, file: '' }

for (const path of args) {
  const text = readFileSync(path, 'utf8')
  if (path.endsWith('.jsonl'))
    for (const line of text.split('\n')) if (line !== '') kernelCase(JSON.parse(line))
  if (!path.endsWith('.jsonl')) ruleset(path, text)
}

console.log(
  [
    `${totals.files} rulesets (${totals.unread} could not be read), ${totals.rules} rules: ${totals.dead} dead, ${totals.undecided} undecided`,
    `slowest check: ${slowest.ms.toFixed(0)} ms, ${slowest.file}`,
    `${totals.samples} packets of dead rules sent`,
    `${totals.witnesses} witnesses hit their rules; ${[...missing.values()].reduce((a, b) => a + b, 0)} reachable rules without one:`,
    ...[...missing].sort((a, b) => b[1] - a[1]).map(([why, count]) => `    ${count} ${why}`),
    `${totals.cases} recorded cases`,
    `${failures.length} failures`,
    ...failures.map(text => `    ${text}`),
  ].join('\n'),
)
process.exitCode = failures.length === 0 ? 0 : 1

function read(text) {
  for (const family of [4, 6]) {
    const { ruleset: found } = parseRules(text, { family })
    if (found !== undefined) return found
  }
  return undefined
}

function ruleset(path, text) {
  totals.files++
  const found = read(text)
  if (found === undefined) {
    totals.unread++
    return
  }
  const begin = performance.now()
  const { analysis } = checkRuleset(found)
  const ms = performance.now() - begin
  if (ms > slowest.ms) slowest = { ms, file: path }
  if (ms > SLOW_MS) failures.push(`${path}: check took ${ms.toFixed(0)} ms`)
  totals.rules += analysis.rules.length
  const occurrences = occurrencesOf(analysis.flows)
  const finder = new WitnessFinder(analysis)
  for (const report of analysis.rules) {
    if (report.status === 'undecided') totals.undecided++
    if (report.status === 'reachable') witness(path, finder, report, found)
    if (report.status !== 'unreachable') continue
    totals.dead++
    const { sent, matched } = sample(analysis, report, occurrences.get(keyOf(report.id)) ?? [], samples)
    totals.samples += sent
    if (matched !== undefined) failures.push(`${path}: dead rule ${keyOf(report.id)} matched ${matched}`)
  }
}

function witness(path, finder, report, found) {
  const answer = finder.find(report)
  if (!('arrival' in answer)) {
    missing.set(answer.why, (missing.get(answer.why) ?? 0) + 1)
    return
  }
  totals.witnesses++
  if (countOf(found, answer) === 0) failures.push(`${path}: the witness of ${keyOf(report.id)} misses it`)
}

function kernelCase({ name, family, rules, counters, reject }) {
  if (reject || counters === undefined) return
  const { ruleset: found } = parseRules(rules, { family, format: 'restore' })
  if (found === undefined) return
  totals.cases++
  for (const { id, status } of analyze(found).rules) {
    const [packets] = counters[id.table]?.[id.chain]?.rules[id.number - 1] ?? [0]
    if (status === 'unreachable' && packets > 0)
      failures.push(`${name}: ${keyOf(id)} is called dead, the kernel counted ${packets}`)
  }
}
