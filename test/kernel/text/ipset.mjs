/**
 * `npm run test:ipset -- --runs N --seed S --kind K`: generated texts through `ipset restore` of this machine and through
 * `restoreSets`. Both must accept or refuse, in the same line, and what they accept `ipset save -sorted` must print
 * alike. Prints each difference, and ends with 1 if there was one.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { formatDiagnostic } from '../../../dist/diagnostic.js'
import { restoreSets } from '../../../dist/sets/restore.js'
import { saveSets } from '../../../dist/sets/save.js'
import { SetTable } from '../../../dist/sets/set-table.js'
import { KINDS, textOf } from './ipset-texts.mjs'
import { enterNamespace, firstDifference, unableToAsk } from './namespace.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string' },
    kind: { type: 'string', default: KINDS.join(',') },
    'max-found': { type: 'string', default: '30' },
  },
})
const why = unableToAsk('ipset')
if (why !== undefined) {
  console.log(`test:ipset skipped: ${why}`)
  process.exit(0)
}
enterNamespace()

const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const kinds = values.kind.split(',')
const counts = { accepted: 0, refused: 0, different: 0 }
console.log(`test:ipset: ${values.runs} runs, kinds ${kinds.join(' ')}, seed ${seed}`)
for (let run = 0; run < Number(values.runs) && counts.different < Number(values['max-found']); run++)
  judge(seed + run, textOf(kinds[run % kinds.length], seed + run))
console.log(
  Object.entries(counts)
    .map(([what, number]) => `${what} ${number}`)
    .join(', '),
)
process.exit(counts.different > 0 ? 1 : 0)

function judge(number, text) {
  const theirs = asked(text)
  const ours = answered(text)
  if (!isAlike(theirs, ours)) report(number, text, theirs.refusal ?? 'accepted', ours.refusal ?? 'accepted')
  else if (theirs.refusal !== undefined) counts.refused++
  else if (theirs.saved !== ours.saved) report(number, text, ...firstDifference(theirs.saved, ours.saved))
  else counts.accepted++
}

/** ipset tells one error, not always with its line; syntax before what the kernel says of the lines sent with it. */
function isAlike(theirs, ours) {
  if (theirs.refusal === undefined || ours.refusal === undefined) return theirs.refusal === ours.refusal
  return theirs.line === 0 || ours.lines.includes(theirs.line)
}

/** What ipset makes of it; the sets are gone afterwards. */
function asked(text) {
  const { status, stderr } = ipset(['restore'], text)
  const saved = masked(ipset(['save', '-sorted']).stdout)
  ipset(['flush'])
  ipset(['destroy'])
  if (status === 0) return { saved }
  const refusal = stderr.trim().split('\n')[0] || `exit ${status}`
  return { refusal, line: Number(/in line (\d+)/.exec(refusal)?.[1] ?? 0) }
}

/** Random, a second later, or a number that ipset 7.17 prints from memory that it never filled. */
function masked(saved) {
  return saved
    .replaceAll(/ initval 0x[0-9a-f]+/g, ' initval 0x00000000')
    .replaceAll(/ timeout (\d+)/g, (_, seconds) => ` timeout ${Math.ceil(Number(seconds) / 10) * 10}`)
    .replaceAll(/( bitmask [^ /]+)\/\d+/g, '$1')
}

function answered(text) {
  try {
    const { table, diagnostics } = restoreSets(text, SetTable.EMPTY, { nowJiffies: 0, isInUse: () => false })
    const [first] = diagnostics
    if (first !== undefined)
      return { refusal: formatDiagnostic(first), lines: diagnostics.map(({ line }) => line) }
    return { saved: masked(saveSets(table, 0)) }
  } catch (error) {
    return { refusal: error.stack, lines: [] }
  }
}

function ipset(args, input = '') {
  return spawnSync('ipset', args, { input, encoding: 'utf8' })
}

function report(number, text, theirs, ours) {
  counts.different++
  console.log(`\n=== seed ${number}\n${text}    ipset:     ${theirs}\n    simulator: ${ours}`)
}
