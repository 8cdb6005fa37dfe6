import type { Address, Prefix } from '../address.ts'
import type { Skb } from '../packet/skb.ts'
import type { Constraint, Test } from './extension.ts'

/** What the index looks at of a compiled rule. */
export interface TestedRule {
  readonly tests: readonly Test[]
}

/** One thing about a packet by which rules are told apart. */
export interface IndexedField {
  /** One bit per rule: not set if this field alone keeps the packet from matching it. Bits behind the last rule are 0. */
  rulesFor(skb: Skb): Int32Array
}

/** A rule asks that a number lies in one of these ranges (inclusive), or when negated in none. */
interface RangeDemand {
  readonly rule: number
  readonly ranges: readonly (readonly [number, number])[]
  readonly negated: boolean
}

type DeviceConstraint = Extract<Constraint, { wildcard: boolean }>

interface DeviceDemand {
  readonly rule: number
  readonly constraint: DeviceConstraint
}

/** The numbers of a packet that constraints speak of. An IPv6 address is four of them: a prefix fits if all its words do. */
const Field = {
  PROTOCOL: 0,
  SOURCE_PORT: 1,
  DESTINATION_PORT: 2,
  SOURCE: 3,
  DESTINATION: 7,
} as const
const NUMBERS = Field.DESTINATION + 4

/**
 * What the tests of all rules say about the fields of a packet.
 *
 * @returns the fields that some rule constrains; and by protocol, how many bytes of transport header a packet must
 *   have for the index to be used
 */
export function fieldsOf(rules: readonly TestedRule[]): {
  fields: IndexedField[]
  headerBytes: Uint8Array
} {
  const numbers: RangeDemand[][] = Array.from({ length: NUMBERS }, () => [])
  const inDevices: DeviceDemand[] = []
  const outDevices: DeviceDemand[] = []
  const headerBytes = new Uint8Array(256)
  rules.forEach(({ tests }, rule) => {
    let protocol = -1
    for (const { constraint, headerBytes: needed, pure } of tests) {
      if (constraint === undefined) {
        if (needed !== undefined) demandBytes(headerBytes, protocol, needed)
        else if (pure !== true) break
        continue
      }
      switch (constraint.field) {
        case 'inDevice':
          inDevices.push({ rule, constraint })
          break
        case 'outDevice':
          outDevices.push({ rule, constraint })
          break
        case 'protocol': {
          const { number, negated } = constraint
          if (!negated) protocol = number
          numbers[Field.PROTOCOL]!.push({ rule, ranges: [[number, number]], negated })
          break
        }
        case 'sport':
        case 'dport': {
          const field = constraint.field === 'sport' ? Field.SOURCE_PORT : Field.DESTINATION_PORT
          numbers[field]!.push({ rule, ranges: constraint.ranges, negated: constraint.negated })
          break
        }
        case 'source':
        case 'destination': {
          const first = constraint.field === 'source' ? Field.SOURCE : Field.DESTINATION
          demandPrefix(numbers, first, rule, constraint.prefix, constraint.negated)
          break
        }
        default:
          constraint satisfies never
      }
    }
  })
  const fields: IndexedField[] = []
  if (inDevices.length > 0) fields.push(new DeviceField('inDevice', inDevices, rules.length))
  if (outDevices.length > 0) fields.push(new DeviceField('outDevice', outDevices, rules.length))
  for (let field = 0; field < NUMBERS; field++)
    if (numbers[field]!.length > 0) fields.push(new NumberField(field, numbers[field]!, rules.length))
  return { fields, headerBytes }
}

/** A rule's `-m tcp` is only asked about packets of the rule's protocol. */
function demandBytes(headerBytes: Uint8Array, protocol: number, needed: number): void {
  for (let i = 0; i < 256; i++)
    if (protocol < 0 || protocol === i) headerBytes[i] = Math.max(headerBytes[i]!, needed)
}

/**
 * A word of an address with a mask is a range, unless the mask has holes: then the word excludes nothing. Such a range
 * never has both signs, so words may stay signed. "Not this prefix" is a statement about a single word only where the
 * mask covers a single word.
 */
