import fc from 'fast-check'
import { Address, type Family, Prefix } from '../address.ts'
import { type Analysis, analyze } from '../analysis/analyze.ts'
import { allRules } from '../analysis/vocabulary.ts'
import { protocolName } from '../packet/protocols.ts'
import { ruleText } from '../rules/print.ts'
import type { FirewallState } from '../state.ts'
import { aimedHistories } from './aims.ts'
import { shrunkBy } from './arbitraries.ts'
import {
  type Conversation,
  type ConversationProtocol,
  conversation,
  type History,
  type Place as HostPlace,
  happening,
} from './conversations.ts'
import { plus } from './edges.ts'
import { sitesOf } from './ground.ts'
import { BRIEF_FTP, HELPED } from './helper-courses.ts'
import { PLAIN } from './point-history.ts'
import type { Place, Scope } from './properties/places.ts'
import { simplerHistories } from './simpler.ts'
import { devicesOf, ownAddresses, type Site } from './site.ts'

/** Histories to try on one firewall. */
export interface Guide {
  readonly sites: readonly Site[]
  /** What the rules are, for those families that have any. */
  readonly analyses: readonly Analysis[]
  /** One for every rule and way to it: try these first. */
  readonly aimed: readonly History[]
  /** Anything else: between the edges of the rules, well told and badly. */
  readonly histories: fc.Arbitrary<History>
  /** Half of them aimed, the others anything. */
  readonly mixed: fc.Arbitrary<History>
}

export interface GuideOptions {
  /** The most packets (and waits) of a history; default 12. */
  readonly maxPackets?: number
  /** How many in ten packets are not what they should be; default 3. */
  readonly twisted?: number
}

/**
 * Where to look for packets that matter to a firewall, and to what is asked about it.
 *
 * @param scope who talks to whom about what; half of the histories keep to it
 */
export function guideTo(firewall: FirewallState, scope: Scope = {}, options: GuideOptions = {}): Guide {
  const { maxPackets = 12, twisted = 3 } = options
  const sites = sitesOf(firewall)
  if (sites.length === 0)
    throw new RangeError('the firewall has no devices with addresses or routes: give it interfaces')
  const analyses: Analysis[] = []
  const aimed: History[] = []
  const talks: fc.Arbitrary<Conversation>[] = []
  for (const site of sites) {
    const ruleset = rulesOf(firewall, site.family)
    if (ruleset !== undefined) {
      const analysis = analyze(ruleset, [...devicesOf(site), 'lo'])
      analyses.push(analysis)
      aimed.push(...aimedHistories(firewall, analysis, site))
    }
    talks.push(...scopedTalks(firewall, site, scope), conversation(site, protocolsFor(firewall, site)))
  }
  aimed.push(...openings(firewall, sites, scope), ...helpings(firewall, sites))
  const inAims = aimed.flatMap(({ conversations }) => conversations)
  const talk = fc.oneof(...talks, ...(inAims.length === 0 ? [] : [fc.constantFrom(...inAims)]))
  const made: fc.Arbitrary<History> = fc.record({
    conversations: fc.array(talk, { minLength: 1, maxLength: 3, size: 'max' }),
    happenings: fc.array(happening(sites[0]!, { protocols: [], twisted, waits: WAITS, fragments: false }), {
      minLength: 1,
      maxLength: maxPackets,
      size: 'max',
    }),
  })
  const shrunk = (source: fc.Arbitrary<History>): fc.Arbitrary<History> =>
    shrunkBy(source, history => simplerHistories(history, sites))
  const mixed = aimed.length === 0 ? made : fc.oneof(made, fc.constantFrom(...aimed))
  return { sites, analyses, aimed, histories: shrunk(made), mixed: shrunk(mixed) }
}

/** Seconds, minutes, a day: what connections and lists outlive or not. */
const WAITS = [1000, 31_000, 200_000, 90_000_000]

function rulesOf({ config }: FirewallState, family: Family) {
  return config.rules[family === 4 ? 'ipv4' : 'ipv6']
}

const EVERYONE = ['tcp', 'tcp', 'udp', 'udp', 'icmp'] as const

/** What rules ask about is talked, and helpers get what they listen to. */
function protocolsFor(firewall: FirewallState, { family }: Site): readonly ConversationProtocol[] {
  const ruleset = rulesOf(firewall, family)
  const text =
    ruleset === undefined
      ? ''
      : allRules(ruleset)
          .map(rule => ruleText(rule, family))
          .join('\n')
  const found: ConversationProtocol[] = [...EVERYONE]
  for (const name of ['sctp', 'udplite', 'esp', 'gre'] as const)
    if (text.includes(`-p ${name}`)) found.push(name)
  for (const helper of ['ftp', 'tftp'] as const) if (text.includes(`--helper ${helper}`)) found.push(helper)
  return found
}

