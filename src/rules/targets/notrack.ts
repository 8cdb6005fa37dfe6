import { Address, type Family } from '../../address.ts'
import { Connection, CtInfo, Status } from '../../conntrack/connection.ts'
import type { ConntrackTemplate } from '../../conntrack/template.ts'
import { Tuple } from '../../conntrack/tuple.ts'
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
  compile: () => attach({ notrack: true }, 4),
})

/**
 * The first template counts, and none does for a packet that conntrack saw before it looped back. Until conntrack runs,
 * later rules take the template for the packet's connection: NEW, CONFIRMED, without addresses (`nf_ct_set` in xt_CT.c).
 */
export function attach(template: ConntrackTemplate, family: Family): TargetFunction {
  const standIn = template.notrack === true ? undefined : connectionOf(template, family)
  const info = template.notrack === true ? CtInfo.UNTRACKED : CtInfo.NEW
  return (skb, environment) => {
    if (!isUnseen(skb)) return Verdict.CONTINUE
    environment.setTemplate(skb, template)
    skb.connection = standIn
    skb.ctInfo = info
    return Verdict.CONTINUE
  }
}

function connectionOf({ zone }: ConntrackTemplate, family: Family): Connection {
  const nobody = Address.parse(family === 4 ? '0.0.0.0' : '::')
  const tuple = new Tuple(nobody, nobody, 0, 0, 0)
  const connection = new Connection(tuple, tuple)
  connection.status = Status.TEMPLATE | Status.CONFIRMED
  if (typeof zone === 'object') connection.zone = zone
  return connection
}

function isUnseen(skb: Skb): boolean {
  return skb.connection === undefined && skb.ctInfo === undefined && skb.template === undefined
}
