import type { AddressMatch, InterfaceMatch, Match, Rule } from '../rules/model.ts'
import { matchExtension } from '../rules/registry.ts'
import { FULL, type Node } from './bdd.ts'
import { lowDomain } from './domain.ts'
import { KINDS } from './fields.ts'
import { EXACT_MATCHES } from './match-conditions.ts'
import type { PacketSpace } from './space.ts'
import type { Mutable, TableContext } from './table-context.ts'

/** What one rule asks, as sets. */
export interface Condition {
  /** The packets that match it. */
  readonly matched: Node
  /** The same without the conditions that remember (`limit`, `recent`): packets of which these take notice. */
  readonly touched: Node
  /** The conditions that remember, with their turns: `-m limit --limit 3/min #2`. '' without any. */
  readonly memory: string
}

/** Matches that look at nothing but the packet and what stands still while it walks a table. */
const STABLE: Readonly<Record<string, readonly Mutable[]>> = {
  addrtype: ['addresses'],
  ah: ['bytes'],
  bpf: ['bytes'],
  connbytes: [],
  connmark: ['connmark'],
  devgroup: [],
  dst: ['bytes'],
  ecn: ['bytes'],
  esp: ['bytes'],
  eui64: ['addresses'],
  frag: [],
  hbh: ['bytes'],
  helper: [],
  ipv6header: [],
  owner: [],
  physdev: [],
  policy: [],
  rpfilter: ['addresses', 'mark'],
  rt: ['bytes'],
  set: ['sets', 'addresses'],
  socket: ['addresses'],
  string: ['bytes'],
  tcpmss: ['bytes'],
  time: [],
  u32: ['bytes'],
}

/**
 * Translates rules into packet sets, those of one table at one hook. Conditions that are no fields become free
 * variables: shared between rules where the answer cannot differ, fresh for every use otherwise.
 */
export class Translator {
  private readonly space: PacketSpace
  private readonly context: TableContext
  private readonly prefix: string
  private readonly low: Node
  private readonly uses = new Map<string, number>()
  private readonly known = new Map<string, Node>()

  /** @param prefix what keeps the free variables of different tables and hooks apart */
  constructor(space: PacketSpace, context: TableContext, prefix: string) {
    this.space = space
    this.context = context
    this.prefix = prefix
    this.low = lowDomain(space)
  }

  /** Called once for every place the rule stands at when user chains are unfolded. */
  condition(rule: Rule): Condition {
    const { space } = this
    const parts = [...this.header(rule), this.low]
    const memory: Node[] = []
    const remembering: string[] = []
    for (const match of rule.matches) {
      const exact = this.exact(match)
      if (exact !== undefined) {
        parts.push(exact)
        continue
      }
      const text = `-m ${match.name} ${this.textOf(match)}`.trimEnd()
      if (this.isStable(match)) {
        parts.push(this.shared(text))
        continue
      }
      const { node, name } = this.fresh(text)
      memory.push(node)
      remembering.push(name)
    }
    const touched = space.conjunction(parts)
    const matched = memory.length === 0 ? touched : space.conjunction([...parts, ...memory])
    return { matched, touched, memory: remembering.join(' and ') }
  }

  private header(rule: Rule): Node[] {
    const { space } = this
    const { fragment, protocol } = rule
    return [
      this.device('in', rule.inInterface),
      this.device('out', rule.outInterface),
      protocol === undefined || protocol.number === 0
        ? FULL
        : space.negatedIf(protocol.negated, space.is('protocol', protocol.number)),
      fragment === undefined
        ? FULL
        : space.negatedIf(fragment.negated, space.is('kind', KINDS.indexOf('later'))),
      this.address('source', rule.source),
      this.address('destination', rule.destination),
    ]
  }

  private address(name: 'source' | 'destination', match: AddressMatch | undefined): Node {
    if (match === undefined) return FULL
    const { prefix, negated } = match
    if (this.context.mutable.has('addresses') && !(prefix.mask.isZero() && !negated))
      return this.fresh(`${negated ? '! ' : ''}-${name[0]} ${prefix}`).node
    return this.space.negatedIf(negated, this.space.inPrefix(name, prefix))
  }

  private device(name: 'in' | 'out', match: InterfaceMatch | undefined): Node {
    if (match === undefined) return FULL
    const { negated, wildcard } = match
    if (wildcard && match.name === '' && !negated) return FULL
    const key = `${name} ${negated} ${wildcard} ${match.name}`
    let node = this.known.get(key)
    if (node === undefined) {
      node = this.space.named(
        name,
        device => (wildcard ? device.startsWith(match.name) : device === match.name) !== negated,
      )
      this.known.set(key, node)
    }
    return node
  }

  private exact(match: Match): Node | undefined {
    const translate = EXACT_MATCHES[match.name]
    if (translate === undefined) return undefined
    const key = `-m ${match.name} ${this.textOf(match)}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    const needed = translate.needs(match.options)
    if (needed.some(what => this.context.mutable.has(what))) return undefined
    const node = translate.translate(match.options, this.space, text => this.shared(text))
    this.known.set(key, node)
    return node
  }

  private isStable(match: Match): boolean {
    const needs = STABLE[match.name]
    return needs !== undefined && !needs.some(what => this.context.mutable.has(what))
  }

  /** `! -m x` is not the negation of `-m x` where either may fail for want of a header, so each text is its own. */
  private shared(text: string): Node {
    return this.space.opaque(`${this.prefix} ${text}`, text, true)
  }

  /** Numbered by use, so that the same condition at the same turn of two rulesets is one variable. */
  private fresh(text: string): { readonly node: Node; readonly name: string } {
    const use = (this.uses.get(text) ?? 0) + 1
    this.uses.set(text, use)
    const name = `${text} #${use}`
    return { node: this.space.opaque(`${this.prefix} ${name}`, text, false), name }
  }

  private textOf(match: Match): string {
    return matchExtension(match.name, this.space.family)?.save(match.options, this.space.family) ?? ''
  }
}
