/**
 * `node test/kernel/judge/keep.mjs PROFILE COUNT SEED`: records generated cases and writes them to
 * test/kernel/cases/PROFILE.jsonl, where `npm test` replays them wherever it runs. What differs belongs to the judge.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { askedCase, judge } from './case.mjs'
import { profileCase } from './profiles.mjs'
import { Recorder } from './recorder.mjs'

const [profile = 'mixed', count = '20', seed = '1'] = process.argv.slice(2)
const arbitrary = profileCase(profile)
const recorder = new Recorder(3)
const kept = []
for (let at = Number(seed); kept.length < Number(count) && at < Number(seed) + 20 * Number(count); at++) {
  const [generated] = fc.sample(arbitrary, { numRuns: 1, seed: at })
  const recorded = await recorder.record(askedCase(`${profile}-${at}`, generated))
  if ((recorded.steps?.length ?? 0) >= 4 && judge(recorded).status === 'agrees')
    kept.push(JSON.stringify(recorded))
}
recorder.close()
writeFileSync(
  fileURLToPath(new URL(`../cases/${profile}.jsonl`, import.meta.url)),
  kept.map(line => `${line}\n`).join(''),
)
console.log(`${profile}: ${kept.length} cases kept`)
