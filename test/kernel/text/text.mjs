/**
 * `npm run test:text -- --runs N --seed S --family 4 --kind K`: generated rules through the iptables of this machine and
 * through the parser. Both must accept or refuse, and what they accept they must print alike: `iptables-save`, `-S`, and
 * `-L` with its switches. Prints each difference, and ends with 1 if there was one.
 */
import { parseArgs } from 'node:util'
import { listCommands, listRules } from '../../../dist/rules/list.js'
import { parseRules } from '../../../dist/rules/parse.js'
import { printRules } from '../../../dist/rules/print.js'
import { KINDS, textOf } from './generate.mjs'
import { enterNamespace, firstDifference, unableToAsk } from './namespace.mjs'
import { hostName, hosts, Tool } from './tool.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string' },
    family: { type: 'string', default: '4' },
    kind: { type: 'string', default: KINDS.join(',') },
    'max-found': { type: 'string', default: '30' },
  },
})
const why = unableToAsk('iptables-legacy')
if (why !== undefined) {
  console.log(`test:text skipped: ${why}`)
  process.exit(0)
}
enterNamespace()

const LISTINGS = [
  [['-L', '-n'], { numeric: true }],
  [
    ['-L', '-n', '-v', '-x', '--line-numbers'],
    { numeric: true, verbose: true, exact: true, lineNumbers: true },
  ],
  [['-L', '-v'], { verbose: true }],
]

const family = Number(values.family)
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const runs = Number(values.runs)
const kinds = values.kind.split(',')
const tool = new Tool(family)
const counts = { accepted: 0, refused: 0, 'not modelled': 0, different: 0 }
console.log(`test:text: ${runs} runs, IPv${family}, kinds ${kinds.join(' ')}, seed ${seed}`)
for (let run = 0; run < runs && counts.different < Number(values['max-found']); run++) {
  const kind = kinds[run % kinds.length]
  if (kind === 'core' || kind === 'file') tool.reset()
  judge(seed + run, textOf(kind, family, seed + run))
}
console.log(
  Object.entries(counts)
    .map(([what, number]) => `${what} ${number}`)
    .join(', '),
)
process.exit(counts.different > 0 ? 1 : 0)

function judge(number, text) {
  const { ruleset, diagnostics } = answer(text)
  if (diagnostics.some(({ code }) => code === 'not-modelled')) {
    counts['not modelled']++
    return
  }
  const real = tool.restore(text)
  if (real.refusal !== undefined || ruleset === undefined) {
    counts.refused++
    if ((real.refusal === undefined) !== (ruleset !== undefined))
      report(number, text, 'accepted?', real.refusal ?? 'yes', diagnostics[0]?.message ?? 'yes')
    return
  }
  counts.accepted++
  for (const [what, theirs, ours] of printed(ruleset, tool.tables(text)))
    if (theirs !== ours) {
      report(number, text, what, ...firstDifference(theirs, ours))
      return
    }
}

function answer(text) {
  try {
    return parseRules(text, { family, format: 'restore', resolveHost: name => hosts(name, family) })
  } catch (error) {
    return { diagnostics: [{ message: error.stack }] }
  }
}

/** Every form of print, lazily: what the tool says, and what the simulator says. */
function* printed(ruleset, tables) {
  const only = { ...ruleset, tables: Object.fromEntries(tables.map(name => [name, ruleset.tables[name]])) }
  const isNamed = /--[ug]id-owner/.test(printRules(only))
  yield ['iptables-save', tool.save(tables), tables.map(name => saved(only, name)).join('')]
  for (const table of tables) {
    yield [`-t ${table} -S`, tool.list(table, ['-S']), listCommands(ruleset, { table })]
    // who a user id is, only this machine's passwd knows
    for (const [switches, options] of isNamed ? LISTINGS.filter(([, { numeric }]) => numeric) : LISTINGS)
      yield [
        `-t ${table} ${switches.join(' ')}`,
        tool.list(table, switches),
        listRules(ruleset, { table, hostName, ...options }),
      ]
  }
}

function saved(ruleset, table) {
  return printRules({ ...ruleset, tables: { [table]: ruleset.tables[table] } })
}

function report(number, text, what, theirs, ours) {
  counts.different++
  console.log(`\n=== seed ${number}: ${what}\n${text}    iptables:  ${theirs}\n    simulator: ${ours}`)
}
