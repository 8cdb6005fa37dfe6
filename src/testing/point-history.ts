import type { HeaderPoint } from '../analysis/header.ts'
import { NO_DEVICE } from '../analysis/vocabulary.ts'
import { flagLetters, swapped } from '../analysis/witness-packet.ts'
import {
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { Conversation, ConversationProtocol, End, Happening, History } from './conversations.ts'
import { devicesOf, ownAddresses, type Site } from './site.ts'
import type { Twist } from './twists.ts'

/**
 * A history whose last packet is meant to be a point of a packet space: sent from where the point comes from, in the
 * state that the point is in.
 *
 * @returns undefined for what no conversation leads to: a later fragment, a translated connection
 */
export function historyOfPoint(point: HeaderPoint, site: Site): History | undefined {
  if (point.kind !== 'whole' || point.translated.length > 0) return undefined
  switch (point.state) {
    case 'NEW':
    case 'UNTRACKED':
      return alone(point, site, { kind: 'next', about: 0, twist: twistOf(point) })
    case 'INVALID':
      return alone(point, site, {
        kind: 'say',
        about: 0,
        side: 0,
        twist: { ...twistOf(point), badChecksum: true },
      })
    case 'ESTABLISHED':
      return established(point, site)
    case 'RELATED':
      return related(point, site)
    default:
      return point.state satisfies never
  }
}

const NEXT: Happening = { kind: 'next', about: 0, twist: {} }

function alone(point: HeaderPoint, site: Site, happening: Happening): History {
  return { conversations: [conversationOf(point, site)], happenings: [happening] }
}

/** Opened by whoever the point's direction says, far enough that the other side may say anything. */
function established(point: HeaderPoint, site: Site): History {
  const isReply = point.direction === 'reply'
  const opener = isReply ? swapped(point) : point
  const conversation = conversationOf(opener, site)
  const before = conversation.protocol === 'tcp' ? [NEXT, NEXT, NEXT] : isReply ? [NEXT] : [NEXT, NEXT]
  const twist = twistOf(point)
  return {
    conversations: [conversation],
    happenings: [...before, { kind: 'say', about: 0, side: isReply ? 1 : 0, twist }],
  }
}

/** An ICMP error about a datagram that its receiver has sent. */
function related(point: HeaderPoint, site: Site): History | undefined {
  if (protocolOf(point.protocol) !== 'icmp') return undefined
  const cause = { ...swapped(point), protocol: IPPROTO_UDP, sport: 40000, dport: 53 }
  const { icmpType: type, icmpCode: code } = point
  return {
    conversations: [conversationOf(cause, site)],
    happenings: [NEXT, { kind: 'error', about: 0, side: 0, type, code, quoted: 1000 }],
  }
}

function conversationOf(point: HeaderPoint, site: Site): Conversation {
  const { source, destination, sport, dport } = point
  const protocol = protocolOf(point.protocol)
  return {
    protocol,
    ...(protocol === 'other' && { number: point.protocol }),
    client: endOf(source.toString(), sport, point.in, site),
    server: endOf(destination.toString(), dport, point.out, site),
    ...PLAIN,
  }
}

/** The plainest course and options. */
export const PLAIN = {
  course: 0,
  initialSequence: [1000, 5000],
  window: 65535,
  options: 'none',
} as const satisfies Partial<Conversation>

/** Behind its device, or the box itself. */
function endOf(address: string, port: number, device: string, site: Site): End {
  const inside = device === NO_DEVICE || device === 'lo'
  const at = ownAddresses(site).includes(address) ? 'local' : inside ? devicesOf(site)[0]! : device
  return { at, address, port }
}

function protocolOf(number: number): ConversationProtocol {
  return NAMES[number] ?? 'other'
}

const NAMES: { readonly [protocol: number]: ConversationProtocol } = {
  [IPPROTO_TCP]: 'tcp',
  [IPPROTO_UDP]: 'udp',
  [IPPROTO_ICMP]: 'icmp',
  [IPPROTO_ICMPV6]: 'icmp',
  [IPPROTO_SCTP]: 'sctp',
  [IPPROTO_UDPLITE]: 'udplite',
  [IPPROTO_ESP]: 'esp',
  [IPPROTO_GRE]: 'gre',
}

/** What points have where no rule asks: see `analysis/taste.ts`. */
const USUAL = { ttl: 64, tos: 0, length: 100 } as const

function twistOf(point: HeaderPoint): Twist {
  const { ttl, tos, length, protocol, flags, icmpType, icmpCode } = point
  const isTcp = protocol === IPPROTO_TCP
  const isIcmp = protocolOf(protocol) === 'icmp'
  const isPing = (icmpType === 8 || icmpType === 128) && icmpCode === 0
  return {
    ...(ttl !== USUAL.ttl && { ttl }),
    ...(tos !== USUAL.tos && { tos }),
    ...(length > USUAL.length && { extra: length - USUAL.length }),
    ...(isTcp && flags !== 0x02 && { flags: flagLetters(flags) }),
    ...(isIcmp && !isPing && { icmp: [icmpType, icmpCode] as const }),
  }
}
