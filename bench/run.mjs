/**
 * What the engine costs, as ratios between figures of one run. `npm run bench`; with `--quick` without the million
 * sessions.
 */
import Table from 'cli-table3'
import { arrive, PATH, parseRules, run, step, TraceRecorder, Transaction } from './engine.mjs'
import { kernelFigures } from './kernel.mjs'
import { heapBytes, measure, measureBeside } from './measure.mjs'
import { mutableEngine } from './mutable.mjs'
import { establishedTcp, Flows, router, rulesText, withSessions } from './traffic.mjs'

const BATCH = 1024
const isQuick = process.argv.includes('--quick')
const flows = new Flows()

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

function print(title, rows, head = ['', 'ns a packet', 'ratio', 'goal']) {
  const table = new Table({ head, style: { head: [], border: [] } })
  const base = rows[0].ns
  for (const { name, ns, goal = '', over = base } of rows)
    table.push([name, ns.toFixed(0), `${(ns / over).toFixed(2)} ×`, goal])
  console.log(`${title}\n${table}\n`)
}

function sessions() {
  const counts = isQuick ? [1000, 10_000, 100_000] : [1000, 10_000, 100_000, 1_000_000]
  const rows = counts.map(count => ({
    name: `${count.toLocaleString('en')} sessions`,
    ns: roundRobin(withSessions(router(20), flows, count), count),
    goal: count === 1_000_000 ? '≤ 6 ×' : '',
  }))
  print('Established packets, round robin over all sessions (20 rules, MASQUERADE)', rows)
}

function rules() {
  const rows = [10, 100, 1000, 10_000].map(count => ({
    name: `${count.toLocaleString('en')} rules`,
    ns: roundRobin(withSessions(router(count), flows, 1000), 1000),
    goal: count === 10_000 ? '≤ 10 ×' : '',
  }))
  print('Established packets, only the last rule matches (1,000 sessions)', rows)
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
  print('The same packets by other means (1,000 sessions, 20 rules, MASQUERADE)', [
    { name: 'connections and counters in place, found by Maps', ns: changed },
    { name: 'step', ns: stepped, goal: '≤ 3 ×' },
    { name: `run, ${BATCH} packets at once`, ns: ran },
  ])
  print('Traces', [
    { name: 'none can be had', ns: bare },
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
  const table = new Table({
    head: ['', 'engine', 'kernel', 'engine / kernel'],
    style: { head: [], border: [] },
  })
  const row = (name, ours, theirs) =>
    table.push([name, ours.toFixed(0), theirs.toFixed(0), `${(ours / theirs).toFixed(2)} ×`])
  row('established UDP, step', stepped, kernel.established)
  row('established UDP, run', ran, kernel.established)
  row('established TCP, step', there, kernel.established)
  row('established TCP, answers, step', back, kernel.established)
  row('new connection, table growing', growing, kernel.opening)
  row('new connection, always from one state', forked, kernel.opening)
  row('10,000 rules', many, kernel.manyRules)
  const share = kernel.established - kernel.forwarding
  console.log(`Beside the kernel, ns a packet (kernel: ${kernel.source})\n${table}`)
  console.log(
    `The kernel's figures hold all of forwarding and, live, the system calls that bring packets in and out: ${kernel.forwarding} ns without any rules. Netfilter's own share of an established packet is ${share.toFixed(0)} ns; step takes ${(stepped / share).toFixed(2)} times that, run ${(ran / share).toFixed(2)} times.\n`,
  )
}

function versions() {
  if (globalThis.gc === undefined) return console.log('Memory: skipped, needs node --expose-gc\n')
  const count = 10_000
  const start = withSessions(router(20), flows, 10_000)
  const arrivals = Array.from({ length: count }, (_, index) => flows.request(index))
  const kept = new Array(count)
  const before = heapBytes()
  let state = start
  for (let i = 0; i < count; i++) kept[i] = state = step(state, arrivals[i]).state
  const after = heapBytes()
  const megabytes = bytes => (bytes / 1e6).toFixed(1)
  const each = ((after - before) / kept.length / 1000).toFixed(1)
  console.log(
    `Memory: ${count.toLocaleString('en')} kept versions of a firewall with as many sessions, a packet between each: ${megabytes(after - before)} MB (${each} kB each)\n`,
  )
}

function reading() {
  const text = rulesText(6000)
  const ns = measure({ size: 1, samples: 15, warmUp: 5, run: () => parseRules(text, { family: 4 }) })
  console.log(
    `Reading a text of 6,000 rules: ${(ns / 1e6).toFixed(1)} ms (${(ns / 6000).toFixed(0)} ns a rule)\n`,
  )
}

const measured = engines()
besideTheKernel(measured)
rules()
sessions()
versions()
reading()
