import type { Address, Family } from './address.ts'
import { answerError } from './answers.ts'
import type { Connection, Zone } from './conntrack/connection.ts'
import type { ConntrackTemplate } from './conntrack/template.ts'
import type { Tuple } from './conntrack/tuple.ts'
import type { ReverseRoute } from './ip/routing.ts'
import { bind } from './nat/bind.ts'
import type { LogLine, NflogMessage } from './outcome.ts'
import type { Skb } from './packet/skb.ts'
import type { CompiledChain, CompiledRule } from './rules/compiled-rules.ts'
import type { WalkEnvironment } from './rules/evaluate.ts'
import { type Memory, type SynproxyOffer, Verdict } from './rules/extension.ts'
import type { Hook, NatRange, TableName } from './rules/model.ts'
import type { SetAccess } from './sets/set-use.ts'
import { synproxy } from './synproxy/target.ts'
import type { TraceRecorder } from './trace.ts'
import type { Transaction } from './transaction.ts'

/** What the rules of one table at one hook see of the step: the bridge from `rules` to everything else. */
export class TableEnvironment implements WalkEnvironment {
  readonly transaction: Transaction
  readonly hook: Hook
  readonly table: TableName
  hotdrop = false
  decidedBy: CompiledRule | CompiledChain | undefined = undefined
  /** A REJECT was reached (whether or not it answered). */
  rejected = false

  private readonly family: Family

  constructor(transaction: Transaction, family: Family, hook: Hook, table: TableName) {
    this.transaction = transaction
    this.family = family
    this.hook = hook
    this.table = table
  }

  get nowMs(): number {
    return this.transaction.nowMs
  }

  get memory(): Memory {
    return this.transaction.memory
  }

  get sets(): SetAccess {
    return this.transaction.sets
  }

  get recorder(): TraceRecorder | undefined {
    return this.transaction.recorder
  }

  /** A number from 0 to 2³¹−1, where the caller supplied a source. */
  get random(): (() => number) | undefined {
    const { random } = this.transaction.options
    return random && (() => Math.floor(random() * 0x80000000))
  }

  count(slot: number, bytes: number): void {
    this.transaction.count(slot, bytes)
  }

  addressType(address: Address, device?: string): string {
    return this.transaction.routing(address.family).addressType(address, device)
  }

  reverseRoute(
    skb: Skb,
    options: { readonly mark: number; readonly loose: boolean },
  ): ReverseRoute | undefined {
    const route = this.transaction.routing(skb.family).reverseRoute(skb.source, skb.inDevice, options.loose)
    return route && { device: route.device, type: route.type.toUpperCase() }
  }

  findConnection(tuple: Tuple, zone: Zone): Connection | undefined {
    return this.transaction.findConnection(tuple, zone)
  }

  deviceGroup(device: string): number {
    return this.transaction.config.interfaces[device]?.group ?? 0
  }

  ownConnection(skb: Skb): Connection | undefined {
    return this.transaction.ownConnection(skb)
  }

  log(entry: Omit<LogLine, 'answer'>): void {
    const { result } = this.transaction
    result.log ??= []
    result.log.push({ ...entry, answer: this.transaction.answering > 0 })
    this.recorder?.add({ kind: 'log', ...entry })
  }

  nflog(message: NflogMessage): void {
    const { result } = this.transaction
    result.nflog ??= []
    result.nflog.push(message)
  }

  reject(skb: Skb, kind: string): void {
    this.rejected = true
    this.transaction.path.reject(skb, kind, this.hook, this.transaction)
  }

  parameterProblem(skb: Skb, pointer: number): void {
    answerError(skb, { type: 4, code: 0, info: pointer }, this.transaction)
  }

  bindNat(skb: Skb, range: NatRange): Verdict {
    const connection = this.ownConnection(skb)
    if (connection === undefined) return Verdict.ACCEPT
    return bind(connection, range, range.manip, this.transaction) ? Verdict.ACCEPT : Verdict.DROP
  }

  redirectAddress(device: string, destination: Address): Address | undefined {
    return this.transaction.routing(this.family).redirectAddress(device, destination)
  }

  sourceAddress(device: string, destination?: Address): Address | undefined {
    return this.transaction.routing(this.family).sourceAddress(device, destination)
  }

  pathMtu(skb: Skb): number {
    const back = this.transaction.routing(skb.family).lookup(skb.source)
    return back === undefined ? skb.routeMtu : Math.min(skb.routeMtu, back.mtu)
  }

  setTemplate(skb: Skb, template: ConntrackTemplate): void {
    skb.template = template
  }

  duplicate(skb: Skb, gateway: Address, device?: string): void {
    this.transaction.path.duplicate(skb, gateway, device, this.transaction)
  }

  synproxy(skb: Skb, offer: SynproxyOffer): Verdict {
    return synproxy(skb, offer, this.transaction)
  }

  queue(skb: Skb, queue: { readonly number: number; readonly bypass: boolean }): Verdict {
    const { queueVerdict } = this.transaction.options
    const passes =
      queueVerdict === undefined ? queue.bypass : queueVerdict(queue.number, skb.bytes.slice()) === 'ACCEPT'
    return passes ? Verdict.QUEUE : Verdict.DROP
  }
}
