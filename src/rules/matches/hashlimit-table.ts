/** What `-m hashlimit` remembers and computes (net/netfilter/xt_hashlimit.c), with the kernel's 64-bit arithmetic. */
import { maskOf } from '../../address.ts'
import type { Skb } from '../../packet/skb.ts'
import { PersistentMap } from '../../persistent/map.ts'
import type { CheckContext, CompileContext, MatchEnvironment, Test } from '../extension.ts'
import { byteRateText } from './hashlimit-bytes.ts'
import { HZ, jiffiesOf, toJiffies } from './jiffies.ts'
import { portsOffset } from './ports-offset.ts'
import { rateText } from './rates.ts'
import { siblings } from './siblings.ts'

export const HASH_FIELDS = ['srcip', 'srcport', 'dstip', 'dstport'] as const
export type HashField = (typeof HASH_FIELDS)[number]

export interface HashlimitOptions {
  readonly above: boolean
  readonly bytes: boolean
  /** Packets: the time between two, in µs. Bytes: the cost of 16 of them. */
  readonly average: bigint
  readonly burst: bigint
  readonly mode: readonly HashField[]
  readonly name: string
  readonly srcmask: number
  readonly dstmask: number
  /** 0: the kernel chooses. */
  readonly size: number
  readonly max: number
  readonly gcIntervalMs: number
  readonly expireMs: number
  readonly rateMatch: boolean
  /** Seconds of a rate window. */
  readonly interval: number
  /** As written, before it became `burst`. */
  readonly givenBurst?: bigint
  readonly unitSeconds?: number
}

/** Packet rates are counted in µs. */
export const RATE_SCALE = 1_000_000

/** `CREDITS_PER_JIFFY`: the largest power of two for which a day's credits fit into 64 bits. */
const CREDITS_PER_JIFFY = 1n << 39n
/** The same for a second and 32 bits. */
const CREDITS_PER_JIFFY_BYTES = 1n << 24n
const BYTE_CREDITS = CREDITS_PER_JIFFY_BYTES * BigInt(HZ)
const PACKET_FACTOR = (BigInt(HZ) * CREDITS_PER_JIFFY) / BigInt(RATE_SCALE)
/** Buckets of the hash table on a machine with more than 1 GB. */
const DEFAULT_SIZE = 8192

/** One group. All times in jiffies. Immutable. */
interface Group {
  readonly expiresAt: number
  readonly updatedAt: number
  readonly credit: bigint
  readonly capacity: bigint
  /** `--hashlimit-rate-match`: what this window has seen, and whether the last one was over. */
  readonly rate: bigint
  readonly overBefore: boolean
}

interface Table {
  readonly groups: PersistentMap<string, Group>
  /** The sweep after which nothing that had expired is left. */
  readonly sweptAt: number
}

const EMPTY: Table = { groups: PersistentMap.strings(), sweptAt: 0 }

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const packetCredits = (user: bigint): bigint => u64(user * PACKET_FACTOR)
const byteCredits = (user: bigint): bigint => (user * BYTE_CREDITS) >> 32n

/** `hashlimit_mt_check_common` */
export function checkConfig(options: HashlimitOptions, { family }: CheckContext): string | undefined {
  const { average, burst, bytes, name, srcmask, dstmask, rateMatch, interval, gcIntervalMs, expireMs } =
    options
  const full = family === 4 ? 32 : 128
  if (gcIntervalMs === 0 || expireMs === 0) return 'hashlimit: an interval is 0'
  if (srcmask > full || dstmask > full) return 'hashlimit: mask too long'
  if (name.includes('/') || name === '.' || name === '..') return `hashlimit: bad table name ${name}`
  if (rateMatch) {
    if (average > 0xffff_ffffn) return 'hashlimit: invalid rate'
    return interval === 0 ? 'hashlimit: invalid interval' : undefined
  }
  if (bytes) return byteCredits(average) === 0n ? 'hashlimit: overflow, rate too high' : undefined
  return burst === 0n || packetCredits(u64(average * burst)) < packetCredits(average)
    ? `hashlimit: overflow, try lower: ${average}/${burst}`
    : undefined
}

