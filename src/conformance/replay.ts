import { dumpConnection, dumpExpectation } from '../conntrack/dump.ts'
import type { ConntrackEvent } from '../conntrack/events.ts'
import { readCounters } from '../counters.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { advance, createFirewall, edit, iptables, step } from '../firewall.ts'
import type { InterfaceConfig } from '../ip/interfaces.ts'
import { ipsetSave } from '../listings.ts'
import type { PortChooser } from '../nat/context.ts'
import type { Arrival, Outcome } from '../outcome.ts'
import { bytesToHex, hexToBytes } from '../packet/hex.ts'
import { Packet } from '../packet/packet.ts'
import type { FirewallState } from '../state.ts'
import type { Traversal } from '../trace.ts'
import type { CaseCounters, CaseExpectation, CaseStep, KernelCase, PortChoice } from './case.ts'
import { isPacket } from './case.ts'
import { listed } from './listed.ts'
import { maskKernelIds } from './mask.ts'

/** The simulator's answer to a case, or the extensions that it refuses because it does not model them. */
export type Replay =
  | { readonly kind: 'answered'; readonly answer: KernelCase }
  | { readonly kind: 'refused'; readonly error: DiagnosticError }

/** Answers a recorded case: the same case, with everything that the simulator did instead of what the kernel did. */
export function replayCase(recorded: KernelCase): Replay {
  const { reject: _, error: __, counters: ___, listed: ____, ...question } = recorded
  let state: FirewallState
  try {
    state = createFirewall({
      interfaces: devicesOf(recorded),
      routes: recorded.routes,
      rules: recorded.family === 4 ? { ipv4: recorded.rules } : { ipv6: recorded.rules },
      rulesFormat: 'restore',
      conntrack: recorded.conntrack,
      sysctls: recorded.sysctl ?? {},
      ...(recorded.ipset !== undefined && { sets: recorded.ipset }),
    })
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    if (error.diagnostics.some(({ code }) => code === 'not-modelled')) return { kind: 'refused', error }
    return { kind: 'answered', answer: { ...question, steps: [], reject: true, error: error.message } }
  }
  const steps: CaseStep[] = []
  const events: ConntrackEvent[] = []
  for (const given of recorded.steps ?? []) {
    if (!isPacket(given)) {
      const next = changed(state, given, recorded.family)
      state = next ?? state
      const expect = dump(state, undefined, recorded, given)
      steps.push({ ...given, expect: { ...expect, refused: next === undefined } })
      continue
    }
    const packet = hexToBytes(given.hex)
    const arrival: Arrival =
      'in' in given
        ? { device: given.in, packet }
        : { local: true, packet: new Packet(packet, recorded.family), socket: ROOT }
    // time stood still but for what the recorder slept
    if (recorded.pace) state = advance(state, PACE_MS)
    const outcome = step(withOtherIds(state, packet), arrival, {
      choosePort: chooserOf(given.expect?.choices ?? []),
      chooseCookie: () => given.expect?.cookie,
    })
    state = outcome.state
    events.push(...outcome.events)
    steps.push({ ...given, expect: dump(state, outcome, recorded, given) })
  }
  const answer: KernelCase = {
    ...question,
    steps,
    counters: caseCounters(state, recorded),
    ...(recorded.ipset !== undefined && { ipset_after: setMembers(state) }),
    ...(recorded.listings && { listed: listed(state, events, recorded) }),
  }
  return { kind: 'answered', answer }
}

/** A case's devices as `createFirewall` takes them. */
export function devicesOf({ interfaces, devices = {} }: Pick<KernelCase, 'interfaces' | 'devices'>): {
  [name: string]: InterfaceConfig
} {
  return Object.fromEntries(
    Object.entries(interfaces).map(([name, addresses]) => [name, { addresses, ...devices[name] }]),
  )
}

/** After a step that is no packet; undefined if the command is refused. */
function changed(
  state: FirewallState,
  step: Exclude<CaseStep, { readonly hex: string }>,
  family: 4 | 6,
): FirewallState | undefined {
  if ('wait' in step) return advance(state, step.wait * 1000)
  if ('sysctl' in step) return edit(state, config => Object.assign(config.sysctls, step.sysctl)).state
  try {
    return iptables(state, `${family === 4 ? 'iptables' : 'ip6tables'} ${step.iptables}`, family)
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined
    throw error
  }
}

/** The `add` lines of `ipset save`, sorted as texts. */
function setMembers(state: FirewallState): string[] {
  return ipsetSave(state)
    .split('\n')
    .filter(line => line.startsWith('add '))
    .sort()
}

/** How long the recorder slept before each packet of a case with `pace`. */
const PACE_MS = 9

/** Who recorded the cases. */
const ROOT = { uid: 0, gid: 0 }

