import { type Address, maskOf } from '../../address.ts'
import { type Connection, DEFAULT_ZONE, Status, type Zone } from '../../conntrack/connection.ts'
import { transportAt, tupleOf } from '../../conntrack/packet-tuple.ts'
import { TcpState } from '../../conntrack/tcp-table.ts'
import type { Tuple } from '../../conntrack/tuple.ts'
import type { Skb } from '../../packet/skb.ts'
import { PersistentMap } from '../../persistent/map.ts'
import { defineMatch, type MatchEnvironment, OptionError, type Test } from '../extension.ts'
import { toJiffies } from './jiffies.ts'
import { parsePrefixLength, requireNumber, UINT32_MAX } from './support.ts'

interface ConnlimitOptions {
  readonly limit: number
  readonly above: boolean
  readonly length: number
  readonly side: 'saddr' | 'daddr'
}

/** A connection that was counted: its original tuple, which may have gone from conntrack since. */
interface Counted {
  readonly tuple: Tuple
  readonly zone: Zone
}

/** Those of one address or network. */
interface CountedList {
  readonly members: readonly Counted[]
  /** The jiffy in which the list was looked through last, and how many were left then (`last_gc`). */
  readonly cleanedAt: number
  readonly cleanedCount: number
}

type Groups = PersistentMap<string, CountedList>

const NONE: Groups = PersistentMap.strings()

const limitOption = (above: boolean) =>
  ({
    name: above ? 'connlimit-above' : 'connlimit-upto',
    arguments: 1,
    negatable: true,
    excludes: [above ? 'connlimit-upto' : 'connlimit-above'],
    placeholder: 'n',
    help: `${above ? 'more than' : 'up to'} n connections`,
    set(options: { limit?: number; above?: boolean }, [text = '']: readonly string[], negated: boolean) {
      options.limit = requireNumber(text, 0, UINT32_MAX)
      options.above = above !== negated
    },
  }) as const

const sideOption = (side: 'saddr' | 'daddr') =>
  ({
    name: `connlimit-${side}`,
    arguments: 0,
    excludes: [side === 'saddr' ? 'connlimit-daddr' : 'connlimit-saddr'],
    help: `group by ${side === 'saddr' ? 'source (the default)' : 'destination'} address`,
    set(options: { side?: 'saddr' | 'daddr' }) {
      options.side = side
    },
  }) as const

/** `-m connlimit`: net/netfilter/xt_connlimit.c and nf_conncount.c. Every rule counts for itself. */
export const connlimit = defineMatch<ConnlimitOptions>({
  name: 'connlimit',
  summary: 'how many connections an address or network has',
  options: [
    limitOption(false),
    limitOption(true),
    {
      name: 'connlimit-mask',
      arguments: 1,
      placeholder: 'length',
      help: 'group addresses by a prefix of this length (default: the whole address)',
      set(options, [text = ''], _negated, { family }) {
        options.length = parsePrefixLength(text, family)
      },
    },
    sideOption('saddr'),
    sideOption('daddr'),
  ],
  defaults: ({ family }) => ({ length: family === 4 ? 32 : 128, side: 'saddr' }),
  finish(options) {
    if (options.limit === undefined)
      throw new OptionError('connlimit: no limit', { expected: '--connlimit-above or --connlimit-upto' })
    return options as ConnlimitOptions
  },
  needsConntrack: () => true,
  save: ({ limit, above, length, side }) =>
    `--connlimit-${above ? 'above' : 'upto'} ${limit} --connlimit-mask ${length} --connlimit-${side}`,
  list: ({ limit, above, length, side }) =>
    `#conn ${side === 'saddr' ? 'src' : 'dst'}/${length} ${above ? '>' : '<='} ${limit}`,
  compile: (options, { family, instance }) => [limitTest(options, family, `connlimit/${instance}`)],
})

