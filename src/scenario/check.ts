import { Address, type Family, Prefix } from '../address.ts'
import { readSysctls } from '../compile-config.ts'
import { nearest } from '../nearest.ts'
import { createImpairment } from '../network/impairment.ts'
import { parseTarget, parseUrl } from '../network/target.ts'
import { parseProxy } from '../network/verbs/handshake.ts'
import { parsePorts } from '../network/verbs/scan.ts'
import { parsePackets } from '../packet/text.ts'
import { policyToRules } from '../policy/index.ts'
import { parseRules } from '../rules/parse.ts'
import { restoreSets } from '../sets/restore.ts'
import { buildNetwork, policyChains, policyNames } from './build-network.ts'
import type { Problem } from './issues.ts'
import { branched, type Known, startOf } from './known.ts'
import { parseListing } from './listing.ts'
import type { Path } from './positions.ts'
import type { ScenarioInput, Step } from './schema.ts'
import type { Expectation } from './schema-expectation.ts'
import { type ServiceInput, serviceTexts } from './services.ts'

/** What is wrong with a scenario whose shape is right: names, addresses, rules, packets. */
export function checkScenario(input: ScenarioInput, readFile?: (path: string) => string): Problem[] {
  const { rules, problems } = buildNetwork(input.network, readFile)
  const checker = new StepChecker(input, [...sideProblems(input), ...problems])
  checker.services(input.network.nodes)
  checker.steps(input.steps, ['steps'], startOf(rules, input))
  return checker.problems
}

/** What counts as inside, and as a DMZ. */
function sideProblems(input: ScenarioInput): Problem[] {
  return (['internal', 'dmz'] as const).flatMap(key =>
    (input[key] ?? []).flatMap((text, at) =>
      Prefix.tryParse(text) === undefined
        ? [
            {
              path: [key, at],
              message: `not a network: '${text}'`,
              hint: 'an address and a prefix length, 10.0.0.0/8',
            },
          ]
        : [],
    ),
  )
}

const PLACE = /^(raw|mangle|nat|filter|security)\/[^\s:]+:(\d+|policy)$/

class StepChecker {
  readonly problems: Problem[]
  private readonly input: ScenarioInput
  private readonly nodes: readonly string[]
  private readonly links: readonly string[]

  constructor(input: ScenarioInput, problems: Problem[]) {
    this.input = input
    this.problems = problems
    const { nodes, links = {} } = input.network
    const clouds = Object.entries(links).flatMap(([name, link]) => {
      const kind = 'kind' in link ? link.kind : undefined
      return (kind ?? (name === 'internet' ? 'internet' : '')) === 'internet' ? [name] : []
    })
    this.nodes = [...Object.keys(nodes), ...clouds]
    const cables = clouds.flatMap(cloud => {
      const link = links[cloud]!
      const members = 'members' in link ? link.members : link
      return members.map(member => `${cloud}/${member.split(':')[0]}`)
    })
    this.links = [...Object.keys(links), ...cables]
  }

  steps(steps: readonly Step[], path: Path, known: Known): void {
    steps.forEach((step, at) => {
      this.step(step, [...path, at], known)
    })
  }

  private step(step: Step, path: Path, known: Known): void {
    if ('fork' in step) {
      const branches = Object.keys(step.fork)
      for (const [name, steps] of Object.entries(step.fork)) {
        const copy = branched(known, branches)
        this.steps(steps, [...path, 'fork', name], copy)
        // Common steps are checked once for each branch, but what is wrong with them is told once.
        const before = this.problems.length
        this.steps(step.each ?? [], [...path, 'each'], copy)
        if (name !== branches[0]) this.problems.length = before
      }
      return
    }
    for (const key of ['from', 'on', 'node', 'flush', 'servedBy'] as const)
      if (key in step) this.node((step as Record<string, unknown>)[key], [...path, key])
    for (const key of ['cut', 'restore', 'drop', 'duplicate', 'delay', 'reorder'] as const)
      if (key in step) this.link((step as Record<string, unknown>)[key] as string, [...path, key])
    this.target(step, path)
    this.content(step, path, known)
    const { expect = [], show = [] } = step
    for (const [at, text] of [show].flat().entries())
      this.listing(text, typeof show === 'string' ? [...path, 'show'] : [...path, 'show', at])
    if (Array.isArray(expect))
      expect.forEach((each, at) => {
        this.expectation(each, [...path, 'expect', at], known)
      })
    else this.expectation(expect as Expectation, [...path, 'expect'], known)
  }

