// `npm run bench`: what a packet costs, as ratios side by side. Nanoseconds are only there to make the ratios of.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { arrive, createFirewall, PATH, parseRules, step, Transaction } from './engine.mjs'
import { heapBytes, measure } from './measure.mjs'
import { establishedTcp, Flows, router, withSessions } from './traffic.mjs'

if (globalThis.gc === undefined) {
  const flags = ['--expose-gc', '--max-old-space-size=8000']
  const { status } = spawnSync(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
    },
  )
  process.exit(status ?? 1)
}

/** What real netfilter took for such a packet on the machine that the aims were set on; elsewhere it is a yardstick, no measurement. */
const KERNEL_ESTABLISHED_NS = 1400

const table = new Table({ head: ['what', 'ns', 'ratio', 'to', 'aim'], style: { head: [], border: [] } })
const row = (what, ns, baseline, to, aim) => {
  table.push([
    what,
    ns.toFixed(0),
    baseline === undefined ? '' : `${(ns / baseline).toFixed(2)}×`,
    to ?? '',
    aim ?? '',
  ])
  return ns
}

/** Steps through both directions of one connection, each from the state that the last one left. */
function stepping({ state, forward, back }, read = () => {}) {
  let now = state
  return measure({
    run: index => {
      const outcome = step(now, index & 1 ? back : forward)
      read(outcome)
      now = outcome.state
    },
  })
}

const established = establishedTcp(router(20))
const inPlace = measureInPlace(established)
row('established, everything changed in place', inPlace)
const immutable = row(
  'established, a new state for each packet',
  stepping(established),
  inPlace,
  'in place',
  '≤ 3×',
)
row(
  'the same beside the kernel',
  inPlace,
  KERNEL_ESTABLISHED_NS,
  `kernel (${KERNEL_ESTABLISHED_NS} ns)`,
  '≤ 1×',
)
row(
  'trace there but unread',
  stepping(established, outcome => outcome.fate),
  immutable,
  'a new state',
  '≤ 1.15×',
)
row(
  'trace read',
  stepping(established, outcome => outcome.trace),
  immutable,
  'a new state',
)

const flows = new Flows()
row('new connection, masqueraded', newConnections(), immutable, 'established')
let thousand
for (const count of [1_000, 10_000, 100_000, 1_000_000]) {
  const ns = roundRobin(count)
  thousand ??= ns
  row(
    `${count.toLocaleString('en')} sessions, round robin`,
    ns,
    thousand,
    '1,000',
    count === 1_000_000 ? '≤ 6×' : '',
  )
}
let ten
for (const count of [10, 100, 1_000, 10_000]) {
  const ns = stepping(establishedTcp(router(count)))
  ten ??= ns
  row(`${count.toLocaleString('en')} rules`, ns, ten, '10 rules', count === 10_000 ? '≤ 10×' : '')
}
console.log(table.toString())
console.log(memoryLine())
console.log(parseLine())

/** The same engine on one transaction: nothing is copied, since everything is the transaction's own. */
function measureInPlace({ state, forward, back }) {
  let transaction
  return measure({
    prepare: () => {
      transaction = new Transaction(state, PATH, {}, undefined)
    },
    run: index => arrive(transaction, index & 1 ? back : forward),
  })
}

function newConnections() {
  const start = router(20)
  let now = start
  let index = 0
  return measure({
    prepare: () => {
      now = start
    },
    run: () => {
      now = step(now, flows.request(index++ % 50_000)).state
    },
  })
}

function roundRobin(count) {
  let now = withSessions(router(20), flows, count)
  const size = Math.min(count, 65_536)
  const requests = Array.from({ length: size }, (_, i) => flows.request(Math.floor((i * count) / size)))
  let index = 0
  return measure({
    samples: 100,
    run: () => {
      now = step(now, requests[index++ % size]).state
    },
  })
}

/** Every version of the past is a value that can be kept. */
function memoryLine() {
  let now = withSessions(router(20), flows, 1_000)
  const before = heapBytes()
  const kept = []
  for (let i = 0; i < 10_000; i++) {
    now = step(now, flows.request(i % 1_000)).state
    kept.push(now)
  }
  const megabytes = (heapBytes() - before) / 1e6
  return `10,000 kept versions of 1,000 sessions: ${megabytes.toFixed(1)} MB (${kept.length})`
}

function parseLine() {
  const rules = Array.from(
    { length: 6_000 },
    (_, i) => `-A FORWARD -s 10.0.${i >> 8}.${i & 255} -p tcp -m tcp --dport ${1 + i} -j ACCEPT`,
  )
  const text = `*filter\n${rules.join('\n')}\nCOMMIT\n`
  const started = performance.now()
  const { ruleset } = parseRules(text, { family: 4 })
  const parsed = performance.now()
  createFirewall({ rules: ruleset })
  return `6,000 rules: read in ${(parsed - started).toFixed(0)} ms, made ready in ${(performance.now() - parsed).toFixed(0)} ms`
}