function demandPrefix(
  numbers: readonly RangeDemand[][],
  first: number,
  rule: number,
  { address, mask }: Prefix,
  negated: boolean,
): void {
  const masked = [0, 1, 2, 3].filter(word => wordOf(mask, word) !== 0)
  if (negated && masked.length > 1) return
  for (const word of masked) {
    const bits = wordOf(mask, word)
    if ((~bits & (~bits + 1)) !== 0) continue
    const low = wordOf(address, word)
    numbers[first + word]!.push({ rule, ranges: [[low, low | ~bits]], negated })
  }
}

function wordOf(address: Address, word: number): number {
  return word === 0 ? address.w0 : word === 1 ? address.w1 : word === 2 ? address.w2 : address.w3
}

function numberIn(skb: Skb, field: number): number {
  switch (field) {
    case Field.PROTOCOL:
      return skb.protocol
    case Field.SOURCE_PORT:
      return portAt(skb, skb.transportOffset)
    case Field.DESTINATION_PORT:
      return portAt(skb, skb.transportOffset + 2)
    default:
      return field < Field.DESTINATION
        ? wordOf(skb.source, field - Field.SOURCE)
        : wordOf(skb.destination, field - Field.DESTINATION)
  }
}

/** 0 where there is none: such a packet's protocol keeps it from the rules that ask for ports. */
function portAt(skb: Skb, offset: number): number {
  return offset + 2 <= skb.bytes.length ? skb.u16(offset) : 0
}

/** Between two neighbouring cut points no rule sees a difference, so one bit vector per interval is enough. */
class NumberField implements IndexedField {
  private readonly field: number
  private readonly demands: readonly RangeDemand[]
  private readonly rules: number
  /** Sorted, the smallest number first: where an interval begins. */
  private readonly cuts: Int32Array
  /** By interval, made when a packet first shows it. */
  private readonly known: (Int32Array | undefined)[]

  constructor(field: number, demands: readonly RangeDemand[], rules: number) {
    this.field = field
    this.demands = demands
    this.rules = rules
    const cuts = new Set([-0x80000000])
    for (const { ranges } of demands) {
      for (const [low, high] of ranges) {
        cuts.add(low)
        if (high < 0x7fffffff) cuts.add(high + 1)
      }
    }
    this.cuts = Int32Array.from(cuts).sort()
    this.known = new Array<Int32Array | undefined>(this.cuts.length).fill(undefined)
  }

  rulesFor(skb: Skb): Int32Array {
    const interval = this.find(numberIn(skb, this.field))
    const known = this.known[interval]
    if (known !== undefined) return known
    const made = this.make(this.cuts[interval]!)
    this.known[interval] = made
    return made
  }

  /** The last cut that is not above the value. */
  private find(value: number): number {
    const { cuts } = this
    let low = 0
    let high = cuts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (cuts[middle]! <= value) low = middle
      else high = middle
    }
    return low
  }

  private make(value: number): Int32Array {
    const bits = allRules(this.rules)
    for (const { rule, ranges, negated } of this.demands)
      if (ranges.some(([low, high]) => value >= low && value <= high) === negated) clear(bits, rule)
    return bits
  }
}

/** Devices are few, and all that come are remembered. */
class DeviceField implements IndexedField {
  private readonly field: 'inDevice' | 'outDevice'
  private readonly demands: readonly DeviceDemand[]
  private readonly rules: number
  private readonly known = new Map<string, Int32Array>()

  constructor(field: 'inDevice' | 'outDevice', demands: readonly DeviceDemand[], rules: number) {
    this.field = field
    this.demands = demands
    this.rules = rules
  }

  rulesFor(skb: Skb): Int32Array {
    const device = this.field === 'inDevice' ? skb.inDevice : skb.outDevice
    let bits = this.known.get(device)
    if (bits === undefined) {
      bits = this.make(device)
      this.known.set(device, bits)
    }
    return bits
  }

  private make(device: string): Int32Array {
    const bits = allRules(this.rules)
    for (const { rule, constraint } of this.demands) {
      const { name, wildcard, negated } = constraint
      if ((wildcard ? device.startsWith(name) : device === name) === negated) clear(bits, rule)
    }
    return bits
  }
}

function allRules(count: number): Int32Array {
  const bits = new Int32Array((count + 31) >>> 5).fill(-1)
  if ((count & 31) !== 0) bits[bits.length - 1] = ~(-1 << (count & 31))
  return bits
}

function clear(bits: Int32Array, rule: number): void {
  bits[rule >>> 5]! &= ~(1 << (rule & 31))
}
