import { defineTarget, Verdict } from '../extension.ts'

/** `-j TRACE`: net/netfilter/xt_TRACE.c. The simulator traces everything anyway; the mark on the packet is the kernel's. */
export const trace = defineTarget<object>({
  name: 'TRACE',
  tables: ['raw'],
  summary: 'log every rule that the packet meets',
  options: [],
  save: () => '',
  list: () => '',
  compile: () => skb => {
    skb.traced = true
    return Verdict.CONTINUE
  },
})
