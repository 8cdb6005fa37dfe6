/**
 * What the engine costs, as ratios between figures of one run. `npm run bench`; with `-- --quick` without the million
 * sessions; with `-- --json FILE` the figures are written there, too.
 */
import { parseArgs } from 'node:util'
import { arrive, PATH, parseRules, run, step, TraceRecorder, Transaction } from './engine.mjs'
import { kernelFigures } from './kernel.mjs'
import { heapBytes, measure, measureBeside } from './measure.mjs'
import { mutableEngine } from './mutable.mjs'
import { networkFigures } from './network.mjs'
import { propertyFigures } from './properties.mjs'
import { Report } from './report.mjs'
import { establishedTcp, Flows, router, rulesText, withoutIndex, withSessions } from './traffic.mjs'

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
})
const BATCH = 1024
const flows = new Flows()
const report = new Report()

const measured = engines()
besideTheKernel(measured)
rules()
sessions()
versions()
reading()
networkFigures(report)
propertyFigures(report)
if (options.json !== undefined) report.write(options.json)

/** Round robin over the flows of a state, one step a packet. */
function roundRobin(state, sessions) {
  let next = state
  let arrivals = []
  let at = 0
  return measure({
    size: BATCH,
    // enough to warm up every rule index and to see every connection's memory at least once
    samples: Math.max(60, Math.min(300, sessions / BATCH)),
    prepare() {
      arrivals = Array.from({ length: BATCH }, () => flows.request(at++ % sessions))
    },
    run(index) {
      next = step(next, arrivals[index]).state
    },
  })
}

function sessions() {
  const counts = options.quick ? [1000, 10_000, 100_000] : [1000, 10_000, 100_000, 1_000_000]
  const rows = counts.map(count => ({
    name: `${count.toLocaleString('en')} sessions`,
    ns: roundRobin(withSessions(router(20), flows, count), count),
    goal: count === 1_000_000 ? '≤ 6 ×' : '',
  }))
  report.ratios('Established packets, round robin over all sessions (20 rules, MASQUERADE)', rows)
}

function rules() {
  const indexed = [10, 100, 1000, 10_000].map(count => ({
    name: `${count.toLocaleString('en')} rules`,
    ns: roundRobin(withSessions(router(count), flows, 1000), 1000),
    goal: count === 10_000 ? '≤ 10 ×' : '',
  }))
  const scanned = [10, 1000, 10_000].map(count => ({
    name: `${count.toLocaleString('en')} rules, naive scan`,
    ns: roundRobin(withoutIndex(withSessions(router(count), flows, 1000)), 1000),
  }))
  report.ratios('Established packets, only the last rule matches (1,000 sessions)', [...indexed, ...scanned])
}

/** The price of immutability, and of traces. */
function engines() {
  const state = withSessions(router(20), flows, 1000)
  const arrivals = Array.from({ length: BATCH }, (_, index) => flows.request(index % 1000))
  const mutable = mutableEngine(withSessions(router(20), flows, 1000))
  let next = state
  const untraced = arrival => {
    const transaction = new Transaction(next, PATH, {}, undefined)
    arrive(transaction, arrival)
    next = transaction.commit()
  }
  let batch = state
  const traced = arrival => {
    const transaction = new Transaction(next, PATH, {}, new TraceRecorder())
    arrive(transaction, arrival)
    next = transaction.commit()
  }
  const stepAndRead = arrival => {
    const outcome = step(next, arrival)
    next = outcome.state
    return outcome.trace
  }
  const runAll = () => (batch = run(batch, arrivals).state)
  const [changed, stepped, bare, ranBatch] = measureBeside([
    { run: index => mutable(arrivals[index]) },
    { run: index => (next = step(next, arrivals[index]).state) },
    { run: index => untraced(arrivals[index]) },
    { size: 1, run: runAll },
  ])
  const ran = ranBatch / BATCH
  const [read, eager] = measureBeside([
    { run: index => stepAndRead(arrivals[index]) },
    { run: index => traced(arrivals[index]) },
  ])
  report.ratios('The same packets by other means (1,000 sessions, 20 rules, MASQUERADE)', [
    { name: 'connections and counters in place, found by Maps', ns: changed },
    { name: 'step', ns: stepped, goal: '≤ 3 ×' },
    { name: `run, ${BATCH} packets at once`, ns: ran },
  ])
  report.ratios('Traces', [
    { name: 'off: none can be had', ns: bare },
    { name: 'step, trace unread', ns: stepped, goal: '≤ 1.15 ×' },
    { name: 'step, trace read', ns: read },
    { name: 'recorded on the way', ns: eager },
  ])
  return { stepped, ran }
}

