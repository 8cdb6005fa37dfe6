import { DEFAULT_ZONE } from '../../conntrack/connection.ts'
import { icmp, icmp6, tcp, udp } from '../../packet/constructors.ts'
import type { Packet } from '../../packet/packet.ts'
import type { FirewallState } from '../../state.ts'
import { tupleOfPacket } from '../solicited.ts'
import type { Happened } from './property.ts'

const SYN = 0x02
const ALL_FLAGS = 0x3f
/** What every link takes (RFC 791): whoever opens a connection does not send more. */
const SMALL = 576

/**
 * Is the packet what somebody sends who opens a connection and does everything right: a lone SYN, a datagram, an echo
 * request, well-formed and small, from where answers to it would go, and between ends that have no connection yet?
 */
export function isOpening({ before, arrival }: Happened): boolean {
  const { packet } = arrival
  const { decoded, family } = packet
  if (decoded.kind !== 'tcp' && decoded.kind !== 'udp' && decoded.kind !== 'icmp' && decoded.kind !== 'icmp6')
    return false
  if (decoded.checksum !== undefined || packet.bytes.length > SMALL) return false
  const { ip } = decoded
  if ((ip.version === 4 ? ip.ttl : ip.hopLimit) < 2) return false
  if (decoded.kind === 'tcp' && (decoded.flags & ALL_FLAGS) !== SYN) return false
  if ('message' in decoded && decoded.type !== (family === 4 ? 8 : 128)) return false
  const { routing } = family === 4 ? before.compiled.ipv4 : before.compiled.ipv6
  if (!isUnicast(before, packet)) return false
  const back = routing.lookup(ip.source)
  const isHonest = 'local' in arrival ? routing.isLocal(ip.source) : back?.device?.name === arrival.device
  return isHonest && !isKnown(before, packet)
}

function isUnicast({ compiled }: FirewallState, { decoded, family }: Packet): boolean {
  if (decoded.kind === 'malformed') return false
  const { routing } = family === 4 ? compiled.ipv4 : compiled.ipv6
  const type = routing.addressType(decoded.ip.destination)
  const { source } = decoded.ip
  const isHost = routing.addressType(source) === 'UNICAST' || routing.isLocal(source)
  return (type === 'UNICAST' || type === 'LOCAL') && isHost
}

/** Conntrack has an entry for its ends already, in whatever state. */
function isKnown({ sessions }: FirewallState, packet: Packet): boolean {
  const tuple = tupleOfPacket(packet)
  return tuple !== undefined && sessions.lookup(tuple, DEFAULT_ZONE) >= 0
}

/** What whoever got such a packet answers; undefined where nothing is due. */
export function answerTo({ decoded, family }: Packet): Packet | undefined {
  if (decoded.kind === 'tcp') {
    const opens = (decoded.flags & ALL_FLAGS) === SYN
    const { sequence, acknowledgment } = decoded
    const ack = (sequence + (opens ? 1 : decoded.payload.length)) >>> 0
    return tcp({ ...ends(decoded), flags: opens ? 'SA' : 'A', seq: opens ? 5000 : acknowledgment, ack })
  }
  if (decoded.kind === 'udp') return udp(ends(decoded))
  if ((decoded.kind !== 'icmp' && decoded.kind !== 'icmp6') || decoded.message.kind !== 'query')
    return undefined
  const [request, reply] = family === 4 ? [8, 0] : [128, 129]
  if (decoded.type !== request) return undefined
  const { source, destination } = decoded.ip
  const { id, sequence: seq, payload: data } = decoded.message
  const make = family === 4 ? icmp : icmp6
  return make({ from: `${destination}`, to: `${source}`, type: reply, code: 0, id, seq, data })
}

type Ported = Extract<Packet['decoded'], { kind: 'tcp' | 'udp' }>

function ends({ ip, sourcePort, destinationPort }: Ported): { from: string; to: string } {
  const end = (address: string, port: number): string =>
    ip.version === 6 ? `[${address}]:${port}` : `${address}:${port}`
  return { from: end(`${ip.destination}`, destinationPort), to: end(`${ip.source}`, sourcePort) }
}
