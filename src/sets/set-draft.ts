import type { Skb } from '../packet/skb.ts'
import { addElement, deleteElement } from './change.ts'
import { countedOnce, type ElementKey, type Extensions, expiry, isExpired, NO_EXTENSIONS } from './element.ts'
import { elementText } from './element-text.ts'
import type { ElementSet, IpSet, ListSet } from './ip-set.ts'
import { MAX_TIMEOUT } from './limits.ts'
import { type Directions, maskNet, packetKey } from './packet-key.ts'
import type { SetTable } from './set-table.ts'
import { netDimension } from './set-type.ts'
import type { CounterTest, SetAccess, SetAddition, SetQuery } from './set-use.ts'

/** The answers of a lookup. An exception (`nomatch`) is an answer of its own: `--return-nomatch` asks for it. */
const Answer = { ABSENT: 0, PRESENT: 1, EXCLUDED: 2 } as const
type Answer = (typeof Answer)[keyof typeof Answer]

/**
 * The sets while a step is under way: what rules ask and change (`ip_set_test`, `ip_set_add`, `ip_set_del` in
 * net/netfilter/ipset/ip_set_core.c). A lookup costs the same whatever the size of the set; networks one try for each
 * prefix length that the set has.
 */
export class SetDraft implements SetAccess {
  table: SetTable
  found: Extensions | undefined = undefined
  private readonly nowJiffies: number
  private readonly owner: object

  constructor(table: SetTable, nowJiffies: number, owner: object) {
    this.table = table
    this.nowJiffies = nowJiffies
    this.owner = owner
  }

  test(skb: Skb, query: SetQuery): boolean {
    this.found = undefined
    const { packets, bytes, skipsCounters = false } = query
    const comparesCounters = packets !== undefined || bytes !== undefined
    return this.holds(query.setName, skb, query, comparesCounters, skipsCounters)
  }

  add(skb: Skb, addition: SetAddition): void {
    this.addTo(addition.setName, skb, addition)
  }

  remove(skb: Skb, from: Directions & { readonly setName: string }): void {
    this.removeFrom(from.setName, skb, from)
  }

  shown(skb: Skb, query: Directions & { readonly setName: string }): string {
    const set = this.table.get(query.setName)
    if (set === undefined) return `there is no set ${query.setName}`
    if (!canAsk(set, skb, query)) return `set ${query.setName} cannot be asked this`
    if (set.kind === 'list') return `in none of ${set.members.map(({ name }) => name).join(', ')}`
    const key = packetKey(set, skb, query, true)
    return key === undefined ? 'nothing for this set' : elementText(set, key)
  }

  private holds(
    name: string,
    skb: Skb,
    query: SetQuery,
    comparesCounters: boolean,
    skipsCounters: boolean,
  ): boolean {
    const set = this.table.get(name)
    if (set === undefined || !canAsk(set, skb, query)) return false
    if (set.kind === 'list') return this.listHolds(name, set, skb, query, comparesCounters, skipsCounters)
    const answer = this.lookUp(name, set, skb, query, comparesCounters, skipsCounters)
    // the kernel changes the sign of the answer, for types that can have exceptions
    if (query.returnNomatch === true && netDimension(set.type) >= 0) return answer === Answer.EXCLUDED
    return answer === Answer.PRESENT
  }

  /** `list_set_ktest`: the first member that holds the packet decides. */
  private listHolds(
    name: string,
    set: ListSet,
    skb: Skb,
    query: SetQuery,
    comparesCounters: boolean,
    skipsCounters: boolean,
  ): boolean {
    const skipsSubcounters = skipsCounters || query.skipsSubcounters === true
    for (let at = 0; at < set.members.length; at++) {
      const member = set.members[at]!
      if (!this.holds(member.name, skb, query, false, skipsSubcounters)) continue
      if (isExpired(member.extensions, this.nowJiffies)) continue
      let { extensions } = member
      if (set.options.counters && !skipsCounters) {
        extensions = countedOnce(extensions, skb.length)
        const members = set.members.slice()
        members[at] = { name: member.name, extensions }
        set = set.with(members)
        this.table = this.table.replace(name, set, this.owner)
      }
      if (set.options.counters && comparesCounters && !countersHold(extensions, query)) continue
      if (set.options.skbinfo) this.found = extensions
      return true
    }
    return false
  }

