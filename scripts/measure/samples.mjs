// Packets for rules, sent through the engine; whether they matched is read from the rule's own counter.
import { emptySets } from '../../dist/analysis/index.js'
import { createFirewall, readCounters, step } from '../../dist/index.js'
import { boxOf, EMPTY, plausible, playOf, readPoint, taste, waysOf } from './analysis.mjs'

/** Some points cannot be made into packets: so many are tried for one that can. */
const TRIES = 6

/**
 * Sends packets that satisfy a rule's own conditions (any packets, if none can), in the states they ask for, to the
 * whole ruleset and to the rule's table alone.
 *
 * @returns how many were sent, and the first one that matched
 */
export function sample(analysis, { id }, places, count) {
  const firewalls = [analysis.ruleset, alone(analysis.ruleset, id.table)].map(rules =>
    createFirewall({ rules, sets: emptySets(analysis.ruleset) }),
  )
  const flows =
    places.length > 0
      ? places
      : analysis.flows.filter(({ table }) => table === id.table).map(flow => ({ flow }))
  let sent = 0
  for (let seed = 0; sent < count && seed < count * TRIES && flows.length > 0; seed++) {
    const { flow, index } = flows[seed % flows.length]
    const point = readPoint(flow.space, pick(flow, index, seed))
    for (const way of waysOf(flow.hook, point)) {
      const play = made(point, way)
      if (play === undefined) continue
      sent++
      const base = firewalls[sent % 2]
      let state = base.reconfigured({ ...base.config, ...boxOf(point, way) })
      for (const arrival of [...play.history, play.arrival]) state = step(state, arrival).state
      if (packetsOf(state, analysis.ruleset.family, id) > 0)
        return { sent, matched: `${play.arrival.packet}` }
    }
  }
  return { sent, matched: undefined }
}

/** What the rule of a witness counts when the witness is sent to a new firewall. */
export function countOf(ruleset, { id, box, history, arrival, openedBefore, tables }) {
  const { family } = ruleset
  const rules = tables === 'all' ? ruleset : alone(ruleset, id.table)
  const untracked = tables === 'alone' && id.table !== 'raw'
  const sets = emptySets(ruleset)
  const loaded = createFirewall({ ...box, rules, sets })
  let state = openedBefore ? createFirewall({ ...box, sets }) : loaded
  for (const before of history) state = step(state, before).state
  if (openedBefore) state = state.reconfigured(loaded.config)
  state = step(state, arrival).state
  const found = packetsOf(state, family, id)
  if (found > 0 || !untracked) return found
  // a rule about untracked packets, without the raw table that untracks them
  const raw = createFirewall({ rules: family === 4 ? { ipv4: NOTRACK } : { ipv6: NOTRACK } })
  const tracked = raw.config.rules[family === 4 ? 'ipv4' : 'ipv6'].tables
  const both = createFirewall({ ...box, sets, rules: { family, tables: { ...tracked, ...rules.tables } } })
  return packetsOf(step(both, arrival).state, family, id)
}

const NOTRACK = '*raw\n-A PREROUTING -j CT --notrack\n-A OUTPUT -j CT --notrack\nCOMMIT\n'

function packetsOf(state, family, { table, chain, number }) {
  return readCounters(state, family, table, chain)?.rules[number - 1]?.packets ?? 0
}

function alone({ family, tables }, table) {
  return { family, tables: { [table]: tables[table] } }
}

function pick({ space, hook, domain, entries }, index, seed) {
  const { bdd } = space
  const own = index === undefined ? EMPTY : bdd.and(entries[index].condition, domain)
  const set = own === EMPTY ? domain : own
  const likely = plausible(space, hook)
    .map(level => bdd.and(set, level))
    .filter(node => node !== EMPTY)
  const bits = new Uint8Array(space.width)
  bdd.pick(likely[seed % 2 === 0 ? 0 : seed % likely.length], bits, taste(space, { seed }))
  return bits
}

function made(point, way) {
  try {
    const play = playOf(point, way)
    return typeof play === 'string' ? undefined : play
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