/** Conversations from the scope's place to the other, and from there to anywhere. */
function scopedTalks(
  firewall: FirewallState,
  site: Site,
  scope: Scope,
): readonly fc.Arbitrary<Conversation>[] {
  const clients = hostsOf(scope.from, site, firewall)
  const servers = hostsOf(scope.to, site, firewall)
  if (clients.length === 0) return []
  const protocols = scopeProtocols(scope) ?? protocolsFor(firewall, site)
  const ports = portsOf(scope)
  const ported = ports.length === 0 ? site : { ...site, ports }
  const everyone = hostsOf(undefined, site, firewall)
  const between = (to: readonly HostPlace[]) =>
    conversation(ported, protocols, fc.tuple(fc.constantFrom(...clients), fc.constantFrom(...to)))
  return [...(servers.length === 0 ? [] : [between(servers), between(servers)]), between(everyone)]
}

/** Everyone in the scope opens a connection to everyone else in it, once. */
function openings(firewall: FirewallState, sites: readonly Site[], scope: Scope): readonly History[] {
  return sites.flatMap(site =>
    hostsOf(scope.from, site, firewall)
      .slice(0, MANY)
      .flatMap(client =>
        hostsOf(scope.to, site, firewall)
          .slice(0, MANY)
          .filter(server => server.at !== client.at)
          .flatMap(server => openingsBetween(client, server, scope)),
      ),
  )
}

/** Everyone has a helper's protocol with everyone else, if there are helpers. */
function helpings(firewall: FirewallState, sites: readonly Site[]): readonly History[] {
  return sites.flatMap(site => {
    const helped = protocolsFor(firewall, site).filter(protocol => protocol === 'ftp' || protocol === 'tftp')
    const hosts = hostsOf(undefined, site, firewall).filter(isFirstThere)
    return helped.flatMap(protocol =>
      hosts.flatMap(client =>
        hosts
          .filter(({ at }) => at !== client.at)
          .map((server): History => {
            const course = protocol === 'tftp' ? 0 : BRIEF_FTP[site.family === 4 ? 0 : 1]
            const ends = {
              client: { ...client, port: 40000 },
              server: { ...server, port: HELPED[protocol].port },
            }
            const next = { kind: 'next' as const, about: 0, twist: {} }
            return {
              conversations: [{ ...PLAIN, protocol, ...ends, course }],
              happenings: protocol === 'tftp' ? [next, next] : [next, next, next, next, next],
            }
          }),
      ),
    )
  })
}

function isFirstThere({ at }: HostPlace, index: number, all: readonly HostPlace[]): boolean {
  return all.findIndex(other => other.at === at) === index
}

/** Hosts to pair with each other: their square many histories are made. */
const MANY = 8

function openingsBetween(client: HostPlace, server: HostPlace, scope: Scope): readonly History[] {
  const ports = portsOf(scope)
  const protocols = scopeProtocols(scope) ?? (['tcp', 'udp', 'icmp'] as const)
  return protocols.flatMap(protocol =>
    (ports.length === 0 ? [80] : ports).map(port => ({
      conversations: [
        {
          protocol,
          client: { ...client, port: 40000 },
          server: { ...server, port },
          ...PLAIN,
        },
      ],
      happenings: [{ kind: 'next' as const, about: 0, twist: {} }],
    })),
  )
}

function scopeProtocols({ protocol, port }: Scope): readonly ConversationProtocol[] | undefined {
  const name = typeof protocol === 'number' ? protocolName(protocol) : protocol
  if (name !== undefined)
    return (TALKED as readonly string[]).includes(name) ? [name as ConversationProtocol] : undefined
  return port === undefined ? undefined : ['tcp', 'udp']
}

const TALKED = ['tcp', 'udp', 'icmp', 'sctp', 'udplite', 'esp', 'gre'] satisfies ConversationProtocol[]

function portsOf({ port }: Scope): readonly number[] {
  if (port === undefined) return []
  if (typeof port === 'object' && 'from' in port) return [port.from, port.to]
  return [port].flat()
}

/** The hosts of a site that are at a place, the plainest first; default all, and the box. */
function hostsOf(place: Place | undefined, site: Site, { compiled }: FirewallState): readonly HostPlace[] {
  const all = devicesOf(site).flatMap(at => (site.hosts[at] ?? []).map(address => ({ at, address })))
  const box = ownAddresses(site).map(address => ({ at: 'local', address }))
  if (place === undefined) return [...all, ...box]
  const { routing } = site.family === 4 ? compiled.ipv4 : compiled.ipv6
  return [place].flat().flatMap(word => {
    if (word === 'box') return box
    const prefix = Prefix.tryParse(word)
    if (prefix === undefined) return all.filter(({ at }) => at === word)
    if (prefix.address.family !== site.family) return []
    const known = [...all, ...box].filter(({ address }) => prefix.contains(Address.parse(address)))
    if (known.length > 0) return known
    const first = firstHost(prefix)
    const at = routing.isLocal(first) ? 'local' : routing.lookup(first)?.device?.name
    return at === undefined ? [] : [{ at, address: first.toString() }]
  })
}

function firstHost(prefix: Prefix): Address {
  return prefix.length === (prefix.address.family === 4 ? 32 : 128) ? prefix.address : plus(prefix.address, 1)
}
