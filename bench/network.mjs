/**
 * A site of 1,000 hosts behind 10 firewalls, 10,000 connections: what a packet costs at each hop, beside the engine alone
 * taking the same packets. `node --expose-gc bench/network.mjs` for itself; part of `npm run bench`.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createNetwork, settle, spawn, step } from './engine.mjs'
import { Report } from './report.mjs'
import { rulesText } from './traffic.mjs'

const FIREWALLS = 10
const HOSTS_EACH = 100
const CONNECTIONS_EACH = 10
const SERVERS = 10

/** In a process of its own: what other figures leave in the heap and in the compiled code costs the network more. */
export function networkFigures(report) {
  const args = ['--expose-gc', fileURLToPath(import.meta.url), '--json']
  const { title, rows } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  report.ratios(title, rows, 'hop')
}

function measured(rounds = 3) {
  const quiet = withClients(site({ log: false }))
  const logged = withClients(site({ log: true }))
  const arrivals = arrivalsOf(settle(logged).hops)
  const networkTimes = []
  const engineTimes = []
  for (let round = 0; round <= rounds; round++) {
    networkTimes.push(timed(() => settle(quiet)))
    engineTimes.push(timed(() => replay(quiet, arrivals)))
  }
  const [network, engine] = [networkTimes, engineTimes].map(times => median(times.slice(1)) / arrivals.length)
  const counts = `${FIREWALLS * HOSTS_EACH} hosts, ${FIREWALLS} firewalls, ${FIREWALLS * HOSTS_EACH * CONNECTIONS_EACH} connections, ${arrivals.length.toLocaleString('en')} hops`
  return {
    title: `A network (${counts})`,
    rows: [
      { name: 'the engine alone, the same packets at the same nodes', ns: engine },
      { name: 'the network: links, clock, TCP endpoints, programs', ns: network, goal: '≤ 2 ×' },
    ],
  }
}

function site({ log }) {
  const nodes = {}
  const links = { internet: [] }
  for (let f = 0; f < FIREWALLS; f++) {
    nodes[`fw${f}`] = {
      interfaces: { lan0: `10.${f}.0.1/16`, wan0: `203.0.113.${f + 1}/32` },
      rules: rulesText(20),
    }
    links.internet.push(`fw${f}:wan0`)
    links[`lan${f}`] = [`fw${f}:lan0`]
    for (let h = 0; h < HOSTS_EACH; h++) {
      nodes[`h${f}-${h}`] = { address: `10.${f}.1.${h + 1}/16` }
      links[`lan${f}`].push(`h${f}-${h}`)
    }
  }
  for (let s = 0; s < SERVERS; s++) {
    nodes[`s${s}`] = { address: `198.51.100.${s + 1}`, services: [server] }
    links.internet.push(`s${s}`)
  }
  return createNetwork({ nodes, links, log })
}

/** Takes whatever comes and says a word. */
const server = {
  name: 'server',
  start: api => api.listen(80),
  handle(state, event, api) {
    if (event.kind === 'data') api.send(event.socket, 'hello')
    return state
  },
}

/** Opens its connections and says a word on each. */
const client = {
  name: 'client',
  start(api) {
    for (let c = 0; c < CONNECTIONS_EACH; c++) api.connect(`198.51.100.${(c % SERVERS) + 1}`, 80)
    return undefined
  },
  handle(state, event, api) {
    if (event.kind === 'connected') api.send(event.socket, 'hello')
    return state
  },
}

function withClients(network) {
  let next = network
  for (let f = 0; f < FIREWALLS; f++)
    for (let h = 0; h < HOSTS_EACH; h++) next = spawn(next, `h${f}-${h}`, client).network
  return next
}

/** What came where, in order. */
function arrivalsOf(hops) {
  return hops.map(({ node, device, packet }) => ({
    node,
    arrival: device === '' ? { local: true, packet } : { device, packet },
  }))
}

/** The engines of the nodes alone, each with the packets that it had in the network. */
function replay(network, arrivals) {
  const { indexes } = network.topology
  const engines = Array.from({ length: indexes.size }, (_, at) => network.nodes.get(at).engine)
  for (const { node, arrival } of arrivals) {
    const at = indexes.get(node)
    engines[at] = step(engines[at], arrival).state
  }
  return engines
}

function timed(action) {
  globalThis.gc?.()
  const start = process.hrtime.bigint()
  action()
  return Number(process.hrtime.bigint() - start)
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

if (process.argv[1]?.endsWith('network.mjs')) {
  const { title, rows } = measured()
  if (process.argv.includes('--json')) console.log(JSON.stringify({ title, rows }))
  else new Report().ratios(title, rows, 'hop')
}
