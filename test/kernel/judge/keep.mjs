/**
 * `node test/kernel/judge/keep.mjs PROFILE COUNT SEED`: records generated cases and writes them to
 * test/kernel/cases/PROFILE.jsonl.gz, where `npm test` replays them wherever it runs. What differs belongs to the judge.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { askedCase, judge } from './case.mjs'
import { profileCase } from './profiles.mjs'
import { Recorder } from './recorder.mjs'

const [profile = 'mixed', count = '60', seed = '1'] = process.argv.slice(2)
const wanted = Number(count)
const arbitrary = fc.noBias(profileCase(profile))
const recorder = new Recorder(3)
const kept = []
for (let at = Number(seed); kept.length < wanted && at < Number(seed) + 20 * wanted; at += 24) {
  const batch = await Promise.all(Array.from({ length: 24 }, (_, more) => ask(at + more)))
  kept.push(...batch.filter(one => (one.steps?.length ?? 0) >= 4 && judge(one).status === 'agrees'))
}
recorder.close()
const text = kept.slice(0, wanted).map(one => `${JSON.stringify(one)}\n`)
writeFileSync(
  fileURLToPath(new URL(`../cases/${profile}.jsonl.gz`, import.meta.url)),
  gzipSync(text.join(''), { level: 9 }),
)
console.log(`${profile}: ${text.length} cases kept`)

function ask(at) {
  const [generated] = fc.sample(arbitrary, { numRuns: 1, seed: at })
  return recorder.record(askedCase(`${profile}-${at}`, generated))
}
