import { type Connection, CtInfo } from '../conntrack/connection.ts'
import { killConnection } from '../conntrack/destroy.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { bind, isBound } from './bind.ts'
import type { NatContext } from './context.ts'
import { manipOf, type NatHook } from './manip.ts'
import { translate, translateIcmpError } from './translate.ts'

/** The verdicts of netfilter's hooks, as rules give them too. */
export const NAT_ACCEPT = 1
export const NAT_DROP = 2

/**
 * The nat stage of a hook: `nf_nat_inet_fn` and what calls it in nf_nat_proto.c. Only for a box that has a `nat` table:
 * without one no connection is bound at all.
 *
 * The first packet of a connection walks the rules of the hook's chain; whatever they bind, or else a null binding,
 * stays with the connection for its life. Every later packet, and every ICMP error about it, is rewritten from the
 * connection's tuples.
 *
 * @param walkRules evaluates the hook's nat chain; a target among them calls {@link bindRange}. May return any verdict
 * @returns the verdict: 1 (ACCEPT) to go on, 2 (DROP), or what the rules said
 */
export function natHook<C extends NatContext, V extends number>(
  skb: Skb,
  hook: NatHook,
  walkRules: (skb: Skb, hook: NatHook, context: C) => V,
  context: C,
): V | typeof NAT_ACCEPT | typeof NAT_DROP {
  const { connection, ctInfo } = skb
  if (connection === undefined || ctInfo === undefined || ctInfo === CtInfo.UNTRACKED) return NAT_ACCEPT
  const manip = manipOf(hook)
  switch (ctInfo) {
    case CtInfo.RELATED:
    case CtInfo.RELATED_REPLY:
      if (isIcmp(skb)) return accepted(translateIcmpError(skb, connection, ctInfo, manip, context), context)
      break
    case CtInfo.NEW:
      break
    default:
      if (deviceChanged(skb, hook, connection)) return killed(skb, connection, context)
      return accepted(translate(skb, connection, ctInfo, manip, context), context)
  }
  if (isBound(connection, manip)) {
    // A looped packet, a retransmission, or an expected connection that its helper has bound.
    if (deviceChanged(skb, hook, connection)) return killed(skb, connection, context)
    return accepted(translate(skb, connection, ctInfo, manip, context), context)
  }
  const verdict = walkRules(skb, hook, context)
  if (verdict !== NAT_ACCEPT) return verdict
  if (!isBound(skb.connection!, manip)) {
    skb.connection = context.sessions.own(skb.connection!)
    if (!bind(skb.connection, undefined, manip, context)) return NAT_DROP
  }
  return accepted(translate(skb, skb.connection!, ctInfo, manip, context), context)
}

/** A later fragment of IPv6 is not: what follows is not looked for behind its fragment header. */
function isIcmp({ family, protocol, fragmentOffset }: Skb): boolean {
  return family === 4 ? protocol === IPPROTO_ICMP : protocol === IPPROTO_ICMPV6 && fragmentOffset === 0
}

function accepted(done: boolean, context: NatContext): typeof NAT_ACCEPT | typeof NAT_DROP {
  if (done) return NAT_ACCEPT
  context.recorder?.add({ kind: 'nat-dropped', why: 'a header that NAT must change is cut off or wrong' })
  return NAT_DROP
}

/** The way out is no longer the one whose address MASQUERADE took (`nf_nat_oif_changed`). */
function deviceChanged(skb: Skb, hook: NatHook, connection: Connection): boolean {
  return (
    connection.masqueradeDevice !== undefined &&
    hook === 'POSTROUTING' &&
    skb.direction === 0 &&
    connection.masqueradeDevice !== skb.outDevice
  )
}

function killed(skb: Skb, connection: Connection, context: NatContext): typeof NAT_DROP {
  context.recorder?.add({
    kind: 'nat-device-changed',
    from: connection.masqueradeDevice ?? '',
    to: skb.outDevice,
  })
  skb.connection = killConnection(connection, context, 'its masqueraded device is no longer the way out')
  return NAT_DROP
}