  private node(name: unknown, path: Path): void {
    if (name === undefined || this.nodes.includes(name as string)) return
    this.add(path, `unknown host '${name}'`, hintOf(String(name), this.nodes))
  }

  private link(name: string, path: Path): void {
    if (!this.links.includes(name)) this.add(path, `unknown link '${name}'`, hintOf(name, this.links))
  }

  services(nodes: ScenarioInput['network']['nodes']): void {
    for (const [name, { services = [] }] of Object.entries(nodes))
      services.forEach((each, at) => {
        this.service(each, ['network', 'nodes', name, 'services', at])
      })
  }

  /** Whom a program talks to. */
  private service(given: ServiceInput, path: Path): void {
    for (const { path: own, read } of serviceTexts(given))
      this.attempt([...path, ...own], () => {
        const found = read()
        if (found !== undefined) this.host(found.host, [...path, ...own])
      })
  }

  /** Whom a step talks to. */
  private target(step: Step, path: Path): void {
    for (const [key, hostOf] of Object.entries(TARGETS)) {
      const text = (step as unknown as Record<string, unknown>)[key]
      if (typeof text !== 'string') continue
      this.attempt([...path, key], () => this.host(hostOf(text), [...path, key], isFailureExpected(step)))
    }
    if ('scan' in step && typeof step.ports === 'string')
      this.attempt([...path, 'ports'], () => parsePorts(step.ports as string))
  }

  private host(host: string, path: Path, mayBeUnknown = false): void {
    if (Address.tryParse(host) !== undefined) return
    if (/^[\d.]+$/.test(host) || host.includes(':')) {
      this.add(path, `impossible address '${host}'`)
      return
    }
    const names = [...this.nodes, ...Object.keys(this.input.network.dns ?? {}), 'localhost']
    if (mayBeUnknown || names.some(name => name.toLowerCase() === host.toLowerCase())) return
    this.add(path, `unknown host '${host}'`, hintOf(host, names))
  }

  private content(step: Step, path: Path, known: Known): void {
    if ('connect' in step) for (const name of connectionNames(step)) known.connections.add(name)
    const connection = 'push' in step ? step.push : 'close' in step ? step.close : undefined
    if (connection !== undefined && !known.connections.has(connection)) {
      const hint = hintOf(connection, [...known.connections]) ?? 'open it with connect: …, as: NAME'
      this.add([...path, 'push' in step ? 'push' : 'close'], `no connection '${connection}'`, hint)
    }
    if ('send' in step && !('nc' in step)) this.packet(step.send, [...path, 'send'])
    if ('iptables' in step)
      this.commands(step.iptables, step.on, step.family ?? 4, [...path, 'iptables'], known)
    else if ('ipset' in step) this.sets(step.ipset, step.on, [...path, 'ipset'], known)
    else if ('policy' in step) this.policy(step.policy, step.on, [...path, 'policy'], known)
    if ('start' in step) this.service(step.start, [...path, 'start'])
    if ('look' in step)
      for (const [at, text] of [step.look].flat().entries())
        this.listing(text, typeof step.look === 'string' ? [...path, 'look'] : [...path, 'look', at])
    if ('sysctl' in step) {
      const { sysctl } = step
      for (const [name, value] of Object.entries(sysctl))
        this.attempt([...path, 'sysctl', name], () => readSysctls({ sysctls: { [name]: value } }))
    }
    if ('match' in step) {
      const { match } = step
      this.attempt([...path, 'match'], () => createImpairment({ action: 'drop', match: match as object }))
    }
  }

  private packet(text: string, path: Path): void {
    const { packets, diagnostics } = parsePackets(text)
    for (const { message, hint, expected, line, column } of diagnostics)
      this.problems.push({ path, message, hint, expected, inner: { line, column } })
    if (diagnostics.length === 0 && packets.length !== 1) this.add(path, 'one packet, in one line')
  }

