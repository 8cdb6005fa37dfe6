import type { Conversation, End, Happening, History } from './conversations.ts'
import { courseOf, WITHOUT_DATA } from './courses.ts'
import { FAR } from './ground.ts'
import { BRIEF_FTP } from './helper-courses.ts'
import { PLAIN } from './point-history.ts'
import { devicesOf, ownAddresses, type Site } from './site.ts'
import type { Twist } from './twists.ts'

/**
 * The histories that are one step simpler than this one, the boldest steps first: fewer packets, fewer conversations,
 * packets as they should be, plain courses, ports and addresses. Following any of them ends, so that a counterexample
 * becomes what a person would have written.
 *
 * @param history stays as it is
 * @param sites where the ends live; their first hosts are the plainest
 * @example
 * const client = { at: 'lan0', address: '10.6.0.3', port: 1023 }
 * const server = { at: 'wan0', address: '198.51.100.8', port: 53 }
 * const query = { protocol: 'udp', client, server, course: 0, initialSequence: [7, 7], window: 512, options: 'mss' }
 * const next = { kind: 'next', about: 0, twist: {} }
 * let told = { conversations: [query], happenings: [next, next, { kind: 'wait', ms: 1000 }] }
 * // as fast-check does: on with the first simpler one that still shows what is looked for
 * const isUdp = ({ conversations }) => conversations.some(({ protocol }) => protocol === 'udp')
 * for (let simpler = told; simpler; simpler = [...simplerHistories(told, [GATEWAY])].find(isUdp)) told = simpler
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * play(firewall, told, { ids: 'plain' }).map(({ arrival }) => String(arrival.packet)) // [ 'udp 10.6.0.2:40000 > 198.51.100.7:80' ]
 */
export function* simplerHistories(history: History, sites: readonly Site[]): Iterable<History> {
  yield* archetypes(history)
  yield* fewerHappenings(history)
  yield* shortCuts(history)
  yield* fewerConversations(history)
  yield* turnedRound(history)
  yield* plainerHappenings(history)
  yield* plainerConversations(history, sites)
}

/** What most mistakes come down to: one connection that is opened, or an answer to nothing. */
function* archetypes({ conversations, happenings }: History): Iterable<History> {
  const [first, ...others] = happenings
  const isOne = others.length === 0 && conversations.length === 1 && conversations[0]!.protocol === 'tcp'
  if (isOne && first?.kind === 'next' && isPlainTwist(first.twist)) return
  for (const { number: _, ...conversation } of conversations)
    for (const twist of [{}, STRAY])
      for (const { client, server } of [conversation, turned(conversation)])
        yield {
          conversations: [{ ...conversation, ...PLAIN, client, server, protocol: 'tcp' }],
          happenings: [{ kind: 'next', about: 0, twist }],
        }
}

const STRAY: Twist = { flags: 'SA' }

function isPlainTwist(twist: Twist): boolean {
  return Object.keys(twist).every(key => key === 'flags') && (twist.flags ?? 'SA') === 'SA'
}

/** Where only the server speaks, it is the client. */
function* turnedRound({ conversations, happenings }: History): Iterable<History> {
  for (const [at, conversation] of conversations.entries()) {
    const own = (happening: Happening): boolean =>
      happening.kind !== 'wait' && happening.about % conversations.length === at
    const [firstLine] = courseOf(conversation)
    const beginsThere = firstLine?.[0] === 1
    const isServer = happenings.every(one => !own(one) || ('side' in one && one.side === 1))
    if ((!isServer && !beginsThere) || !happenings.some(own)) continue
    const plain = { ...turned(conversation), course: plainCourses(conversation)[0]! }
    yield {
      conversations: conversations.map((other, index) => (index === at ? plain : other)),
      happenings: happenings.map(one => (own(one) ? otherSide(one) : one)),
    }
  }
}

function otherSide(happening: Happening): Happening {
  return 'side' in happening ? { ...happening, side: happening.side === 0 ? 1 : 0 } : happening
}

