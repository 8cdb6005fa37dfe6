import type { ConntrackTemplate } from '../../conntrack/template.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, type TargetFunction, Verdict } from '../extension.ts'

/** `-j NOTRACK`: an old name for `-j CT --notrack` (net/netfilter/xt_CT.c, `notrack_tg`). */
export const notrack = defineTarget<object>({
  name: 'NOTRACK',
  tables: ['raw'],
  summary: 'keep connection tracking away from the packet',
  options: [],
  save: () => '',
  list: () => 'NOTRACK',
  compile: () => attach({ notrack: true }),
})

/** The first template counts, and none does for a packet that conntrack saw before it looped back. */
export function attach(template: ConntrackTemplate): TargetFunction {
  return (skb, environment) => {
    if (isUnseen(skb)) environment.setTemplate(skb, template)
    return Verdict.CONTINUE
  }
}

function isUnseen(skb: Skb): boolean {
  return skb.connection === undefined && skb.ctInfo === undefined && skb.template === undefined
}