/** The rules of one name share a table, whose groups, rate and limits are those of the first rule. */
export function compileHashlimit(own: HashlimitOptions, context: CompileContext): readonly Test[] {
  const { family } = context
  const shared = siblings(context, 'hashlimit', own).find(({ name }) => name === own.name) ?? own
  const key = `hashlimit/${family}/${own.name}`
  const keyOf = groupKey(shared, family)
  const rate = new Rate(shared)
  const expire = jiffiesOf(shared.expireMs)
  const sweepInterval = jiffiesOf(shared.gcIntervalMs)
  const size = shared.size === 0 ? DEFAULT_SIZE : shared.size
  const max = shared.max === 0 ? 8 * size : Math.max(shared.max, size)
  const { above, bytes, rateMatch } = own

  const lastSweep = (now: number): number => Math.floor(Math.max(0, now - 1) / sweepInterval) * sweepInterval
  const find = ({ groups }: Table, group: string, now: number): Group | undefined => {
    const found = groups.get(group)
    return found === undefined || found.expiresAt <= lastSweep(now) ? undefined : found
  }
  const sweep = (table: Table, now: number): Table => {
    const at = lastSweep(now)
    if (at <= table.sweptAt) return table
    let { groups } = table
    for (const [group, { expiresAt }] of table.groups) if (expiresAt <= at) groups = groups.delete(group, {})
    return { groups, sweptAt: at }
  }
  const rateWords = bytes ? byteRateText(own.average) : rateText(Number(own.average), RATE_SCALE)
  return [
    {
      option: `${above ? '--hashlimit-above' : '--hashlimit-upto'} ${rateWords}`,
      passes(skb, environment) {
        const group = keyOf(skb)
        if (group === undefined) {
          environment.hotdrop = true
          return false
        }
        const now = toJiffies(environment.nowMs)
        let table = (environment.memory.get(key) as Table | undefined) ?? EMPTY
        const found = find(table, group, now)
        if (found === undefined) {
          table = sweep(table, now)
          if (table.groups.size >= max) {
            environment.memory.set(key, table)
            environment.hotdrop = true
            return false
          }
        }
        const filled = found === undefined ? rate.initial(now) : rate.refill(found, now)
        const within = rateMatch
          ? rate.count(filled, bytes ? skb.length : 1)
          : bytes
            ? rate.payBytes(filled, skb.length)
            : rate.pay(filled, rate.cost)
        const next: Group = { ...within.group, expiresAt: now + expire }
        environment.memory.set(key, { groups: table.groups.set(group, next, {}), sweptAt: table.sweptAt })
        return within.holds !== above
      },
      seen: (skb, environment) =>
        `group ${groupText(skb, shared)} ${rate.describe(stateOf(skb, environment))}`,
    },
  ]

  function stateOf(skb: Skb, environment: MatchEnvironment): Group | undefined {
    const table = environment.memory.get(key) as Table | undefined
    const group = keyOf(skb)
    if (table === undefined || group === undefined) return undefined
    return find(table, group, toJiffies(environment.nowMs))
  }
}

interface Payment {
  readonly group: Group
  readonly holds: boolean
}

/** The arithmetic of one table's rate: `rateinfo_init`, `rateinfo_recalc`, `hashlimit_byte_cost`. */
class Rate {
  readonly cost: bigint
  private readonly start: Omit<Group, 'expiresAt' | 'updatedAt'>
  private readonly bytes: boolean
  private readonly rateMatch: boolean
  private readonly perSecond: bigint
  private readonly allowance: bigint
  private readonly interval: bigint