function turned(conversation: Conversation): Conversation {
  const { client, server } = conversation
  return { ...conversation, client: server, server: client }
}

function* fewerHappenings({ conversations, happenings }: History): Iterable<History> {
  const { length } = happenings
  for (let size = length; size >= 1; size = Math.floor(size / 2))
    for (let from = length - size; from >= 0; from -= size) {
      const rest = [...happenings.slice(0, from), ...happenings.slice(from + size)]
      if (rest.length > 0) yield { conversations, happenings: rest }
    }
}

/** What a conversation says in its course, said at once. */
function* shortCuts({ conversations, happenings }: History): Iterable<History> {
  const lines = new Map<number, number>()
  for (const [at, happening] of happenings.entries()) {
    if (happening.kind !== 'next') continue
    const number = happening.about % conversations.length
    const line = lines.get(number) ?? 0
    lines.set(number, line + 1)
    if (line === 0) continue
    const course = courseOf(conversations[number]!)
    const [side, flags] = course[line % course.length]!
    const again: Happening = { kind: 'again', about: happening.about, side }
    yield { conversations, happenings: happenings.map((other, index) => (index === at ? again : other)) }
    const isEarlier = (other: Happening, index: number): boolean =>
      index < at && other.kind === 'next' && other.about % conversations.length === number
    const twist: Twist = { ...(flags !== '' && flags !== 'A' && { flags }), ...happening.twist }
    const said: Happening = { kind: 'say', about: happening.about, side, twist }
    const rest = happenings.map((other, index) => (index === at ? said : other))
    yield { conversations, happenings: rest.filter((other, index) => !isEarlier(other, index)) }
  }
}

function* fewerConversations({ conversations, happenings }: History): Iterable<History> {
  if (conversations.length < 2) return
  const about = (happening: Happening): number =>
    happening.kind === 'wait' ? -1 : happening.about % conversations.length
  for (let gone = conversations.length - 1; gone >= 0; gone--) {
    if (happenings.some(happening => about(happening) === gone)) continue
    yield {
      conversations: conversations.filter((_, index) => index !== gone),
      happenings: happenings.map(happening => {
        const number = about(happening)
        if (happening.kind === 'wait') return happening
        return { ...happening, about: number > gone ? number - 1 : number }
      }),
    }
  }
}

function* plainerHappenings({ conversations, happenings }: History): Iterable<History> {
  for (const [at, happening] of happenings.entries())
    for (const plainer of plainerHappening(happening, conversations))
      yield { conversations, happenings: happenings.map((other, index) => (index === at ? plainer : other)) }
}

function* plainerHappening(
  happening: Happening,
  conversations: readonly Conversation[],
): Iterable<Happening> {
  switch (happening.kind) {
    case 'next':
    case 'say': {
      const { twist } = happening
      const keys = Object.keys(twist) as (keyof Twist)[]
      if (keys.length > 1) yield { ...happening, twist: {} }
      for (const key of keys) {
        const { [key]: _, ...rest } = twist
        yield { ...happening, twist: rest }
      }
      for (const wrong of plainerWrongs(twist)) yield { ...happening, twist: wrong }
      if (happening.kind === 'say' && happening.side === 0)
        yield { kind: 'next', about: happening.about, twist }
      return
    }
    case 'again':
      return
    case 'error': {
      const { client } = conversations[happening.about % conversations.length]!
      // port unreachable
      const [type, code] = client.address.includes(':') ? [1, 4] : [3, 3]
      if (happening.type !== type || happening.code !== code) yield { ...happening, type, code }
      if (happening.quoted < 1000) yield { ...happening, quoted: 1000 }
      return
    }
    case 'wait':
      for (const ms of [1000, 60_000, 600_000]) if (ms < happening.ms) yield { kind: 'wait', ms }
      return
    default:
      happening satisfies never
  }
}

