import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { edit, ipset } from '../firewall.ts'
import type { ImpairmentSpec } from '../network/impairment.ts'
import {
  cutLink,
  flushConntrack,
  impair,
  kill,
  mendLink,
  type Network,
  nodeOf,
  type Ran,
  repair,
  settle,
  spawn,
  updateNode,
} from '../network/index.ts'
import { policyToRules } from '../policy/index.ts'
import { parseRules } from '../rules/parse.ts'
import { policyChains, policyNames } from './build-network.ts'
import { durationMs } from './duration.ts'
import type { PlainStep, ScenarioInput } from './schema.ts'
import { defined } from './service-kind.ts'
import { createService } from './services.ts'

/** What an administrator does. */
export function manage(step: PlainStep, network: Network, input: ScenarioInput): Ran {
  const quiet = (next: Network): Ran => ({ network: next, hops: [] })
  if ('iptables' in step) return quiet(runCommands(network, step.on, step.iptables, step.family ?? 4, input))
  if ('ipset' in step) return quiet(updateNode(network, step.on, engine => ipset(engine, step.ipset)))
  if ('sysctl' in step) return quiet(setSysctls(network, step.on, step.sysctl))
  if ('flush' in step) return quiet(flushConntrack(network, step.flush))
  if ('start' in step) {
    const ran = spawn(network, step.on, createService(step.start))
    const settled = settle(ran.network)
    return { network: settled.network, hops: [...ran.hops, ...settled.hops] }
  }
  if ('stop' in step) return stop(network, step.on, step.stop)
  if ('cut' in step) return quiet(cutLink(network, step.cut, step.node))
  if ('restore' in step) return quiet(repair(mendLink(network, step.restore, step.node), step.restore))
  if ('drop' in step) return quiet(impair(network, step.drop, impairment('drop', step)))
  if ('duplicate' in step) return quiet(impair(network, step.duplicate, impairment('duplicate', step)))
  if ('delay' in step) return quiet(impair(network, step.delay, impairment('delay', step)))
  if ('reorder' in step) return quiet(impair(network, step.reorder, impairment('reorder', step)))
  if ('policy' in step) return quiet(replacePolicy(network, step.on, step.policy, input))
  return quiet(network)
}

interface Impaired {
  readonly from?: string | undefined
  readonly match?: object | undefined
  readonly nth?: number | undefined
  readonly count?: number | undefined
  readonly by?: string | undefined
}

function impairment(
  action: ImpairmentSpec['action'],
  { from, match, nth, count, by }: Impaired,
): ImpairmentSpec {
  const delayMs = by === undefined ? undefined : durationMs(by)
  return {
    action,
    ...defined({ from, match: match === undefined ? undefined : defined(match), nth, count, delayMs }),
  } as ImpairmentSpec
}

/** `sysctl -w` on a node. */
function setSysctls(network: Network, on: string, values: Readonly<Record<string, number>>): Network {
  return updateNode(network, on, engine => {
    const changed = edit(engine, config => {
      config.sysctls = { ...config.sysctls, ...values }
    })
    return changed.state
  })
}

function stop(network: Network, node: string, name: string): Ran {
  const running = nodeOf(network, node).host.processes.filter(({ program }) => program.name === name)
  if (running.length === 0) {
    const names = nodeOf(network, node).host.processes.map(({ program }) => program.name)
    throw new RangeError(`no program '${name}' runs on ${node}; there are ${names.join(', ') || 'none'}`)
  }
  let ran: Ran = { network, hops: [] }
  for (const { pid } of running) {
    const next = kill(ran.network, node, pid)
    ran = { network: next.network, hops: [...ran.hops, ...next.hops] }
  }
  const settled = settle(ran.network)
  return { network: settled.network, hops: [...ran.hops, ...settled.hops] }
}

/** `iptables` commands, with the network's names. */
function runCommands(
  network: Network,
  on: string,
  commands: string,
  family: Family,
  input: ScenarioInput,
): Network {
  const { resolveHost } = policyNames(input.network, input.network.nodes[on] ?? {})
  const key = family === 4 ? 'ipv4' : 'ipv6'
  return updateNode(network, on, engine => {
    const { rules } = engine.config
    const base = rules[key]
    const hasSet = (name: string): boolean => engine.sets.fits(name, family)
    const options = { family, hasSet, ...defined({ base, resolveHost }) }
    const { ruleset, diagnostics } = parseRules(commands, options)
    if (ruleset === undefined) throw new DiagnosticError(diagnostics)
    return engine.reconfigured({ ...engine.config, rules: { ...rules, [key]: ruleset } })
  })
}

function replacePolicy(network: Network, on: string, policy: string, input: ScenarioInput): Network {
  const node = input.network.nodes[on]!
  const names = policyNames(input.network, node)
  return updateNode(network, on, engine => {
    const { rules } = engine.config
    const filter = (family: 4 | 6) => {
      const { ruleset, diagnostics } = policyToRules(policy, { ...names, family, chains: policyChains(node) })
      if (ruleset === undefined) throw new DiagnosticError(diagnostics)
      const before = family === 4 ? rules.ipv4 : rules.ipv6
      return { family, tables: { ...before?.tables, ...ruleset.tables } }
    }
    const ipv6 = rules.ipv6 === undefined ? {} : { ipv6: filter(6) }
    return engine.reconfigured({ ...engine.config, rules: { ...rules, ipv4: filter(4), ...ipv6 } })
  })
}
