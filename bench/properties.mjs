/**
 * How much of a fast-check run, 20 packets a history, is the engine's own work. `node bench/properties.mjs` for itself;
 * part of `npm run bench`.
 */
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { advance, createFirewall, GATEWAY, history, play, siteOptions, step } from './engine.mjs'
import { Report } from './report.mjs'
import { rulesText } from './traffic.mjs'

const PACKETS = 20
const HISTORIES = 400
const ROUNDS = 7

/** @param {import('./report.mjs').Report} report */
export function propertyFigures(report) {
  const firewall = createFirewall({ ...siteOptions(GATEWAY), rules: rulesText(20) })
  const shape = {
    protocols: ['tcp', 'udp', 'icmp'],
    minHappenings: PACKETS,
    maxHappenings: PACKETS,
    fragments: false,
  }
  const histories = history(GATEWAY, shape)
  const shares = []
  for (let round = 0; round < ROUNDS; round++) {
    const played = []
    const whole = timed(() =>
      fc.assert(
        fc.property(histories, told => {
          const steps = play(firewall, told)
          played.push(steps)
          return steps.every(({ outcome }) => outcome === undefined || outcome.fate.kind !== 'held')
        }),
        { numRuns: HISTORIES, seed: round },
      ),
    )
    const engine = timed(() => {
      for (const steps of played) replay(firewall, steps)
    })
    shares.push(engine / whole)
  }
  // the first rounds warm up
  const share = shares.slice(2).sort((a, b) => a - b)[Math.floor((ROUNDS - 2) / 2)]
  report.figures(
    `A fast-check run (${HISTORIES} histories of ${PACKETS} packets, 20 rules)`,
    `the engine takes ${(share * 100).toFixed(0)}% of it (goal: under 60%)`,
    { engineShare: Number(share.toFixed(3)) },
  )
}

/** The same packets, ready-made. */
function replay(firewall, steps) {
  let state = firewall
  for (const played of steps)
    state = played.kind === 'wait' ? advance(state, played.ms) : step(state, played.arrival).state
}

function timed(action) {
  const begin = performance.now()
  action()
  return performance.now() - begin
}

if (process.argv[1] === fileURLToPath(import.meta.url)) propertyFigures(new Report())
