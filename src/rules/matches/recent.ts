import { type Address, maskOf } from '../../address.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { HZ, toJiffies } from './jiffies.ts'
import { EMPTY_LIST, type RecentEntry, type RecentList } from './recent-list.ts'
import { siblings } from './siblings.ts'
import { not, parseHost, requireNumber, truncateBytes, UINT32_MAX, words } from './support.ts'

interface RecentOptions {
  readonly action: Action
  readonly negated: boolean
  readonly seconds: number
  readonly hitcount: number
  readonly reap: boolean
  readonly rttl: boolean
  readonly name: string
  readonly mask: Address
  readonly side: 'rsource' | 'rdest'
}

const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const
type Action = (typeof ACTIONS)[number]

const LISTED: Readonly<Record<Action, string>> = {
  set: 'SET',
  rcheck: 'CHECK',
  update: 'UPDATE',
  remove: 'REMOVE',
}

/** `XT_RECENT_MAX_NSTAMPS` */
const MAX_HITCOUNT = 65536

const actionOption = (action: Action, help: string): OptionSpec<RecentOptions> => ({
  name: action,
  arguments: 0,
  negatable: true,
  excludes: ACTIONS.filter(other => other !== action),
  help,
  set(options, _args, negated) {
    options.action = action
    options.negated = negated
  },
})

const sideOption = (side: 'rsource' | 'rdest'): OptionSpec<RecentOptions> => ({
  name: side,
  arguments: 0,
  help: `look at the ${side === 'rsource' ? 'source (the default)' : 'destination'} address`,
  set(options) {
    // both may be given: --rdest wins, whatever the order
    if (options.side !== 'rdest') options.side = side
  },
})

/** `-m recent`: net/netfilter/xt_recent.c. Lists of addresses with the times at which they were seen. */
export const recent = defineMatch<RecentOptions>({
  name: 'recent',
  summary: 'lists of recently seen addresses',
  options: [
    actionOption('set', 'put the address on the list (always matches)'),
    actionOption('rcheck', 'is the address on the list?'),
    actionOption('update', 'as --rcheck, and remember that it was seen'),
    actionOption('remove', 'take the address off the list, matches if it was there'),
    {
      name: 'seconds',
      arguments: 1,
      placeholder: 'seconds',
      help: 'only what was seen within this time counts',
      set(options, [text = '']) {
        options.seconds = requireNumber(text, 1, UINT32_MAX)
      },
    },
    {
      name: 'reap',
      arguments: 0,
      requires: ['seconds'],
      help: 'forget the oldest entry if it is older than --seconds',
      set(options) {
        options.reap = true
      },
    },
    {
      name: 'hitcount',
      arguments: 1,
      placeholder: 'hits',
      help: 'it must have been seen at least so often',
      set(options, [text = '']) {
        options.hitcount = requireNumber(text, 0, UINT32_MAX)
      },
    },
    {
      name: 'rttl',
      arguments: 0,
      excludes: ['set', 'remove'],
      help: 'the TTL must be that of the packet that made the entry',
      set(options) {
        options.rttl = true
      },
    },
    {
      name: 'name',
      arguments: 1,
      placeholder: 'name',
      help: 'the name of the list (default DEFAULT)',
      set(options, [text = '']) {
        options.name = truncateBytes(text, 199)
      },
    },
    {
      name: 'mask',
      arguments: 1,
      placeholder: 'netmask',
      help: 'what of the address counts (default: all)',
      set(options, [text = ''], _negated, context) {
        options.mask = parseHost(text, context)
      },
    },
    sideOption('rsource'),
    sideOption('rdest'),
  ],
  defaults: ({ family }) => ({
    seconds: 0,
    hitcount: 0,
    reap: false,
    rttl: false,
    name: 'DEFAULT',
    mask: maskOf(family, family === 4 ? 32 : 128),
    side: 'rsource',
  }),
  finish(options) {
    if (options.action === undefined)
      throw new OptionError('recent: what to do is missing', {
        expected: '--set, --rcheck, --update or --remove',
      })
    return options as RecentOptions
  },
  check({ action, seconds, hitcount, name }) {
    const looks = action === 'rcheck' || action === 'update'
    if (!looks && (seconds !== 0 || hitcount !== 0))
      return `recent: --${action} takes no --seconds or --hitcount`
    if (hitcount >= MAX_HITCOUNT) return `recent: hitcount (${hitcount}) is larger than ${MAX_HITCOUNT}`
    if (name === '' || name.includes('/') || name === '.' || name === '..')
      return `recent: bad list name '${name}'`
    return undefined
  },
  save: options =>
    describe(
      options,
      `${not(options.negated)}--${options.action}`,
      {
        seconds: '--seconds',
        hits: '--hitcount',
        reap: '--reap',
        ttl: '--rttl',
        name: '--name',
        mask: '--mask',
      },
      `--${options.side}`,
      false,
    ),
  list: options =>
    describe(
      options,
      `${not(options.negated)}recent: ${LISTED[options.action]}`,
      {
        seconds: 'seconds:',
        hits: 'hit_count:',
        reap: 'reap',
        ttl: 'TTL-Match',
        name: 'name:',
        mask: 'mask:',
      },
      options.side === 'rsource' ? 'side: source' : 'side: dest',
      true,
    ),
  compile(options, context) {
    const shared = siblings(context, 'recent', options).filter(({ name }) => name === options.name)
    const capacity = Math.max(
      32,
      ...shared.map(({ hitcount }) => 2 ** Math.ceil(Math.log2(Math.max(1, hitcount)))),
    )
    return [
      recentTest(
        options,
        shared[0]?.mask ?? options.mask,
        capacity,
        `recent/${context.family}/${options.name}`,
      ),
    ]
  },
})

