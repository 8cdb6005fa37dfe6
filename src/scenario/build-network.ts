import { Address, type Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import type { PortRequest } from '../nat/context.ts'
import { createNetwork, type Network, type NetworkDiagnostic, type NodeSpec } from '../network/index.ts'
import {
  type PolicyNames,
  policyToRules,
  stateless,
  type ZoneDiagnostic,
  zonesToRules,
} from '../policy/index.ts'
import type { Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import { restoreSets } from '../sets/restore.ts'
import { SetTable } from '../sets/set-table.ts'
import type { Problem } from './issues.ts'
import type { Path } from './positions.ts'
import { addressTexts, type NetworkInput, type NodeInput } from './schema-network.ts'
import { defined } from './service-kind.ts'
import { createService, isReadable } from './services.ts'

export interface BuiltNetwork {
  /** Absent when something is wrong. */
  readonly network?: Network
  readonly problems: readonly Problem[]
  /** Each node's rules, where nothing is wrong with them; also if the network as a whole is wrong. */
  readonly rules: ReadonlyMap<string, NodeRules>
}

export interface NodeRules {
  readonly ipv4: Ruleset | undefined
  readonly ipv6: Ruleset | undefined
  /** The ipsets that its rules may name; undefined where something is wrong with them. */
  readonly sets: SetTable | undefined
  /** The text that they are of. */
  readonly setsText: string | undefined
}

const NOTHING_READ: NodeRules = { ipv4: undefined, ipv6: undefined, sets: undefined, setsText: undefined }

/** Makes the network that a scenario describes, or tells everything that is wrong with it. */
export function buildNetwork(input: NetworkInput, readFile?: (path: string) => string): BuiltNetwork {
  const problems: Problem[] = []
  const nodes: Record<string, NodeSpec> = {}
  const rules = new Map<string, NodeRules>()
  for (const [name, node] of Object.entries(input.nodes)) {
    const path = ['network', 'nodes', name]
    const before = problems.length
    const read = new RuleReader(node, input, path, problems, readFile).read()
    const isRight = problems.length === before
    if (isRight) rules.set(name, read)
    // what is wrong with its rules and sets is told already
    nodes[name] = nodeSpec(node, isRight ? read : NOTHING_READ)
  }
  const { links, dns, natPorts } = input
  try {
    const network = createNetwork({
      nodes,
      ...(links !== undefined && { links: links as Record<string, readonly string[]> }),
      ...(dns !== undefined && { dns }),
      ...(natPorts === 'sequential' && { stepOptions: { choosePort: lowestFreePort } }),
    })
    return problems.length > 0 ? { problems, rules } : { network, problems, rules }
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    for (const each of error.diagnostics) {
      const { path = [], message, hint, line, column } = each as NetworkDiagnostic
      const isText = path[0] === 'nodes' && /^(rules|routes)$/.test(String(path[2]))
      problems.push({ path: ['network', ...path], message, hint, ...(isText && { inner: { line, column } }) })
    }
    return { problems, rules }
  }
}

function lowestFreePort(request: PortRequest): number | undefined {
  for (let port = request.min; port <= request.max; port++) if (request.isFree(port)) return port
  return undefined
}

function nodeSpec(node: NodeInput, read: NodeRules): NodeSpec {
  const {
    rules,
    rules6,
    rulesFile,
    ipsets,
    ipsetsFile,
    policy,
    zones,
    zonePairs,
    stateless: withoutState,
    services,
    tcp,
    interfaces,
    ...plain
  } = node
  const { ipv4, ipv6, setsText } = read
  const hasRules = ipv4 !== undefined || ipv6 !== undefined
  return {
    ...defined(plain),
    ...(interfaces !== undefined && { interfaces: interfacesOf(interfaces) }),
    ...(hasRules && { rules: defined({ ipv4, ipv6 }) }),
    ...(setsText !== undefined && { sets: setsText }),
    // Nothing may depend on connections then, not even by chance.
    ...(withoutState === true && { conntrack: 'auto' }),
    ...(tcp !== undefined && { tcp: defined(tcp) }),
    ...(services !== undefined && { services: services.filter(isReadable).map(createService) }),
  } as NodeSpec
}

function interfacesOf(devices: NonNullable<NodeInput['interfaces']>): NonNullable<NodeSpec['interfaces']> {
  const given = Object.entries(devices).map(([name, device]) => [
    name,
    typeof device === 'string' || Array.isArray(device)
      ? device
      : { ...defined(device), addresses: [device.addresses].flat() },
  ])
  return Object.fromEntries(given)
}

/** The rules of a node, from whatever it describes them with. */
class RuleReader {
  private readonly node: NodeInput
  private readonly network: NetworkInput
  private readonly path: Path
  private readonly problems: Problem[]
  private readonly readFile: ((path: string) => string) | undefined

  constructor(
    node: NodeInput,
    network: NetworkInput,
    path: Path,
    problems: Problem[],
    readFile: ((path: string) => string) | undefined,
  ) {
    this.node = node
    this.network = network
    this.path = path
    this.problems = problems
    this.readFile = readFile
  }

  read(): NodeRules {
    const hasV6 = addressTexts(this.node).some(text => text.includes(':'))
    const sets = this.sets()
    return {
      ...sets,
      ipv4: this.family(4, sets.sets),
      ipv6: hasV6 || this.node.rules6 !== undefined ? this.family(6, sets.sets) : undefined,
    }
  }

  private sets(): Pick<NodeRules, 'sets' | 'setsText'> {
    const { ipsets, ipsetsFile } = this.node
    const [key, text] =
      ipsets === undefined && ipsetsFile !== undefined
        ? ['ipsetsFile', this.fileText('ipsetsFile', ipsetsFile)]
        : ['ipsets', ipsets]
    const { table, diagnostics } = restoreSets(text ?? '', SetTable.EMPTY, {
      nowJiffies: 0,
      isInUse: () => false,
    })
    for (const { message, hint, expected, line, column } of diagnostics)
      this.problems.push({ path: [...this.path, key], message, hint, expected, inner: { line, column } })
    return { sets: diagnostics.length > 0 ? undefined : table, setsText: text }
  }

  private family(family: Family, sets: SetTable | undefined): Ruleset | undefined {
    const base = this.compiled(family)
    const [key, text] = this.text(family)
    const ruleset = text === undefined ? base : this.parse(text, { family, sets, base }, key)
    return ruleset !== undefined && this.node.stateless === true ? stateless(ruleset).ruleset : ruleset
  }

  private text(family: Family): readonly [key: string, text: string | undefined] {
    const { rules, rules6, rulesFile } = this.node
    if (family === 6) return ['rules6', rules6]
    if (rulesFile === undefined || rules !== undefined) return ['rules', rules]
    return ['rulesFile', this.fileText('rulesFile', rulesFile)]
  }

  private fileText(key: 'rulesFile' | 'ipsetsFile', file: string): string | undefined {
    if (this.readFile === undefined) {
      const inline = key.replace('File', '')
      this.problem([key], 'files cannot be read here', `write the ${inline} under ${inline}:`)
      return undefined
    }
    try {
      return this.readFile(file)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.problem([key], `'${file}' cannot be read`, error.message)
      return undefined
    }
  }

  private parse(
    text: string,
    {
      family,
      sets,
      base,
    }: { readonly family: Family; readonly sets: SetTable | undefined; readonly base: Ruleset | undefined },
    key: string,
  ): Ruleset | undefined {
    const { resolveHost } = this.names()
    const result = parseRules(text, {
      family,
      ...(sets !== undefined && { hasSet: (name: string) => sets.fits(name, family) }),
      ...(resolveHost !== undefined && { resolveHost }),
      ...(base !== undefined && { base }),
    })
    for (const { severity, message, hint, expected, line, column } of result.diagnostics)
      if (severity === 'error')
        this.problems.push({ path: [...this.path, key], message, hint, expected, inner: { line, column } })
    return result.ruleset
  }

  /** From policy lines or zones. */
  private compiled(family: Family): Ruleset | undefined {
    const { policy, zones, zonePairs } = this.node
    if (zonePairs !== undefined) return this.zoneRules(family)
    if (policy === undefined) {
      if (zones !== undefined && family === 4)
        this.problem(
          ['zones'],
          'zones need zonePairs, or a policy that names them',
          'zonePairs: [{ from, to, policy }]',
        )
      return undefined
    }
    const chains = policyChains(this.node)
    const { ruleset, diagnostics } = policyToRules(policy, { ...this.names(), family, chains })
    if (family === 4)
      for (const { message, hint, expected, line, column } of diagnostics)
        this.problems.push({
          path: [...this.path, 'policy'],
          message,
          hint,
          expected,
          inner: { line, column },
        })
    return ruleset
  }

  private zoneRules(family: Family): Ruleset | undefined {
    const { zones = {}, zonePairs = [] } = this.node
    try {
      const spec = Object.fromEntries(
        Object.entries(zones).map(([name, zone]) => [name, zoneOf(zone, family)]),
      )
      return zonesToRules({ zones: spec, pairs: zonePairs }, { ...this.names(), family }).ruleset
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error
      if (family === 6) return undefined
      for (const each of error.diagnostics) {
        const { path = ['pairs'], message, hint, expected, line, column } = each as ZoneDiagnostic
        const [first, ...rest] = path
        const own = [...this.path, first === 'pairs' ? 'zonePairs' : 'zones', ...rest]
        const isText = rest.at(-1) === 'policy'
        this.problems.push({ path: own, message, hint, expected, ...(isText && { inner: { line, column } }) })
      }
      return undefined
    }
  }

  private names(): PolicyNames {
    return policyNames(this.network, this.node)
  }

  private problem(path: Path, message: string, hint: string): void {
    this.problems.push({ path: [...this.path, ...path], message, hint })
  }
}

function zoneOf(zone: NonNullable<NodeInput['zones']>[string], family: Family) {
  const { devices, within, masquerade, forward } = defined(zone)
  return {
    devices,
    ...(within !== undefined && { within }),
    ...(masquerade !== undefined && { masquerade }),
    ...(forward !== undefined && family === 4 && { forward: forward.map(each => defined(each)) }),
  }
}

/** A router's policy is about what it forwards, a host's about its own traffic. */
export function policyChains({ interfaces = {}, address, forwarding }: NodeInput) {
  const devices = Object.keys(interfaces).length + (address === undefined ? 0 : 1)
  return (forwarding ?? devices > 1) ? (['FORWARD'] as const) : (['INPUT', 'OUTPUT'] as const)
}

/** What names stand for in policies of this node. */
export function policyNames({ nodes, dns = {} }: NetworkInput, { zones = {} }: NodeInput): PolicyNames {
  const addressesOf = (name: string): string[] => {
    const entry = Object.keys(dns).find(each => each.toLowerCase() === name.toLowerCase())
    if (entry !== undefined) return [dns[entry]!].flat()
    const node = nodes[name]
    return node === undefined ? [] : addressTexts(node)
  }
  return {
    resolveHost: (name, family) =>
      addressesOf(name)
        .map(text => Address.tryParse(text.split('/')[0]!))
        .filter(address => address !== undefined && address.family === family) as Address[],
    zones: Object.fromEntries(Object.entries(zones).map(([name, { devices }]) => [name, devices])),
  }
}