  private lookUp(
    name: string,
    set: ElementSet,
    skb: Skb,
    query: SetQuery,
    comparesCounters: boolean,
    skipsCounters: boolean,
  ): Answer {
    const key = packetKey(set, skb, query, true)
    if (key === undefined) return Answer.ABSENT
    const net = netDimension(set.type)
    if (net < 0) return this.answer(name, set, key, skb, query, comparesCounters, skipsCounters)
    const { present } = set.lengths
    for (let at = 0; at < present.length; at++) {
      maskNet(key, net, present[at]!, skb.family)
      if (comparesCounters) set = this.latest(name, set)
      const answer = this.answer(name, set, key, skb, query, comparesCounters, skipsCounters)
      if (answer !== Answer.ABSENT) return answer
      // hash:net,iface: where the network is there with other devices only, wider networks are not asked
      if (key.device !== '' && hasNet(set, key)) return Answer.ABSENT
    }
    return Answer.ABSENT
  }

  /** A network whose counters did not fit was counted all the same. */
  private latest(name: string, set: ElementSet): ElementSet {
    const latest = this.table.get(name)
    return latest?.kind === 'elements' ? latest : set
  }

  /** `ip_set_match_extensions`: an element that has run out, or whose counters are others, is none. */
  private answer(
    name: string,
    set: ElementSet,
    asked: ElementKey,
    skb: Skb,
    query: SetQuery,
    comparesCounters: boolean,
    skipsCounters: boolean,
  ): Answer {
    const key = set.resolve(asked)
    let element = set.get(key, this.nowJiffies)
    if (element === undefined) return Answer.ABSENT
    if (asked.mac !== element.mac) {
      if (element.mac !== '') return Answer.ABSENT
      // the packet tells the MAC that the element has waited for, and fills everything else anew
      this.addTo(name, skb, { ...query, exist: false, timeoutSeconds: undefined })
      return Answer.PRESENT
    }
    if (set.options.counters) {
      if (!skipsCounters) {
        element = countedOnce(element, skb.length)
        this.table = this.table.replace(name, set.touched(key, element, this.owner), this.owner)
      }
      if (comparesCounters && !countersHold(element, query)) return Answer.ABSENT
    }
    if (set.options.skbinfo) this.found = element
    return element.isExcluded ? Answer.EXCLUDED : Answer.PRESENT
  }

  /** @returns whether it was added, so that a list need not ask its next member */
  private addTo(name: string, skb: Skb, addition: SetAddition): boolean {
    const set = this.table.get(name)
    if (set === undefined || !canAsk(set, skb, addition)) return false
    if (set.kind === 'list')
      return set.members.some(
        member => !isExpired(member.extensions, this.nowJiffies) && this.addTo(member.name, skb, addition),
      )
    const key = packetKey(set, skb, addition, false)
    if (key === undefined) return false
    const { timeout } = set.options
    const seconds = timeout === undefined ? 0 : Math.min(addition.timeoutSeconds ?? timeout, MAX_TIMEOUT)
    const extensions: Extensions = {
      ...NO_EXTENSIONS,
      expires: expiry(seconds, this.nowJiffies),
      packets: 1,
      bytes: skb.length,
    }
    const added = addElement(
      set,
      key,
      { extensions, exist: addition.exist, keeps: [], seconds },
      this.nowJiffies,
      this.owner,
    )
    if (typeof added === 'string') return false
    this.table = this.table.replace(name, added, this.owner)
    return true
  }

  private removeFrom(name: string, skb: Skb, from: Directions): boolean {
    const set = this.table.get(name)
    if (set === undefined || !canAsk(set, skb, from)) return false
    if (set.kind === 'list')
      return set.members.some(
        member => !isExpired(member.extensions, this.nowJiffies) && this.removeFrom(member.name, skb, from),
      )
    const key = packetKey(set, skb, from, false)
    if (key === undefined) return false
    const rest = deleteElement(set, key, this.nowJiffies, this.owner)
    if (typeof rest === 'string') return false
    this.table = this.table.replace(name, rest, this.owner)
    return true
  }
}

/** The rule names too few directions, or the set is for the other family. */
function canAsk({ type, options }: IpSet, skb: Skb, { count }: Directions): boolean {
  const dimensions = type.method === 'list' ? 1 : type.dimensions.length
  return count >= dimensions && (options.family === 0 || options.family === skb.family)
}

function hasNet(set: ElementSet, key: ElementKey): boolean {
  const net = key.copy()
  net.device = ''
  return set.nets.get(net) !== undefined
}

function countersHold(element: Extensions, { packets, bytes }: SetQuery): boolean {
  return counterHolds(element.packets, packets) && counterHolds(element.bytes, bytes)
}

function counterHolds(value: number, test: CounterTest | undefined): boolean {
  if (test === undefined) return true
  switch (test.operator) {
    case 'eq':
      return BigInt(value) === test.value
    case 'ne':
      return BigInt(value) !== test.value
    case 'lt':
      return value < test.value
    case 'gt':
      return value > test.value
    default:
      return test.operator satisfies never
  }
}