function limitTest({ limit, above, length, side }: ConnlimitOptions, family: 4 | 6, key: string): Test {
  const mask = maskOf(family, length)
  const groupOf = (skb: Skb, zone: Zone): string => {
    const address: Address = side === 'saddr' ? skb.source : skb.destination
    const { w0, w1, w2, w3 } = address
    return `${w0 & mask.w0},${w1 & mask.w1},${w2 & mask.w2},${w3 & mask.w3}/${zone.id}`
  }
  const recall = (environment: MatchEnvironment) =>
    (environment.memory.get(key) as Groups | undefined) ?? NONE
  return {
    option: `--connlimit-${above ? 'above' : 'upto'} ${limit}`,
    passes(skb, environment) {
      const tuple = trackedBy(skb)?.original ?? packetTuple(skb)
      if (tuple === undefined) {
        environment.hotdrop = true
        return false
      }
      const group = groupOf(skb, skb.connection?.zone ?? DEFAULT_ZONE)
      const groups = recall(environment)
      const counted = count(groups.get(group), tuple, skb, environment)
      environment.memory.set(key, groups.set(group, counted, {}))
      // the kernel takes a list without any connection for a lack of memory
      if (counted.members.length === 0) {
        environment.hotdrop = true
        return false
      }
      return counted.members.length > limit === above
    },
    seen(skb, environment) {
      const zone = skb.connection?.zone ?? DEFAULT_ZONE
      return `${recall(environment).get(groupOf(skb, zone))?.members.length ?? 0} connections`
    },
  }
}

/** The packet's connection; what `-j CT` has put there for conntrack to find is none. */
function trackedBy({ connection }: Skb): Connection | undefined {
  return connection?.has(Status.TEMPLATE) ? undefined : connection
}

/** `nf_ct_get_tuplepr`, for a packet that has no connection: undefined for a later fragment or a header cut off. */
function packetTuple({ family, bytes, source, destination }: Skb): Tuple | undefined {
  const transport = transportAt(family, bytes, 0)
  return transport < 0 ? undefined : tupleOf(source, destination, bytes, transport & 255, transport >> 8)
}

/** `CONNCOUNT_GC_MAX_NODES` and one: how many entries a look at the list may remove. */
const MAX_REMOVED = 65
/** `CONNCOUNT_GC_MAX_COLLECT`: how far the list may grow within a jiffy without a look. */
const MAX_UNSEEN = 64

/**
 * `count_tree` and `__nf_conncount_add`. A connection counts in the list of each address that one of its packets showed,
 * replies included. The first packet of an address is always counted, later ones only while their connection is not
 * ASSURED; those that are merely have the list cleaned. Within the jiffy of the last cleaning an unconfirmed one is
 * added without a look: a first packet that meets the rule in two chains counts twice.
 */
function count(
  list: CountedList | undefined,
  tuple: Tuple,
  skb: Skb,
  environment: MatchEnvironment,
): CountedList {
  const connection = trackedBy(skb) ?? environment.findConnection(tuple, DEFAULT_ZONE)
  const present: Counted = { tuple, zone: trackedBy(skb)?.zone ?? DEFAULT_ZONE }
  const now = toJiffies(environment.nowMs)
  if (list === undefined) return { members: [present], cleanedAt: now, cleanedCount: 0 }
  const { members, cleanedAt, cleanedCount } = list
  if (connection?.has(Status.ASSURED)) return cleanedAt === now ? list : cleaned(members, now, environment)
  const confirmed = connection?.has(Status.CONFIRMED) ?? false
  if (!confirmed && cleanedAt === now && members.length - cleanedCount < MAX_UNSEEN)
    return { ...list, members: [...members, present] }
  const kept: Counted[] = []
  let removed = 0
  for (let i = 0; i < members.length && removed < MAX_REMOVED; i++) {
    const counted = members[i]!
    const found = environment.findConnection(counted.tuple, counted.zone)
    if (found !== undefined && counted.tuple.equals(tuple) && counted.zone.id === present.zone.id)
      return removed === 0 ? list : { ...list, members: [...kept, ...members.slice(i)] }
    if (found === undefined || isClosed(found)) removed++
    else kept.push(counted)
  }
  const left = [...kept, ...members.slice(kept.length + removed)]
  return { members: [...left, present], cleanedAt: now, cleanedCount: left.length }
}

/** `nf_conncount_gc_list`: forgets what conntrack no longer knows or has closed. */
function cleaned(members: readonly Counted[], now: number, environment: MatchEnvironment): CountedList {
  const kept: Counted[] = []
  let removed = 0
  for (const counted of members) {
    const found = environment.findConnection(counted.tuple, counted.zone)
    if (removed < MAX_REMOVED && (found === undefined || isClosed(found))) removed++
    else kept.push(counted)
  }
  return { members: kept, cleanedAt: now, cleanedCount: kept.length }
}

function isClosed({ protocolState }: Connection): boolean {
  return (
    protocolState?.kind === 'tcp' &&
    (protocolState.state === TcpState.TIME_WAIT || protocolState.state === TcpState.CLOSE)
  )
}
