/** From a generated case to one the recorder can ask about, and from its answer to what differs. */
import { compareCases } from '../../../dist/conformance/compare.js'
import { devicesOf, replayCase } from '../../../dist/conformance/replay.js'
import { dumpConnection } from '../../../dist/conntrack/dump.js'
import { DiagnosticError } from '../../../dist/diagnostic.js'
import { createFirewall } from '../../../dist/firewall.js'
import { play, rulesetText, siteOptions } from '../../../dist/testing/fast-check.js'
import { choiceOf, keyOf, namePorts } from './answers.mjs'
import { mangled } from './mangle.mjs'

/** The recorder lets at most this much time pass in a case, so that waits never add up to a whole second. */
const MOST_WAITING_MS = 3750

/** @returns {object} a case in the recorder's format, with the simulator's own choice of ports as names for the kernel's */
export function askedCase(name, generated) {
  if (generated.asked !== undefined) return { name, ...generated.asked }
  const { site, conntrack, sysctl, sets = '', draft, history, edits, changes = [], log, listings } = generated
  const rules = rulesetText(draft)
  const asked = {
    name,
    family: site.family,
    interfaces: site.interfaces,
    ...(site.devices !== undefined && { devices: site.devices }),
    routes: site.routes,
    conntrack,
    ...(Object.keys(sysctl).length > 0 && { sysctl }),
    ...(sets !== '' && { ipset: sets }),
    rules,
    ...(isPaced(site, rules) && { pace: true }),
    ...(log && { log: true }),
    ...(listings && { listings: true }),
  }
  let firewall
  try {
    firewall = createFirewall({
      ...siteOptions(site),
      interfaces: devicesOf(site),
      conntrack,
      sysctls: sysctl,
      sets,
      rules: site.family === 4 ? { ipv4: rules } : { ipv6: rules },
    })
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    return { ...asked, steps: [] }
  }
  let waited = 0
  const happenings = history.happenings.filter(one => {
    if (one.kind !== 'wait') return true
    waited += one.ms
    return waited <= MOST_WAITING_MS
  })
  let known = new Set()
  const steps = play(firewall, { ...history, happenings }).map(one => {
    if (one.kind === 'wait') return { wait: one.ms / 1000 }
    const { arrival, outcome } = one
    const entries = [...outcome.state.sessions].map(connection =>
      dumpConnection(connection, outcome.state.nowMs),
    )
    const choices = entries.filter(entry => !known.has(keyOf(entry))).flatMap(choiceOf)
    known = new Set(entries.map(keyOf))
    return {
      ...('local' in arrival ? { local: true } : { in: arrival.device }),
      hex: arrival.packet.toHex(),
      ...(choices.length > 0 && { expect: { choices } }),
    }
  })
  return withChanges(mangled({ ...asked, steps }, edits ?? []), changes)
}

/** Where it counts whether the kernel's clock has ticked since the packet before: allowances for redirects, connlimit. */
function isPaced({ interfaces }, rules) {
  return (
    /connlimit/.test(rules) ||
    Object.values(interfaces).some(own => own.some(text => text.startsWith('fe80:')))
  )
}

/** A question in which the firewall is changed half way. Packets stay as they were: the hosts know nothing of it. */
function withChanges(asked, changes) {
  if (changes.length === 0 || asked.steps.length === 0) return asked
  const steps = [...asked.steps]
  for (const { at, step } of changes) {
    const table = /^-t (\w+)/.exec(step.iptables ?? '')?.[1]
    // a command that fails loads its table all the same: see the ledger
    if (table !== undefined && !asked.rules.includes(`*${table}\n`)) continue
    steps.splice(at % (steps.length + 1), 0, step)
  }
  return namePorts({ ...asked, steps })
}

/**
 * @returns {{ status: 'agrees' | 'differs' | 'refused' | 'unfit', differences: object[], why?: string }}
 */
export function judge(recorded) {
  if (recorded.error !== undefined && !recorded.reject)
    return { status: 'unfit', differences: [], why: recorded.error }
  const replay = replayCase(recorded)
  if (replay.kind === 'refused') return { status: 'refused', differences: [], why: replay.error.message }
  const differences = compareCases(recorded, replay.answer)
  return { status: differences.length === 0 ? 'agrees' : 'differs', differences, answer: replay.answer }
}
