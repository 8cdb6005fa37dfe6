import { CtInfo } from './conntrack/connection.ts'
import { confirmPacket, trackPacket } from './conntrack/core.ts'
import { natHook } from './nat/hook.ts'
import type { NatHook } from './nat/manip.ts'
import { isExtensionHeader } from './packet/extension-headers.ts'
import { type DefragUser, reassemble, takeWhole } from './packet/fragments.ts'
import type { Skb } from './packet/skb.ts'
import { type CompiledChain, CompiledRule, chainSlot } from './rules/compiled-rules.ts'
import { walkChain } from './rules/evaluate.ts'
import { Verdict } from './rules/extension.ts'
import type { Hook, TableName } from './rules/model.ts'
import { synproxyHook } from './synproxy/hook.ts'
import { TableEnvironment } from './table-environment.ts'
import type { Transaction } from './transaction.ts'

/** One thing that a hook does to a packet. Anything but ACCEPT ends the packet's way (STOLEN: somebody keeps it). */
export type Stage = (skb: Skb, hook: Hook, transaction: Transaction) => Verdict

const IPV4_MORE_OR_OFFSET = 0x3fff

/**
 * Puts fragments together before anything else looks at them (nf_defrag_ipv4/ipv6); conntrack and some rules need it.
 * What conntrack has seen before it came in on `lo` stays as it is.
 */
export function defragment(skb: Skb, hook: Hook, transaction: Transaction): Verdict {
  if (skb.connection !== undefined || skb.ctInfo === CtInfo.UNTRACKED) return Verdict.ACCEPT
  if (!transaction.family(skb).defragments || !mayBeFragment(skb)) return Verdict.ACCEPT
  return reassembleInto(skb, hook === 'OUTPUT' ? 'output' : 'prerouting', transaction)
}

/** IPv4 says so in its header; IPv6's fragment header stands anywhere behind it. */
function mayBeFragment(skb: Skb): boolean {
  return skb.family === 4 ? (skb.u16(6) & IPV4_MORE_OR_OFFSET) !== 0 : isExtensionHeader(skb.bytes[6]!)
}

/** Reassembly of one packet; STOLEN while pieces are missing. `user` keeps the queues of different places apart. */
export function reassembleInto(skb: Skb, user: DefragUser, transaction: Transaction): Verdict {
  const result = reassemble(
    transaction.fragments,
    skb.share(),
    skb.family,
    transaction.nowMs,
    user,
    skb.inDevice,
  )
  transaction.fragments = result.queue
  switch (result.status) {
    case 'not-a-fragment':
      return Verdict.ACCEPT
    case 'queued':
      transaction.ends({ kind: 'held', why: 'a fragment that waits for the others' })
      return Verdict.STOLEN
    case 'dropped':
      transaction.discards(`fragment: ${result.reason}`)
      return Verdict.DROP
    case 'whole':
      break
  }
  takeWhole(skb, result)
  transaction.recorder?.add({ kind: 'reassembled', length: skb.length })
  return Verdict.ACCEPT
}

/**
 * A table's chain of this hook. In mangle OUTPUT, a packet is routed anew if anything was changed that a route may depend
 * on: in IPv6 also by its hop limit (`ip6t_mangle_out`), in IPv4 not by its TTL (`ipt_mangle_out`).
 */
export function table(name: TableName, hook: Hook): Stage {
  const slot = chainSlot(name, hook)
  const reroutes = name === 'mangle' && hook === 'OUTPUT'
  return (skb, _hook, transaction) => {
    if (name === 'raw') transaction.recorder?.reachedRaw()
    const chain = transaction.family(skb).rules?.baseChains[slot]
    if (chain === undefined) return Verdict.ACCEPT
    const environment = new TableEnvironment(transaction, skb.family, hook, name)
    if (!reroutes) return onward(finish(walk(chain, skb, environment), environment))
    const { source, destination, mark, tos, ttl } = skb
    const verdict = onward(finish(walk(chain, skb, environment), environment))
    const changed =
      skb.mark !== mark ||
      skb.tos !== tos ||
      (skb.family === 6 && skb.ttl !== ttl) ||
      !skb.source.equals(source) ||
      !skb.destination.equals(destination)
    return verdict === Verdict.ACCEPT && changed ? transaction.path.reroute(skb, transaction) : verdict
  }
}

