import { Address } from '../address.ts'
import { isLimitedBroadcast, isMulticast } from '../ip/interfaces.ts'
import { outputRoute } from '../ip/output-route.ts'
import type { Packet } from '../packet/packet.ts'
import type { FirewallState } from '../state.ts'
import { afterMatch, type Impairment } from './impairment.ts'
import type { LinkState } from './model.ts'
import { icmpPacket } from './segment.ts'
import type { Attachment, Topology } from './topology.ts'

/** Whether a node's port on the link is dead. */
export function isCut({ cut }: LinkState, node: number): boolean {
  return cut === 'all' || (cut.length > 0 && cut.includes(node))
}

/** Who on the link gets what is sent to this next hop: one, all others, or nobody. */
export function receiversOf(
  topology: Topology,
  from: Attachment,
  nextHop: Address,
  engine: FirewallState,
): readonly Attachment[] {
  const { kind, members } = topology.links[from.link]!
  if (kind === 'point-to-point') return members.filter(member => member !== from)
  const owner = topology.owner(from.link, nextHop)
  if (owner !== undefined) return [owner]
  return isForAll(nextHop, engine) ? members.filter(member => member !== from) : []
}

function isForAll(address: Address, engine: FirewallState): boolean {
  if (isMulticast(address) || isLimitedBroadcast(address)) return true
  return address.family === 4 && engine.compiled.ipv4.routing.addressType(address) === 'BROADCAST'
}

/**
 * Counts a packet at a link's impairments; `concerned` is the first one that does something to it.
 *
 * @param cloud whose packets have been counted where they came in, except by impairments that name it as the sender
 */
export function treat(
  impairments: readonly Impairment[],
  sender: string,
  packet: Packet,
  cloud: string | undefined,
): { readonly impairments: readonly Impairment[]; readonly concerned: Impairment | undefined } {
  if (impairments.length === 0) return { impairments, concerned: undefined }
  let concerned: Impairment | undefined
  const left: Impairment[] = []
  for (const impairment of impairments) {
    const isFrom = impairment.from === undefined ? sender !== cloud : sender === impairment.from
    if (concerned !== undefined || !isFrom || !impairment.matches(packet)) {
      left.push(impairment)
      continue
    }
    if (impairment.skip === 0) concerned = impairment
    const rest = afterMatch(impairment)
    if (rest !== undefined) left.push(rest)
  }
  return { impairments: left, concerned }
}

/**
 * What `ipv4_link_failure` and `ip6_link_failure` tell the sender when nobody answers for the next hop: host
 * unreachable, address unreachable. Undefined where no error may be sent.
 */
export function hostUnreachable(packet: Packet, engine: FirewallState): Packet | undefined {
  const { family, bytes } = packet
  const sender = Address.read(family, bytes, family === 4 ? 12 : 8)
  const { routing } = family === 4 ? engine.compiled.ipv4 : engine.compiled.ipv6
  const source = routing.isLocal(sender) ? sender : outputRoute(routing, sender).source
  if (source === undefined || isIcmpError(packet)) return undefined
  const message = {
    type: family === 4 ? 3 : 1,
    code: family === 4 ? 1 : 3,
    rest: 0,
    data: bytes.subarray(0, family === 4 ? 548 : 1232),
  }
  return icmpPacket(source, sender, message, 0)
}

function isIcmpError({ family, bytes }: Packet): boolean {
  if (family === 6) return bytes[6] === 58 && (bytes[40] ?? 128) < 128
  if (bytes[9] !== 1) return false
  const type = bytes[(bytes[0]! & 15) * 4] ?? 3
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12
}
