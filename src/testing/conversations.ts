import fc from 'fast-check'
import { HELPED, type HelpedProtocol, isHelped } from './helper-courses.ts'
import { broadcastOf, devicesOf, ownAddresses, type Site } from './site.ts'
import { type Twist, type TwistShape, twist } from './twists.ts'
import { port } from './words.ts'

/** One end of a conversation. `at` is the device behind which it lives, or `local` for the box itself. */
export interface End {
  readonly at: string
  readonly address: string
  /** TCP, UDP, SCTP port; the id of ICMP queries. */
  readonly port: number
}

export type ConversationProtocol =
  | 'tcp'
  | 'udp'
  | 'icmp'
  | 'sctp'
  | 'udplite'
  | 'esp'
  | 'gre'
  | 'other'
  | HelpedProtocol

/** Two ends that talk. What they say next follows from the protocol; see `play.ts`. */
export interface Conversation {
  readonly protocol: ConversationProtocol
  /** Of `other`: the number in the IP header; 253 (RFC 3692's experiment) if not given. */
  readonly number?: number
  readonly client: End
  readonly server: End
  /** Which of the protocol's usual courses it takes. */
  readonly course: number
  /** TCP: each side's first sequence number. */
  readonly initialSequence: readonly [number, number]
  readonly window: number
  readonly options: 'none' | 'mss' | 'scaled' | 'everything'
}

/** One thing that happens. `about` is the number of a conversation, counted modulo how many there are. */
export type Happening =
  /** The conversation goes on. */
  | { readonly kind: 'next'; readonly about: number; readonly twist: Twist }
  /** One side says this out of turn (TCP: flags; others: any packet). */
  | { readonly kind: 'say'; readonly about: number; readonly side: 0 | 1; readonly twist: Twist }
  /** The last packet of that side comes again. */
  | { readonly kind: 'again'; readonly about: number; readonly side: 0 | 1 }
  /** A router or the other end complains about the last packet that this side sent. */
  | {
      readonly kind: 'error'
      readonly about: number
      readonly side: 0 | 1
      readonly type: number
      readonly code: number
      readonly quoted: number
    }
  | { readonly kind: 'wait'; readonly ms: number }

/** Which conversations and happenings to make. */
export interface HistoryShape extends TwistShape {
  readonly protocols: readonly ConversationProtocol[]
  readonly maxConversations?: number
  /** Default 1. */
  readonly minHappenings?: number
  readonly maxHappenings?: number
  /** How many in ten packets are not what they should be. */
  readonly twisted?: number
  readonly waits?: readonly number[]
}

/** What happened: who talks, and in which order. Every part of it can be taken away, and it is a history still. */
export interface History {
  readonly conversations: readonly Conversation[]
  readonly happenings: readonly Happening[]
}

/**
 * Whole histories at a site: several conversations side by side, told well or badly. {@link play} makes packets of them.
 *
 * @param site where the ends live
 * @param shape what is talked, how much (default 4 conversations, 24 happenings at most) and how badly
 * @example
 * const shape = { protocols: ['tcp', 'udp'], maxConversations: 2, maxHappenings: 10, twisted: 0 }
 * const histories = fc.sample(history(GATEWAY, shape), { numRuns: 100, seed: 1 })
 * Math.max(...histories.map(({ conversations }) => conversations.length)) // 2
 * Math.max(...histories.map(({ happenings }) => happenings.length)) // 10
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * const [told] = histories
 * play(firewall, told).length > 0 // true
 */
export function history(site: Site, shape: HistoryShape): fc.Arbitrary<History> {
  const { maxConversations = 4, minHappenings = 1, maxHappenings = 24 } = shape
  return fc.record({
    conversations: fc.array(conversation(site, shape.protocols), {
      minLength: 1,
      maxLength: maxConversations,
    }),
    happenings: fc.array(happening(site, shape), {
      minLength: minHappenings,
      maxLength: maxHappenings,
      size: 'max',
    }),
  })
}

/**
 * Two ends that are going to talk, and how: one conversation of a {@link history}.
 *
 * @param site where the ends live; its `ports` are talked to as well
 * @param protocols one of these is talked; a name that stands twice is drawn twice as often
 * @param places who talks to whom; default: hosts, the box and addresses that lead nowhere
 * @example
 * const talks = fc.sample(conversation(GATEWAY, ['udp', 'tftp']), { numRuns: 100, seed: 1 })
 * new Set(talks.map(({ protocol }) => protocol)).size // 2
 * talks.filter(({ protocol }) => protocol === 'tftp').every(({ server }) => server.port === 69) // true
 * const fixed = fc.constant([
 *   { at: 'lan0', address: '10.6.0.2' },
 *   { at: 'wan0', address: '198.51.100.7' },
 * ])
 * const [{ client, server }] = fc.sample(conversation(GATEWAY, ['tcp'], fixed), { numRuns: 1, seed: 1 })
 * `${client.address} asks ${server.address}` // 10.6.0.2 asks 198.51.100.7
 */
