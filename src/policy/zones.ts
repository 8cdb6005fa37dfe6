import type { Family } from '../address.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import { suggestion } from '../nearest.ts'
import type { Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import { quoteWord } from '../rules/quote.ts'
import { type PolicyNames, parsePolicy } from './parse-lines.ts'
import { type FilterChain, rulesOfLine } from './write-rules.ts'

/** The firewall itself as a zone. */
export const SELF = 'self'

/** A zone: devices that are trusted alike. */
export interface ZoneSpec {
  readonly devices: readonly string[]
  /** Between devices of the zone. Default `ALLOW`. */
  readonly within?: 'ALLOW' | 'DENY'
  /** What leaves to this zone is masqueraded. Default false. */
  readonly masquerade?: boolean
  /** Ports of the firewall's address in this zone that lead elsewhere; the zone pair must allow them too. */
  readonly forward?: readonly PortForward[]
}

/** A port of the box that leads to a host inside. */
export interface PortForward {
  /** Default `tcp`. */
  readonly proto?: 'tcp' | 'udp'
  readonly port: number
  /** `192.168.1.100:80` */
  readonly to: string
}

/** What may pass from one zone to another. */
export interface ZonePair {
  readonly from: string
  readonly to: string
  /** Policy lines; `ALLOW` alone allows everything. What no line is about is denied. */
  readonly policy: string
}

/** A zone firewall: the zones, and what may pass from one to another. */
export interface ZonePolicy {
  readonly zones: { readonly [name: string]: ZoneSpec }
  readonly pairs: readonly ZonePair[]
}

/** What a zone policy was compiled to. */
export interface ZoneRules {
  /** iptables-save text: filter, and nat where a zone asks for it. */
  readonly rules: string
  readonly ruleset: Ruleset
}

/** Something wrong with a zone policy; `path` leads to it. */
export interface ZoneDiagnostic extends Diagnostic {
  readonly path: readonly (string | number)[]
}

/**
 * Compiles zones and the policies between them to ordinary chains, one a pair, in the order a zone firewall works: the
 * session lookup comes first (ESTABLISHED, RELATED: no policy is asked), then the way out decides the pair (the FORWARD
 * chain comes behind the route lookup), then the pair's policy, then the session is created (conntrack confirms what
 * was not dropped). Between zones without a policy nothing passes. The firewall's own connections may go anywhere
 * unless a pair from `self` says otherwise; towards `self` a pair is needed.
 *
 * @throws DiagnosticError with everything that is wrong (each a {@link ZoneDiagnostic})
 * @example
 * const { rules } = zonesToRules({
 *   zones: { inside: { devices: ['lan0'] }, outside: { devices: ['wan0'], masquerade: true } },
 *   pairs: [{ from: 'inside', to: 'outside', policy: 'ALLOW proto=TCP port=80,443' }],
 * })
 * rules.includes('-A POSTROUTING -o wan0') // true
 */
export function zonesToRules(
  policy: ZonePolicy,
  options: PolicyNames & { readonly family?: Family } = {},
): ZoneRules {
  const { family = 4 } = options
  const writer = new ZoneWriter(policy, options, family)
  writer.write()
  if (writer.diagnostics.length > 0) throw new DiagnosticError(writer.diagnostics)
  const rules = writer.text()
  const { ruleset, diagnostics } = parseRules(rules, { family })
  if (ruleset === undefined) throw new DiagnosticError(diagnostics)
  return { rules, ruleset }
}

/**
 * Which zone a device belongs to; '' is the firewall itself.
 *
 * @example
 * zoneOf({ zones: { inside: { devices: ['lan0'] } }, pairs: [] }, 'lan0') // 'inside'
 */
export function zoneOf({ zones }: ZonePolicy, device: string | undefined): string | undefined {
  if (device === undefined || device === '') return SELF
  return Object.keys(zones).find(name => zones[name]!.devices.includes(device))
}

/**
 * The chain that a pair's policy was compiled to.
 *
 * @example
 * zoneChain('inside', 'outside') // 'inside_outside'
 */
export function zoneChain(from: string, to: string): string {
  return `${from}_${to}`
}

/** XT_EXTENSION_MAXNAMELEN - 1 */
const CHAIN_NAME_MAX = 28

class ZoneWriter {
  readonly diagnostics: ZoneDiagnostic[] = []
  private readonly policy: ZonePolicy
  private readonly names: PolicyNames
  private readonly family: Family
  private readonly chains: string[] = []
  private readonly dispatch: string[] = []
  private readonly bodies: string[] = []
  private readonly nat: string[] = []
  private ownOutput: 'ACCEPT' | 'DROP' = 'ACCEPT'

  constructor(policy: ZonePolicy, names: PolicyNames, family: Family) {
    this.policy = policy
    this.names = names
    this.family = family
  }

  write(): void {
    this.checkZones()
    this.policy.pairs.forEach((pair, index) => {
      this.pair(pair, index)
    })
    for (const [name, zone] of Object.entries(this.policy.zones)) {
      this.within(name, zone)
      this.translate(zone)
    }
    if (this.policy.pairs.some(({ from }) => from === SELF)) this.ownOutput = 'DROP'
  }

  text(): string {
    const filter = [
      '*filter',
      ':INPUT DROP [0:0]',
      ':FORWARD DROP [0:0]',
      `:OUTPUT ${this.ownOutput} [0:0]`,
      ...this.chains.map(chain => `:${chain} - [0:0]`),
      '-A INPUT -i lo -j ACCEPT',
      '-A OUTPUT -o lo -j ACCEPT',
      ...['INPUT', 'FORWARD', 'OUTPUT'].map(
        chain =>
          `-A ${chain} -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "zone session lookup" -j ACCEPT`,
      ),
      ...['INPUT', 'FORWARD'].map(chain => `-A ${chain} -m conntrack --ctstate INVALID -j DROP`),
      ...this.dispatch,
      ...this.bodies,
      'COMMIT',
    ]
    const nat = this.nat.length === 0 ? [] : ['*nat', ...this.nat, 'COMMIT']
    return `${[...nat, ...filter].join('\n')}\n`
  }

  private checkZones(): void {
    const owners = new Map<string, string>()
    for (const [name, { devices }] of Object.entries(this.policy.zones)) {
      if (name === SELF) this.error(['zones', name], `'${SELF}' is the firewall's own zone`)
      devices.forEach((device, at) => {
        const owner = owners.get(device)
        if (owner !== undefined)
          this.error(['zones', name, 'devices', at], `device ${device} is in zone '${owner}' already`)
        owners.set(device, name)
      })
    }
  }

  private pair({ from, to, policy }: ZonePair, index: number): void {
    const known = [...Object.keys(this.policy.zones), SELF]
    let isWrong = false
    for (const [key, name] of [
      ['from', from],
      ['to', to],
    ] as const)
      if (!known.includes(name)) {
        this.error(['pairs', index, key], `no zone '${name}'`, suggestion(name, known))
        isWrong = true
      }
    const chain = zoneChain(from, to)
    if (this.chains.includes(chain)) {
      this.error(['pairs', index], `there is a policy from ${from} to ${to} already`)
      isWrong = true
    }
    if (chain.length > CHAIN_NAME_MAX) {
      const room = CHAIN_NAME_MAX - 1
      this.error(['pairs', index], `the names ${from} and ${to} are too long`, `${room} letters together`)
      isWrong = true
    }
    const { lines, diagnostics } = parsePolicy(policy, this.names)
    for (const wrong of diagnostics) this.diagnostics.push({ ...wrong, path: ['pairs', index, 'policy'] })
    if (isWrong) return
    const hook: FilterChain = to === SELF ? 'INPUT' : from === SELF ? 'OUTPUT' : 'FORWARD'
    this.chains.push(chain)
    this.jumps(from, to, chain)
    for (const line of lines) {
      const remark = `zone ${from}->${to} line ${line.line}`
      this.bodies.push(...rulesOfLine(line, { chain, hook }, this.family, remark))
    }
    this.bodies.push(`-A ${chain} -m comment --comment ${quoteWord(`zone ${from}->${to} default`)} -j DROP`)
  }

  private within(name: string, { devices, within = 'ALLOW' }: ZoneSpec): void {
    const chain = zoneChain(name, name)
    if (devices.length < 2 || this.chains.includes(chain)) return
    this.chains.push(chain)
    this.jumps(name, name, chain)
    const target = within === 'ALLOW' ? 'ACCEPT' : 'DROP'
    this.bodies.push(`-A ${chain} -m comment --comment ${quoteWord(`zone within ${name}`)} -j ${target}`)
  }

  private jumps(from: string, to: string, chain: string): void {
    for (const incoming of this.devicesOf(from))
      for (const outgoing of this.devicesOf(to)) {
        if (to === SELF) this.dispatch.push(`-A INPUT -i ${incoming} -g ${chain}`)
        else if (from === SELF) this.dispatch.push(`-A OUTPUT -o ${outgoing} -g ${chain}`)
        else this.dispatch.push(`-A FORWARD -i ${incoming} -o ${outgoing} -g ${chain}`)
      }
  }

  private devicesOf(zone: string): readonly string[] {
    return zone === SELF ? [''] : this.policy.zones[zone]!.devices
  }

  private translate({ devices, masquerade = false, forward = [] }: ZoneSpec): void {
    for (const device of devices) {
      for (const { proto = 'tcp', port, to } of forward)
        this.nat.push(
          `-A PREROUTING -i ${device} -p ${proto} -m addrtype --dst-type LOCAL -m ${proto} --dport ${port} -j DNAT --to-destination ${to}`,
        )
      if (masquerade) this.nat.push(`-A POSTROUTING -o ${device} -j MASQUERADE`)
    }
  }

  private error(path: readonly (string | number)[], message: string, hint?: string): void {
    const place = { severity: 'error', file: path.join('.'), line: 1, column: 1 } as const
    this.diagnostics.push({ ...place, message, path, ...(hint !== undefined && { hint }) })
  }
}