  constructor({ average, burst, bytes, rateMatch, interval }: HashlimitOptions) {
    this.bytes = bytes
    this.rateMatch = rateMatch
    this.cost = bytes ? byteCredits(average) : packetCredits(average)
    const credit = bytes ? BYTE_CREDITS : packetCredits(u64(average * burst))
    this.start = { credit, capacity: bytes ? burst : credit, rate: 0n, overBefore: false }
    this.perSecond = bytes ? (0xffff_ffffn / average - 1n) << 4n : BigInt(RATE_SCALE) / average
    this.allowance = !bytes ? burst + this.perSecond : burst === 0n ? this.perSecond : burst * this.perSecond
    this.interval = BigInt(interval)
  }

  initial(now: number): Group {
    return { ...this.start, expiresAt: 0, updatedAt: now }
  }

  refill(group: Group, now: number): Group {
    const passed = BigInt(now - group.updatedAt)
    if (passed === 0n) return group
    if (this.rateMatch) {
      const window = this.interval * BigInt(HZ)
      if (passed < window) return group
      return { ...group, updatedAt: now, overBefore: group.rate * window > passed * this.perSecond, rate: 0n }
    }
    const credit = group.credit + passed * (this.bytes ? CREDITS_PER_JIFFY_BYTES : CREDITS_PER_JIFFY)
    const cap = this.bytes ? BYTE_CREDITS : group.capacity
    return { ...group, updatedAt: now, credit: credit > cap ? cap : credit }
  }

  pay(group: Group, cost: bigint): Payment {
    if (group.credit < cost) return { group, holds: false }
    return { group: { ...group, credit: group.credit - cost }, holds: true }
  }

  /** Every second's worth of credits beyond the first comes from the burst, which never grows back. */
  payBytes(group: Group, length: number): Payment {
    const wanted = (BigInt(length >> 4) + 1n) * this.cost
    const cost = wanted > BYTE_CREDITS ? BYTE_CREDITS : wanted
    if (group.credit >= cost || group.capacity === 0n) return this.pay(group, cost)
    return this.pay({ ...group, capacity: group.capacity - 1n, credit: BYTE_CREDITS }, cost)
  }

  count(group: Group, amount: number): Payment {
    const rate = group.rate + BigInt(amount)
    return { group: { ...group, rate }, holds: !group.overBefore && rate <= this.allowance }
  }

  describe(group: Group | undefined): string {
    if (group === undefined) return 'is new'
    if (this.rateMatch) return `at ${group.rate} in this window`
    return this.bytes ? `with ${group.capacity} bursts left` : `with ${group.credit / this.cost} packets left`
  }
}

/** Undefined when ports are wanted and the packet is too short to have them. */
function groupKey(options: HashlimitOptions, family: 4 | 6): (skb: Skb) => string | undefined {
  const { mode, srcmask, dstmask } = options
  const [source, sport, destination, dport] = HASH_FIELDS.map(field => mode.includes(field))
  const sourceMask = maskOf(family, srcmask)
  const destinationMask = maskOf(family, dstmask)
  return skb => {
    let key = ''
    if (source) key += masked(skb.source, sourceMask)
    if (destination) key += `>${masked(skb.destination, destinationMask)}`
    if (!sport && !dport) return key
    const offset = portsOffset(skb)
    if (offset === undefined) return undefined
    if (sport) key += `s${offset < 0 ? 0 : skb.u16(offset)}`
    if (dport) key += `d${offset < 0 ? 0 : skb.u16(offset + 2)}`
    return key
  }
}

type Words = { readonly w0: number; readonly w1: number; readonly w2: number; readonly w3: number }

function masked(address: Words, mask: Words): string {
  return `${address.w0 & mask.w0},${address.w1 & mask.w1},${address.w2 & mask.w2},${address.w3 & mask.w3}`
}

function groupText(skb: Skb, { mode }: HashlimitOptions): string {
  const shown = mode.map(field => {
    if (field === 'srcip') return `${skb.source}`
    if (field === 'dstip') return `${skb.destination}`
    const offset = portsOffset(skb)
    if (offset === undefined) return 'no ports'
    return `${offset < 0 ? 0 : skb.u16(offset + (field === 'srcport' ? 0 : 2))}`
  })
  return shown.join(',') || 'all'
}