export function conversation(
  site: Site,
  protocols: readonly ConversationProtocol[],
  places: fc.Arbitrary<Places> = ends(site),
): fc.Arbitrary<Conversation> {
  return fc
    .record({
      protocol: fc.constantFrom(...protocols),
      ends: places,
      clientPort: fc.constantFrom(40000, 1024, 5000, 1023, 53, 600, 65535),
      serverPort: serverPort(site),
      course: fc.nat(11),
      initialSequence: fc.tuple(sequence(), sequence()),
      window: fc.constantFrom(65535, 1000, 512, 0),
      options: fc.constantFrom('none' as const, 'mss' as const, 'scaled' as const, 'everything' as const),
    })
    .map(({ ends: drawn, clientPort, serverPort, ...rest }) => {
      const helped = isHelped(rest.protocol) ? HELPED[rest.protocol] : undefined
      const usual = clientPort < 5000 ? helped?.clientPort : undefined
      const [client, server] = (helped?.isBroadcast ? everybody(site) : undefined) ?? drawn
      return {
        ...rest,
        client: { ...client, port: usual ?? clientPort },
        server: { ...server, port: helped?.port ?? serverPort },
      }
    })
}

/** The box asks everybody in a network of its own. */
function everybody(site: Site): Places | undefined {
  for (const at of devicesOf(site))
    for (const text of site.interfaces[at]!) {
      const broadcast = broadcastOf(text)
      if (broadcast !== undefined)
        return [
          { at: 'local', address: text.split('/')[0]! },
          { at, address: broadcast },
        ]
    }
  return undefined
}

function sequence(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(1000, 0xffffff00, 0x7fffff00), fc.nat(0xffffffff))
}

function serverPort({ ports = [] }: Site): fc.Arbitrary<number> {
  return ports.length === 0 ? port : fc.oneof(port, fc.constantFrom(...ports))
}

/** Where an end of a conversation is. */
export type Place = Pick<End, 'at' | 'address'>
export type Places = readonly [client: Place, server: Place]

function ends(site: Site): fc.Arbitrary<Places> {
  const hosts = devicesOf(site).flatMap(at => (site.hosts[at] ?? []).map(address => ({ at, address })))
  const own = ownAddresses(site).map(address => ({ at: 'local', address }))
  const host = fc.constantFrom(...hosts)
  const between = [
    { weight: 8, arbitrary: fc.tuple(host, host) },
    { weight: 1, arbitrary: fc.tuple(host, special(site)) },
  ]
  if (own.length === 0) return fc.oneof(...between)
  const box = fc.constantFrom(...own)
  return fc.oneof(
    ...between,
    { weight: 3, arbitrary: fc.tuple(host, box) },
    { weight: 3, arbitrary: fc.tuple(box, host) },
    { weight: 1, arbitrary: fc.tuple(box, box) },
  )
}

/** Broadcasts, groups and addresses that lead nowhere. */
function special(site: Site): fc.Arbitrary<Place> {
  const [broadcast = '10.6.255.255'] = Object.values(site.interfaces)
    .flat()
    .map(broadcastOf)
    .filter(text => text !== undefined)
  const addresses =
    site.family === 4
      ? [broadcast, '255.255.255.255', '224.0.0.1', '224.0.0.9', '127.0.0.1', '10.6.0.0', '240.0.0.1']
      : ['ff02::1', 'ff02::2', 'ff05::9', '2001:db8:6::', 'fe80::5']
  return fc.constantFrom(...addresses.map(address => ({ at: devicesOf(site).slice(0, 2).at(-1)!, address })))
}

/** One thing that happens, mostly that a conversation goes on. */
export function happening(site: Site, shape: HistoryShape): fc.Arbitrary<Happening> {
  const { twisted = 2, waits = [] } = shape
  const odd = twist(site, shape)
  const about = fc.nat(3)
  const side = fc.constantFrom(0 as const, 1 as const)
  const twists = fc.oneof(
    { weight: 10 - twisted, arbitrary: fc.constant<Twist>({}) },
    { weight: twisted, arbitrary: odd },
  )
  const errors = site.family === 4 ? ERRORS_4 : ERRORS_6
  return fc.oneof(
    { weight: 16, arbitrary: fc.record({ kind: fc.constant('next' as const), about, twist: twists }) },
    {
      weight: Math.max(1, twisted),
      arbitrary: fc.record({
        kind: fc.constant('say' as const),
        about,
        side,
        twist: fc.oneof(fc.constant<Twist>({}), odd),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), about, side }) },
    {
      weight: 1,
      arbitrary: fc
        .record({
          kind: fc.constant('error' as const),
          about,
          side,
          what: fc.constantFrom(...errors),
          quoted: fc.constantFrom(1000, 28, 24, 20),
        })
        .map(({ what: [type, code], ...rest }) => ({ ...rest, type, code })),
    },
    ...(waits.length === 0
      ? []
      : [
          {
            weight: 1,
            arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(...waits) }),
          },
        ]),
  )
}

const ERRORS_4: readonly (readonly [number, number])[] = [
  [3, 3],
  [3, 1],
  [11, 0],
  [3, 4],
  [5, 1],
  [12, 0],
  [4, 0],
]
const ERRORS_6: readonly (readonly [number, number])[] = [
  [1, 4],
  [1, 0],
  [3, 0],
  [2, 0],
  [4, 1],
]
