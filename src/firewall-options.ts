import type { Family } from './address.ts'
import type { FirewallConfig } from './config.ts'
import { DiagnosticError } from './diagnostic.ts'
import type { InterfaceConfig } from './ip/interfaces.ts'
import { slips } from './nearest.ts'
import { toJiffies } from './rules/matches/jiffies.ts'
import type { Ruleset } from './rules/model.ts'
import { type HostResolver, type ParseOptions, parseRules } from './rules/parse.ts'
import { restoreSets } from './sets/restore.ts'
import type { SetTable } from './sets/set-table.ts'

/** What a firewall is made of. Everything is optional: without rules all passes, without interfaces there is only `lo`. */
export interface FirewallOptions {
  /**
   * Devices and their addresses: `{ lan0: ['10.6.0.1/16'] }`, a single one as text, or with more detail (mtu, group, mac).
   * `lo` is implied.
   */
  readonly interfaces?: { readonly [device: string]: string | readonly string[] | InterfaceConfig }
  /** As `ip route` takes and prints them: `default via 203.0.113.254 dev wan0`. */
  readonly routes?: readonly string[]
  /**
   * iptables-save text or a script of iptables commands; a string is IPv4's. A `Ruleset` from `parseRules` will do too.
   */
  readonly rules?: string | Ruleset | { readonly ipv4?: string | Ruleset; readonly ipv6?: string | Ruleset }
  /** The rules text's name in diagnostics. */
  readonly rulesFile?: string
  /** The ipsets that rules name: what `ipset restore` reads. They are there before the rules. */
  readonly sets?: string
  /** The ipset text's name in diagnostics. */
  readonly setsFile?: string
  /** What the rules text is; see `ParseOptions.format`. Default `auto`. */
  readonly rulesFormat?: ParseOptions['format']
  /** Default `on`; see `FirewallConfig.conntrack`. */
  readonly conntrack?: 'on' | 'auto'
  /** By the kernel's names; only what differs from the defaults. */
  readonly sysctls?: { readonly [name: string]: number }
  /** Host names in rules, as iptables would resolve them when the rule is loaded. */
  readonly resolveHost?: HostResolver
  /** Where the virtual clock begins, in ms. Default 0. */
  readonly nowMs?: number
}

export function readSets(
  text: string,
  base: SetTable,
  nowMs: number,
  options: { readonly file?: string | undefined; readonly isInUse?: (name: string) => boolean },
): SetTable {
  const { file, isInUse = () => false } = options
  const { table, diagnostics } = restoreSets(text, base, {
    nowJiffies: toJiffies(nowMs),
    isInUse,
    ...(file !== undefined && { file }),
  })
  if (diagnostics.length > 0) throw new DiagnosticError(diagnostics)
  return table
}

export function readRules(options: FirewallOptions, sets: SetTable): FirewallConfig['rules'] {
  const { rules } = options
  if (rules === undefined) return {}
  if (typeof rules === 'string') return { ipv4: readRuleset(rules, 4, sets, options) }
  if ('tables' in rules) return rules.family === 4 ? { ipv4: rules } : { ipv6: rules }
  const one = (text: string | Ruleset, family: Family): Ruleset =>
    typeof text === 'string' ? readRuleset(text, family, sets, options) : text
  return {
    ...(rules.ipv4 !== undefined && { ipv4: one(rules.ipv4, 4) }),
    ...(rules.ipv6 !== undefined && { ipv6: one(rules.ipv6, 6) }),
  }
}

export function readRuleset(
  text: string,
  family: Family,
  sets: SetTable,
  { resolveHost, rulesFile, rulesFormat }: Pick<FirewallOptions, 'resolveHost' | 'rulesFile' | 'rulesFormat'>,
  base?: Ruleset,
): Ruleset {
  const { ruleset, diagnostics } = parseRules(text, {
    family,
    hasSet: name => sets.fits(name, family),
    ...(resolveHost !== undefined && { resolveHost }),
    ...(rulesFile !== undefined && { file: rulesFile }),
    ...(rulesFormat !== undefined && { format: rulesFormat }),
    ...(base !== undefined && { base }),
  })
  if (ruleset === undefined) throw new DiagnosticError(diagnostics)
  return ruleset
}

export function interfaceConfig(device: string | readonly string[] | InterfaceConfig): InterfaceConfig {
  if (typeof device === 'string') return { addresses: [device] }
  return isAddressList(device) ? { addresses: device } : device
}

function isAddressList(device: readonly string[] | InterfaceConfig): device is readonly string[] {
  return Array.isArray(device)
}

const OPTION_NAMES: readonly (keyof FirewallOptions)[] = [
  'interfaces',
  'routes',
  'rules',
  'rulesFile',
  'sets',
  'setsFile',
  'rulesFormat',
  'conntrack',
  'sysctls',
  'resolveHost',
  'nowMs',
]

/**
 * For JavaScript: what would otherwise be passed over, and make a firewall that lets everything through.
 *
 * @throws TypeError, RangeError with what was probably meant
 */
export function refuseSlips(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('createFirewall takes options: createFirewall({ rules, interfaces, routes })')
  for (const { name, meant } of slips(options, OPTION_NAMES))
    throw new RangeError(`no option '${name}': did you mean '${meant}'?`)
  if ('rules' in options) refuseNoRules(options.rules)
}

function refuseNoRules(rules: unknown): void {
  if (rules === undefined || typeof rules === 'string') return
  const what = 'rules: a text, a Ruleset, or { ipv4, ipv6 } of these'
  if (rules instanceof Uint8Array) throw new TypeError(`${what}, not bytes: read the file as 'utf8'`)
  if (Array.isArray(rules)) throw new TypeError(`${what}, not a list: join the lines with '\\n'`)
  if (typeof rules !== 'object' || rules === null) throw new TypeError(`${what}, not ${String(rules)}`)
  if ('ruleset' in rules) throw new TypeError(`${what}: of what parseRules answers, pass its .ruleset`)
  for (const name of Object.keys(rules))
    if (!('tables' in rules) && name !== 'ipv4' && name !== 'ipv6')
      throw new TypeError(`${what}, not { ${name} }`)
}