  private commands(text: string, node: string, family: Family, path: Path, known: Known): void {
    const key = `${node}/${family}`
    const base = known.rules.get(key)
    const resolveHost = policyNames(this.input.network, this.input.network.nodes[node] ?? {}).resolveHost!
    const sets = known.sets.get(node)
    const result = parseRules(text, {
      family,
      resolveHost,
      ...(base !== undefined && { base }),
      ...(sets !== undefined && { hasSet: name => sets.fits(name, family) }),
    })
    // Without the rules so far nobody can say whether a chain exists.
    for (const { severity, code, message, hint, expected, line, column } of result.diagnostics)
      if (severity === 'error' && (base !== undefined || code !== 'kernel'))
        this.problems.push({ path, message, hint, expected, inner: { line, column } })
    known.rules.set(key, result.ruleset)
  }

  /** What the kernel would say depends on what packets have added and deleted until then. */
  private sets(text: string, node: string, path: Path, known: Known): void {
    const base = known.sets.get(node)
    if (base === undefined) return
    const { table, diagnostics } = restoreSets(text, base, { nowJiffies: 0, isInUse: () => false })
    for (const { code, message, hint, expected, line, column } of diagnostics)
      if (code !== 'kernel') this.problems.push({ path, message, hint, expected, inner: { line, column } })
    known.sets.set(node, table)
  }

  private policy(text: string, on: string, path: Path, known: Known): void {
    const node = this.input.network.nodes[on]
    if (node === undefined) return
    const names = policyNames(this.input.network, node)
    const { diagnostics, ruleset } = policyToRules(text, { ...names, chains: policyChains(node) })
    for (const { message, hint, expected, line, column } of diagnostics)
      this.problems.push({ path, message, hint, expected, inner: { line, column } })
    const base = known.rules.get(`${on}/4`)
    if (ruleset !== undefined && base !== undefined)
      known.rules.set(`${on}/4`, { family: 4, tables: { ...base.tables, ...ruleset.tables } })
  }

  private expectation(expected: Expectation, path: Path, known: Known): void {
    const { branch, reaches = [], misses = [], packets = [], listings = [] } = expected
    if (branch !== undefined && !known.branches.includes(branch))
      this.add([...path, 'branch'], `no branch '${branch}' here`, hintOf(branch, known.branches))
    for (const [key, names] of [
      ['reaches', reaches],
      ['misses', misses],
    ] as const)
      for (const [at, name] of [names].flat().entries())
        this.node(name, typeof names === 'string' ? [...path, key] : [...path, key, at])
    packets.forEach((packet, at) => {
      this.node(packet.at, [...path, 'packets', at, 'at'])
      if (packet.by !== undefined && !PLACE.test(packet.by))
        this.add(
          [...path, 'packets', at, 'by'],
          `not a rule: '${packet.by}'`,
          'e.g. filter/FORWARD:3 or filter/INPUT:policy',
        )
    })
    listings.forEach(({ of }, at) => {
      this.listing(of, [...path, 'listings', at, 'of'])
    })
  }

  private listing(text: string, path: Path): void {
    this.attempt(path, () => {
      this.node(parseListing(text).node, path)
    })
  }

  private attempt(path: Path, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.add(path, error.message)
    }
  }

  private add(path: Path, message: string, hint?: string): void {
    this.problems.push({ path, message, ...(hint !== undefined && { hint }) })
  }
}

function connectionNames({ as, connect, count }: Extract<Step, { connect: string }>): string[] {
  const name = as ?? connect
  return count === undefined ? [name] : Array.from({ length: count }, (_, at) => `${name}-${at + 1}`)
}

/** The host in what a step talks to, by the key that says it. @throws RangeError when there can be none */
const TARGETS: Readonly<Record<string, (text: string) => string>> = {
  nc: text => parseTarget(text).host,
  udp: text => parseTarget(text).host,
  telnet: text => parseTarget(text, 23).host,
  connect: text => (/^wss?:/.test(text) ? parseUrl(text) : parseTarget(text)).host,
  curl: text => parseUrl(text).host,
  mail: text => parseTarget(text, 110).host,
  query: text => parseTarget(text, 5432).host,
  proxy: text => parseProxy(text).host,
  ping: text => text,
  traceroute: text => text,
  scan: text => text,
}

function isFailureExpected(step: Step): boolean {
  return 'expect' in step && [step.expect ?? []].flat().some(each => each.outcome === 'unreachable')
}

function hintOf(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known)
  if (near !== undefined) return `did you mean '${near}'?`
  return known.length === 0 ? undefined : `there are ${known.join(', ')}`
}
