import type { Skb } from './packet/skb.ts'
import { Verdict } from './rules/extension.ts'
import type { Hook } from './rules/model.ts'
import { confirm, conntrack, defragment, nat, proxySyns, type Stage, table } from './stages.ts'
import type { Transaction } from './transaction.ts'

/**
 * The way of a packet, as data. Every stage in the kernel's order of priorities (include/uapi/linux/netfilter_ipv4.h):
 * defrag −400, raw −300, conntrack −200, mangle −150, dstnat −100, filter 0, security 50, srcnat 100, SYNPROXY just before
 * confirm, confirm INT_MAX.
 *
 *            ┌ defrag ─ raw ─ conntrack ─ mangle ─ nat(dst) ┐           ┌ mangle ─ filter ─ security ─ nat(src) ─ confirm → local process
 *     device → PREROUTING ──────────────────────────────────→ routing ─→ INPUT
 *                                                              └─→ FORWARD: mangle ─ filter ─ security ─→ POSTROUTING
 *     local process → routing → OUTPUT: defrag ─ raw ─ conntrack ─ mangle ─ nat(dst) ─ filter ─ security ─→ POSTROUTING
 *                                                                POSTROUTING: mangle ─ nat(src) ─ confirm → device
 *
 * In OUTPUT, mangle and nat route the packet anew when they changed what routing looks at.
 */
export const HOOK_STAGES: Readonly<Record<Hook, readonly Stage[]>> = {
  PREROUTING: [defragment, table('raw', 'PREROUTING'), conntrack, table('mangle', 'PREROUTING'), nat],
  INPUT: [
    table('mangle', 'INPUT'),
    table('filter', 'INPUT'),
    table('security', 'INPUT'),
    nat,
    proxySyns,
    confirm,
  ],
  FORWARD: [table('mangle', 'FORWARD'), table('filter', 'FORWARD'), table('security', 'FORWARD')],
  OUTPUT: [
    defragment,
    table('raw', 'OUTPUT'),
    conntrack,
    table('mangle', 'OUTPUT'),
    nat,
    table('filter', 'OUTPUT'),
    table('security', 'OUTPUT'),
  ],
  POSTROUTING: [table('mangle', 'POSTROUTING'), nat, proxySyns, confirm],
}

/** Runs a packet through all stages of a hook; the first verdict other than ACCEPT ends it. */
export function runHook(hook: Hook, skb: Skb, transaction: Transaction): Verdict {
  const before = transaction.hook
  transaction.hook = hook
  transaction.recorder?.add({
    kind: 'hook',
    hook,
    in: skb.inDevice,
    out: skb.outDevice,
    packet: skb.share(),
  })
  const stages = HOOK_STAGES[hook]
  let verdict: Verdict = Verdict.ACCEPT
  for (let i = 0; i < stages.length && verdict === Verdict.ACCEPT; i++)
    verdict = stages[i]!(skb, hook, transaction)
  transaction.hook = before
  return verdict
}