interface Labels {
  readonly seconds: string
  readonly hits: string
  readonly reap: string
  readonly ttl: string
  readonly name: string
  readonly mask: string
}

function describe(
  options: RecentOptions,
  action: string,
  labels: Labels,
  side: string,
  sideFirst: boolean,
): string {
  const { seconds, hitcount, reap, rttl, name, mask } = options
  const maskText = `${labels.mask} ${mask}`
  return words(
    action,
    seconds !== 0 && `${labels.seconds} ${seconds}`,
    reap && labels.reap,
    hitcount !== 0 && `${labels.hits} ${hitcount}`,
    rttl && labels.ttl,
    `${labels.name} ${name}`,
    sideFirst ? `${side} ${maskText}` : `${maskText} ${side}`,
  )
}

function recentTest(options: RecentOptions, mask: Address, capacity: number, key: string): Test {
  const { action, negated, seconds, hitcount, rttl, reap, side, name } = options
  const window = seconds * HZ
  const addressOf = (skb: Skb): string => {
    const { w0, w1, w2, w3 } = side === 'rsource' ? skb.source : skb.destination
    return `${w0 & mask.w0},${w1 & mask.w1},${w2 & mask.w2},${w3 & mask.w3}`
  }
  const recall = (environment: MatchEnvironment): RecentList =>
    (environment.memory.get(key) as RecentList | undefined) ?? EMPTY_LIST
  return {
    option: words(
      `${not(negated)}--${action}`,
      seconds !== 0 && `--seconds ${seconds}`,
      hitcount !== 0 && `--hitcount ${hitcount}`,
      `--name ${name}`,
    ),
    passes(skb, environment) {
      const now = toJiffies(environment.nowMs)
      const ttl = ttlBeforeForwarding(skb)
      const address = addressOf(skb)
      const list = recall(environment)
      const entry = list.find(address, rttl ? ttl : 0)
      if (entry === undefined) {
        if (action !== 'set') return negated
        environment.memory.set(key, list.add(address, ttl, now))
        return !negated
      }
      if (action === 'set') {
        environment.memory.set(key, list.touch(entry, ttl, now, capacity))
        return !negated
      }
      if (action === 'remove') {
        environment.memory.set(key, list.remove(entry))
        return !negated
      }
      const holds = hasHits(entry, now, window, hitcount) !== negated
      let next = list
      if (reap) next = next.reap(entry, now - window, action === 'update' && holds)
      if (action === 'update' && holds) next = next.touch(entry, ttl, now, capacity)
      if (next !== list) environment.memory.set(key, next)
      return holds
    },
    seen(skb, environment) {
      const entry = recall(environment).find(addressOf(skb), 0)
      return entry === undefined
        ? `${side === 'rsource' ? skb.source : skb.destination} is not on the list`
        : `${entry.stamps.length} hits`
    },
  }
}

function hasHits({ stamps }: RecentEntry, now: number, window: number, hitcount: number): boolean {
  let hits = 0
  for (const stamp of stamps) {
    if (window !== 0 && stamp < now - window) continue
    if (hitcount === 0 || ++hits >= hitcount) return true
  }
  return false
}

/** The TTL as it was before forwarding took one off: wherever the packet is about to leave without a socket of the box. */
function ttlBeforeForwarding(skb: Skb): number {
  return skb.outDevice !== '' && skb.inDevice !== '' ? (skb.ttl + 1) & 0xff : skb.ttl
}
