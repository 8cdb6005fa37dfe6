/**
 * `npm run test:kernel -- --runs N --seed S --profile P --minutes M [--from FILES]`: generated rulesets and histories through the
 * kernel of this machine and through the simulator. They must agree wholly; a difference is shrunk to the smallest
 * case that still shows it, printed, and saved beside the recorded cases.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { askedCase, judge } from './case.mjs'
import { profileCase } from './profiles.mjs'
import { Recorder, unable } from './recorder.mjs'
import { printDifference } from './report.mjs'
import { Tally } from './tally.mjs'

const FOUND = fileURLToPath(new URL('../cases/found/', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string' },
    profile: { type: 'string', default: 'mixed' },
    from: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '30' },
    jobs: { type: 'string', default: '3' },
    'shrink-seconds': { type: 'string', default: '60' },
    'max-found': { type: 'string', default: '5' },
    'any-kernel': { type: 'boolean', default: false },
  },
})

const why = await unable(values['any-kernel'])
if (why !== undefined) {
  console.log(`test:kernel skipped: ${why}`)
  process.exit(0)
}

const runs = Number(values.runs)
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const deadline = Date.now() + Number(values.minutes) * 60_000
// without bias: a single run of a seed would always be a small one
const arbitrary = fc.noBias(profileCase(values.profile, [...(values.from ?? []), ...positionals]))
const recorder = new Recorder(Number(values.jobs))
const tally = new Tally()
const found = new Set()
console.log(`test:kernel: ${runs} runs, profile ${values.profile}, seed ${seed}`)

/** Each run is the first of its own seed, so that it can be found again by its number alone. */
const seedOf = run => seed + run
const caseOf = run => fc.sample(arbitrary, { numRuns: 1, seed: seedOf(run) })[0]

/** What the kernel does and what the simulator; a recording that failed or took too long is made once more. */
async function ask(name, generated) {
  const asked = askedCase(name, generated)
  const recorded = await recorder.record(asked)
  const verdict = judge(recorded)
  if (verdict.status !== 'unfit') return { recorded, verdict }
  const again = await recorder.record(asked)
  return { recorded: again, verdict: judge(again) }
}

const BATCH = Number(values.jobs) * 8
for (
  let run = 0;
  run < runs && Date.now() < deadline && found.size < Number(values['max-found']);
  run += BATCH
) {
  const batch = await Promise.all(
    Array.from({ length: Math.min(BATCH, runs - run) }, async (_, at) => {
      const name = `${values.profile}-${seedOf(run + at)}`
      try {
        return { run: run + at, ...(await ask(name, caseOf(run + at))) }
      } catch (error) {
        return { run: run + at, crash: error }
      }
    }),
  )
  for (const one of batch) {
    if (one.crash !== undefined || one.verdict.status === 'differs') await explain(one)
    else if (one.verdict.status === 'unfit') tally.unfit(one.verdict.why)
    if (one.verdict !== undefined) tally.add(one.recorded, one.verdict)
  }
}
recorder.close()
tally.print({ seed, profile: values.profile, differences: found.size })
process.exitCode = found.size === 0 ? 0 : 1

/** Shrinks a difference with fast-check, the kernel deciding about every candidate. */
async function explain({ run, recorded, verdict, crash }) {
  if (crash === undefined && !(await isSteady(recorded))) {
    tally.unsteady++
    return
  }
  const kind = crash === undefined ? kindOf(verdict) : 'crash'
  const times = tally.difference(kind)
  if (times > 3) return
  let last = { recorded, verdict, crash }
  const until = Date.now() + Number(values['shrink-seconds']) * 1000
  const property = fc.asyncProperty(arbitrary, async generated => {
    if (Date.now() > until) return
    try {
      const again = await ask(`${values.profile}-${seedOf(run)}`, generated)
      if (again.verdict.status === 'differs' && kindOf(again.verdict) === kind) {
        last = again
        throw new Error('differs')
      }
    } catch (error) {
      if (error.message === 'differs') throw error
      if (kind !== 'crash') return
      last = { crash: error }
      throw error
    }
  })
  await fc.check(property, { seed: seedOf(run), numRuns: 1 })
  printDifference(seedOf(run), kind, last)
  const text = last.crash === undefined ? JSON.stringify(last.recorded) : String(last.crash.stack)
  if (found.has(text)) return
  found.add(text)
  if (last.crash !== undefined) return
  mkdirSync(FOUND, { recursive: true })
  appendFileSync(`${FOUND}${values.profile}.jsonl`, `${text}\n`)
}

/** Whether the kernel does it again: on a busy machine a case may take so long that its timeouts run. */
async function isSteady(recorded) {
  for (let times = 0; times < 2; times++)
    if (judge(await recorder.record(recorded)).status !== 'differs') return false
  return true
}

/** What a difference is about: candidates of shrinking must show the same. */
function kindOf({ differences }) {
  const first = differences[0]
  return differences.filter(({ step }) => step === first.step).map(({ field }) => field)[0]
}