function opening() {
  let state = router(20)
  let arrivals = []
  let at = 0
  const growing = measure({
    prepare() {
      arrivals = Array.from({ length: BATCH }, () => flows.request(at++))
    },
    run(index) {
      state = step(state, arrivals[index]).state
    },
  })
  const base = withSessions(router(20), flows, 1000)
  const packet = flows.request(5000)
  return { growing, forked: measure({ run: () => step(base, packet) }) }
}

function tcpPair() {
  const { state, forward, back } = establishedTcp(router(20))
  let next = state
  const there = measure({ run: () => (next = step(next, forward).state) })
  return { there, back: measure({ run: () => (next = step(next, back).state) }) }
}

function besideTheKernel({ stepped, ran }) {
  const { growing, forked } = opening()
  const { there, back } = tcpPair()
  const many = roundRobin(withSessions(router(10_000), flows, 1000), 1000)
  const kernel = kernelFigures()
  const row = (name, ns, over, goal) => ({ name, ns, over, goal })
  report.ratios(
    `Beside the kernel's figure for the same (${kernel.source}); below 1 is faster than the kernel`,
    [
      row('kernel, established', kernel.established, kernel.established),
      row('established UDP, step', stepped, kernel.established, '≤ 1 ×'),
      row('established UDP, run', ran, kernel.established, '≤ 1 ×'),
      row('established TCP, step', there, kernel.established, '≤ 1 ×'),
      row('established TCP, answers, step', back, kernel.established, '≤ 1 ×'),
      row('kernel, new connection', kernel.opening, kernel.opening),
      row('new connection, table growing', growing, kernel.opening),
      row('new connection, always from one state', forked, kernel.opening),
      row('kernel, 10,000 rules', kernel.manyRules, kernel.manyRules),
      row('10,000 rules', many, kernel.manyRules),
    ],
  )
  const share = kernel.established - kernel.forwarding
  if (share <= 0) return console.log("Netfilter's own share: lost in this machine's noise\n")
  report.figures(
    "Netfilter's own share",
    `the kernel's figures hold all of forwarding and, live, the system calls that bring packets in and out: ${kernel.forwarding} ns without any rules. Netfilter's own share of an established packet is ${share.toFixed(0)} ns; step takes ${(stepped / share).toFixed(2)} times that, run ${(ran / share).toFixed(2)} times.`,
    { forwardingNs: kernel.forwarding, shareNs: share, step: stepped / share, run: ran / share },
  )
}

function versions() {
  if (globalThis.gc === undefined) return console.log('Memory: skipped, needs node --expose-gc\n')
  const count = 10_000
  const start = withSessions(router(20), flows, 10_000)
  const arrivals = Array.from({ length: count }, (_, index) => flows.request(index))
  const kept = new Array(count)
  const before = heapBytes()
  const begun = process.hrtime.bigint()
  let state = start
  for (let i = 0; i < count; i++) kept[i] = state = step(state, arrivals[i]).state
  const ns = Number(process.hrtime.bigint() - begun) / count
  const bytes = (heapBytes() - before) / kept.length
  report.figures(
    'Forks',
    `${count.toLocaleString('en')} kept versions of a firewall with as many sessions, a packet between each: ${((bytes * count) / 1e6).toFixed(1)} MB, ${(bytes / 1000).toFixed(1)} kB and ${ns.toFixed(0)} ns each`,
    { versions: count, bytesEach: Math.round(bytes), nsEach: Math.round(ns) },
  )
}

function reading() {
  const text = rulesText(6000)
  const ns = measure({ size: 1, samples: 15, warmUp: 5, run: () => parseRules(text, { family: 4 }) })
  report.figures(
    'Reading a text of 6,000 rules',
    `${(ns / 1e6).toFixed(1)} ms (${(ns / 6000).toFixed(0)} ns a rule)`,
    { nsARule: Math.round(ns / 6000) },
  )
}
