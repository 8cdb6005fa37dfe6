import type { Family } from './address.ts'
import type { CompiledConfig, CompiledFamily } from './compiled.ts'
import type { FirewallConfig } from './config.ts'
import { type ConntrackSysctls, DEFAULT_SYSCTLS, sysctlNames, withSysctl } from './conntrack/sysctls.ts'
import { RoutingTable } from './ip/routing.ts'
import { nearest } from './nearest.ts'
import type { PersistentVector } from './persistent/vector.ts'
import { compileRuleset } from './rules/compile.ts'
import type { CompiledRuleset } from './rules/compiled-rules.ts'
import type { Counters, Ruleset } from './rules/model.ts'

/**
 * Makes a configuration ready for packets. What an edit left untouched is taken over from `previous`: a family whose
 * rules are the same object is not compiled again, and unchanged rules keep their counters.
 *
 * @returns the compiled form, and the counters with what new rules start from
 * @throws DiagnosticError for impossible devices, addresses or routes
 * @throws RangeError for a sysctl that is not modelled, or a ruleset built by hand that is inconsistent
 */
export function compileConfig(
  config: FirewallConfig,
  previous: { readonly config: FirewallConfig; readonly compiled: CompiledConfig } | undefined,
  counters: PersistentVector<Counters>,
): { compiled: CompiledConfig; counters: PersistentVector<Counters> } {
  const owner = {}
  let next = counters
  let nextSlot = previous?.compiled.nextSlot ?? 0
  const rulesOf = (ruleset: Ruleset | undefined, old: CompiledFamily | undefined, same: boolean) => {
    if (ruleset === undefined || (same && old !== undefined)) return ruleset && old?.rules
    const compiled = compileRuleset(ruleset, old?.rules, nextSlot)
    nextSlot = compiled.slots.next
    for (const { slot, counters: fresh } of compiled.slots.fresh) {
      while (next.length < slot) next = next.push(fresh, owner)
      next = slot === next.length ? next.push(fresh, owner) : next.set(slot, fresh, owner)
    }
    return compiled
  }
  const family = (version: Family): CompiledFamily => {
    const key = version === 4 ? 'ipv4' : 'ipv6'
    const old = previous?.compiled[key]
    const rules = rulesOf(config.rules[key], old, previous?.config.rules[key] === config.rules[key])
    return compileFamily(version, config, rules, previous?.config, old)
  }
  const ipv4 = family(4)
  const ipv6 = family(6)
  const settings = readSysctls(config)
  const isCounting = settings.acct || [ipv4, ipv6].some(({ rules }) => rules?.needsAccounting)
  const conntrackSysctls = isCounting === settings.acct ? settings : { ...settings, acct: isCounting }
  return { compiled: { ipv4, ipv6, conntrackSysctls, nextSlot }, counters: next }
}

function compileFamily(
  family: Family,
  config: FirewallConfig,
  rules: CompiledRuleset | undefined,
  before: FirewallConfig | undefined,
  old: CompiledFamily | undefined,
): CompiledFamily {
  const { interfaces, routes, sysctls } = config
  const sameRouting =
    before?.interfaces === interfaces && before.routes === routes && before.sysctls === sysctls
  const routing =
    sameRouting && old !== undefined
      ? old.routing
      : RoutingTable.compile(family, { interfaces, routes, sysctls })
  // Once on, tracking stays on until the last rule that needs it has gone; connections do not go with it.
  const tracking = config.conntrack === 'on' || (rules?.needsConntrack ?? false)
  return { rules, routing, tracking, defragments: tracking || (rules?.needsDefragmentation ?? false) }
}

/** Sysctls outside conntrack that routing or the engine read (see ip/interfaces.ts). */
const OTHER_SYSCTLS =
  /^net\.ipv[46]\.(ip_forward|conf\.[^.]+\.(forwarding|rp_filter|accept_local|route_localnet|accept_source_route|send_redirects|src_valid_mark|log_martians))$/

function sysctlHint(name: string): string {
  const names = [
    ...sysctlNames(),
    'net.ipv4.ip_forward',
    'net.ipv4.conf.all.rp_filter',
    'net.ipv4.conf.all.forwarding',
    'net.ipv6.conf.all.forwarding',
  ]
  const near = nearest(name, names)
  if (near !== undefined) return `did you mean '${near}'?`
  return `modelled are ${sysctlNames().join(', ')} and net.ipv4/ipv6.conf.*.forwarding, rp_filter and the like`
}

/** @throws RangeError naming a sysctl that is not modelled, or whose value is no whole number */
export function readSysctls(config: Pick<FirewallConfig, 'sysctls'>): ConntrackSysctls {
  let sysctls = DEFAULT_SYSCTLS
  for (const [name, value] of Object.entries(config.sysctls)) {
    if (!Number.isInteger(value)) throw new RangeError(`sysctl '${name}' takes a whole number, not ${value}`)
    const changed = withSysctl(sysctls, name, value)
    if (changed !== undefined) sysctls = changed
    else if (!OTHER_SYSCTLS.test(name))
      throw new RangeError(`sysctl '${name}' is not modelled; ${sysctlHint(name)}`)
  }
  return sysctls
}