/** For packets that belong nowhere: an answer to nothing, then a wrong checksum, rather than one that is cut off. */
function plainerWrongs(twist: Twist): readonly Twist[] {
  const keys = Object.keys(twist)
  if (keys.length === 0 || isPlainTwist(twist)) return []
  return keys.every(key => key === 'badChecksum' || key === 'flags')
    ? [STRAY]
    : [STRAY, { badChecksum: true }]
}

function* plainerConversations(
  { conversations, happenings }: History,
  sites: readonly Site[],
): Iterable<History> {
  for (const [at, conversation] of conversations.entries())
    for (const plainer of plainerConversation(conversation, sites))
      yield {
        conversations: conversations.map((other, index) => (index === at ? plainer : other)),
        happenings,
      }
}

function* plainerConversation(talk: Conversation, sites: readonly Site[]): Iterable<Conversation> {
  if (talk.protocol !== 'tcp') yield { ...talk, protocol: 'tcp' }
  for (const course of towards(talk.course, plainCourses(talk))) yield { ...talk, course }
  if (talk.options !== PLAIN.options) yield { ...talk, options: PLAIN.options }
  if (talk.window !== PLAIN.window) yield { ...talk, window: PLAIN.window }
  if (talk.initialSequence.some((number, side) => number !== PLAIN.initialSequence[side]))
    yield { ...talk, initialSequence: PLAIN.initialSequence }
  yield* plainerPlaces(talk, sites)
  const isPing = talk.protocol === 'icmp'
  for (const side of ['client', 'server'] as const) {
    const end = talk[side]
    const ports = isPing ? [1] : side === 'client' ? [40000] : [80, 53, 22, 443]
    for (const port of towards(end.port, ports)) yield { ...talk, [side]: { ...end, port } }
    for (const address of towards(end.address, plainAddresses(end, sites)))
      yield { ...talk, [side]: { ...end, address } }
  }
}

function plainCourses({ protocol }: Conversation): readonly number[] {
  if (protocol === 'ftp') return BRIEF_FTP
  return protocol === 'tcp' || protocol === 'sctp' || protocol === 'tftp' ? [PLAIN.course] : [WITHOUT_DATA]
}

/** The candidates that are plainer than what there is: all of them, if it is none. */
function towards<T>(now: T, plainestFirst: readonly T[]): readonly T[] {
  const at = plainestFirst.indexOf(now)
  return at < 0 ? plainestFirst : plainestFirst.slice(0, at)
}

/** Clients rather inside, servers rather outside, and never the same place. */
function* plainerPlaces(talk: Conversation, sites: readonly Site[]): Iterable<Conversation> {
  const site = siteOf(talk.client.address, sites)
  if (site === undefined) return
  const outside = devicesOf(site).filter(device => isOutside(site, device))
  const inside = devicesOf(site).filter(device => !outside.includes(device))
  for (const [side, order] of [
    ['client', [...inside, ...outside]],
    ['server', [...outside, ...inside]],
  ] as const) {
    const end = talk[side]
    const other = talk[side === 'client' ? 'server' : 'client'].at
    const places = side === 'server' && end.at === other ? order : towards(end.at, order)
    for (const at of places) {
      const address = site.hosts[at]?.[0]
      if (at !== other && address !== undefined) yield { ...talk, [side]: { ...end, at, address } }
    }
  }
}

/** Everything that is not known is behind it. */
function isOutside({ hosts }: Site, device: string): boolean {
  return hosts[device]?.some(address => FAR.includes(address)) ?? false
}

function siteOf(address: string, sites: readonly Site[]): Site | undefined {
  return sites.find(({ family }) => (family === 6) === address.includes(':'))
}

function plainAddresses({ at, address }: End, sites: readonly Site[]): readonly string[] {
  const site = siteOf(address, sites)
  if (site === undefined) return []
  return at === 'local' ? ownAddresses(site) : (site.hosts[at] ?? [])
}