/** What connection does the packet belong to? Finds or (unconfirmed) makes it. */
export function conntrack(skb: Skb, _hook: Hook, transaction: Transaction): Verdict {
  if (!transaction.family(skb).tracking) return Verdict.ACCEPT
  const { template } = skb
  // used up: a packet that turns out INVALID meets the raw table anew when it comes in on lo
  skb.template = undefined
  const tracked = trackPacket(skb, template, transaction)
  if (tracked === 'accept') return Verdict.ACCEPT
  transaction.discards(
    tracked === 'full' ? 'the connection table is full (nf_conntrack_max)' : 'connection tracking dropped it',
  )
  return Verdict.DROP
}

/** Address translation: the packet that opens a connection consults the nat table, every packet is rewritten by its tuples. */
export function nat(skb: Skb, hook: Hook, transaction: Transaction): Verdict {
  const family = transaction.family(skb)
  if (family.rules?.tables.nat === undefined || !family.tracking) return Verdict.ACCEPT
  const { destination } = skb
  const { fate } = transaction.result
  const verdict = onward(natHook(skb, hook as NatHook, walkNat, transaction))
  if (verdict !== Verdict.ACCEPT) {
    if (transaction.result.fate === fate) transaction.discards('address translation is impossible')
    return verdict
  }
  if (skb.destination.equals(destination)) return Verdict.ACCEPT
  if (hook === 'OUTPUT') return transaction.path.reroute(skb, transaction)
  // what came in over lo has a route already (`nf_nat_ipv4_pre_routing`)
  if (hook === 'PREROUTING') skb.outputRoute = undefined
  return Verdict.ACCEPT
}

function walkNat(skb: Skb, hook: NatHook, transaction: Transaction): Verdict {
  const chain = transaction.family(skb).rules!.baseChains[chainSlot('nat', hook)]!
  const environment = new TableEnvironment(transaction, skb.family, hook, 'nat')
  return finish(walk(chain, skb, environment), environment)
}

/**
 * A chain, and behind it what rules have sent over `lo` meanwhile (`-j TEE`): a table is walked with softirqs off, and a
 * sender in process context runs them when it is done (the copy's own tables are walked within that one).
 */
function walk(chain: CompiledChain, skb: Skb, environment: TableEnvironment): Verdict {
  const verdict = walkChain(chain, skb, environment)
  const { transaction } = environment
  if (transaction.runsSoftirqs)
    while (transaction.looped.length > 0)
      transaction.path.receiveLooped(transaction.looped.shift()!, transaction)
  return verdict
}

/** SYNPROXY, where a rule has it: the segments of connections that it opened. */
export function proxySyns(skb: Skb, _hook: Hook, transaction: Transaction): Verdict {
  if (skb.connection?.synproxy === undefined || !transaction.family(skb).rules?.needsSynproxy)
    return Verdict.ACCEPT
  const verdict = synproxyHook(skb, transaction)
  if (verdict === Verdict.DROP) transaction.discards('SYNPROXY cannot read its TCP header')
  else if (verdict === Verdict.STOLEN) transaction.ends({ kind: 'held', why: 'SYNPROXY leads the handshake' })
  return verdict
}

/** The end of the way: helpers read the payload, sequence numbers are shifted, and the connection enters the table. */
export function confirm(skb: Skb, _hook: Hook, transaction: Transaction): Verdict {
  if (skb.connection === undefined || confirmPacket(skb, transaction) === 'accept') return Verdict.ACCEPT
  transaction.discards('connection tracking dropped it at the end of its way')
  return Verdict.DROP
}

/** A queued packet comes back behind the hook function that queued it. */
function onward(verdict: Verdict): Verdict {
  return verdict === Verdict.QUEUE ? Verdict.ACCEPT : verdict
}

/** Remembers where a verdict fell that ended the packet's way. */
function finish(verdict: Verdict, environment: TableEnvironment): Verdict {
  if (verdict === Verdict.ACCEPT || verdict === Verdict.QUEUE) return verdict
  const { decidedBy, hotdrop, rejected, transaction, hook, table } = environment
  if (hotdrop) transaction.discards(`${table}: a rule could not read the header that it matches on`)
  else if (decidedBy !== undefined) {
    const place =
      decidedBy instanceof CompiledRule
        ? { table, chain: decidedBy.chain.name, rule: decidedBy.number }
        : { table, chain: decidedBy.name, rule: 'policy' as const }
    if (verdict === Verdict.STOLEN)
      transaction.ends({ kind: 'held', why: 'SYNPROXY leads the handshake', at: place })
    else transaction.ends({ kind: rejected ? 'rejected' : 'dropped', at: place, hook })
  }
  return verdict
}