/** Wishes for the ports that the kernel drew, by the connection's original tuple. */
function chooserOf(choices: readonly PortChoice[]): PortChooser {
  return request => {
    const { protocol, source, destination, sport, dport } = request.original
    const wish = choices.find(
      ({ proto, orig }) =>
        proto === protocol &&
        orig[0] === source.toString() &&
        orig[1] === destination.toString() &&
        (orig.length === 5
          ? orig[4] === sport && orig[2] === dport >> 8
          : orig[2] === sport && orig[3] === dport),
    )
    if (wish === undefined || wish.port < request.min || wish.port > request.max) return undefined
    return request.isFree(wish.port) ? wish.port : undefined
  }
}

function dump(
  state: FirewallState,
  outcome: Outcome | undefined,
  recorded: KernelCase,
  given: CaseStep,
): CaseExpectation {
  const conntrack = [...state.sessions]
    .filter(({ expiresAtMs }) => expiresAtMs > state.nowMs)
    .map(connection => dumpConnection(connection, state.nowMs))
  const expectations = recorded.rules.includes('--helper')
    ? state.expectations.list(state.nowMs).map(expectation => dumpExpectation(expectation, state.nowMs))
    : []
  const input = 'hex' in given ? hexToBytes(given.hex) : undefined
  const hex = (bytes: Uint8Array): string => bytesToHex(maskKernelIds(bytes, input))
  const paths = outcome?.trace.filter(({ reachedRaw }) => reachedRaw).map(dumpTraversal) ?? []
  return {
    ...(outcome !== undefined && {
      out: outcome.emitted.map(({ device, packet }) => ({ dev: device, hex: hex(packet.bytes) })),
      delivered: outcome.delivered.map(({ device, packet, mark }) => ({
        dev: device,
        hex: hex(packet.bytes),
        ...(mark !== 0 && { mark: mark >>> 0 }),
      })),
      nflog: outcome.nflog.map(({ group, prefix, bytes }) => ({ group, prefix, hex: hex(bytes) })),
      ...(recorded.log && {
        log: outcome.log.map(({ level, text }) => ({ level, text: maskOuterId(text, input) })),
      }),
      // a recorder that saw nothing but empty ways recorded nothing
      trace: paths.some(({ path }) => path.length > 0) ? paths : [],
      errno: outcome.errno === 1 ? 0 : outcome.errno,
    }),
    conntrack,
    expectations,
  }
}

/** Matched rules, policies and returns: what the kernel's TRACE prints. */
function dumpTraversal(traversal: Traversal): { path: string[]; mark?: number } {
  const path: string[] = []
  let mark = 0
  for (const step of traversal.steps) {
    if (step.kind === 'rule' && step.matched) path.push(`${step.table}:${step.chain}:${step.number}`)
    else if (step.kind === 'policy' || step.kind === 'return')
      path.push(`${step.table}:${step.chain}:${step.kind}`)
    else continue
    mark = step.mark >>> 0
  }
  return mark === 0 ? { path } : { path, mark }
}

/** The box's own packets have a random id; the recorder writes 0 for every id that is not the input's. */
function maskOuterId(text: string, input: Uint8Array | undefined): string {
  return text.replace(/( TTL=\d+) ID=(\d+)/, (whole, before, id) =>
    input !== undefined && Number(id) === idOf(input) ? whole : `${before} ID=0`,
  )
}

/** The box's own packets shall not have the id of the packet that arrives, so that they can be told apart. */
function withOtherIds(state: FirewallState, packet: Uint8Array): FirewallState {
  return state.with({ nextPacketId: idOf(packet) ^ 0x8000 || 1 })
}

function idOf(packet: Uint8Array): number {
  return ((packet[4] ?? 0) << 8) | (packet[5] ?? 0)
}

/** Of the tables that the rules text has, as recorded: commands of later steps may have made others. */
function caseCounters(state: FirewallState, { family, rules }: KernelCase): CaseCounters {
  const counters: CaseCounters = {}
  const ruleset = family === 4 ? state.config.rules.ipv4 : state.config.rules.ipv6
  for (const table of Object.values(ruleset?.tables ?? {})) {
    if (!new RegExp(`^\\*${table.name}\\s*$`, 'm').test(rules)) continue
    const chains: CaseCounters[string] = {}
    for (const chain of Object.values(table.chains)) {
      const { rules: counted, policy } = readCounters(state, family, table.name, chain.name)!
      chains[chain.name] = {
        rules: counted.map(({ packets, bytes }) => [packets, bytes] as const),
        ...(policy !== undefined && { policy: [policy.packets, policy.bytes] as const }),
      }
    }
    counters[table.name] = chains
  }
  return counters
}
