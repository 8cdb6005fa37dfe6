import { Address } from '../address.ts'
import { writeIpv4Checksum } from '../packet/checksum.ts'
import { esp, gre, icmp, icmp6, proto, sctp, tcp, udp, udplite } from '../packet/constructors.ts'
import type { TcpOption } from '../packet/decoded.ts'
import { Packet } from '../packet/packet.ts'
import type { Conversation } from './conversations.ts'
import { CALL_DATA } from './pptp-courses.ts'
import { sctpChunks, verificationTag } from './sctp-talk.ts'
import type { Twist } from './twists.ts'
import { unusualBytes, unusualNumber } from './unusual.ts'

/** Everything that one side says in one packet. */
export interface Said {
  readonly from: { readonly address: string; readonly port: number }
  readonly to: { readonly address: string; readonly port: number }
  readonly isReply: boolean
  readonly flags: string
  readonly text: number | string
  readonly sequence: number
  readonly acknowledgment: number
  readonly tag: number
  readonly ownTag: number
  /** Of PPTP's data packets: whose receiver is meant. */
  readonly callId: number
  readonly id: number
}

/** The packet, and how many bytes of data it carries. */
export function makePacket(
  conversation: Conversation,
  said: Said,
  twist: Twist,
): { packet: Packet; length: number } {
  const { protocol } = conversation
  const data = typeof said.text === 'string' ? bytesOf(said.text) : filler(said.text)
  const edited = twist.edit === undefined ? data : edit(data, twist.edit)
  const payload = twist.extra === undefined ? edited : joinBytes(edited, filler(twist.extra))
  const ip = {
    ...(twist.ttl !== undefined && { ttl: twist.ttl }),
    ...(twist.tos !== undefined && { tos: twist.tos }),
    ...(twist.badChecksum && { checksum: 'bad' as const }),
    id: said.id,
    data: payload,
  }
  const { badChecksum: _, ...plainIp } = { badChecksum: 0, ...ip }
  const { checksum: __, ...unchecked } = { checksum: 0, ...plainIp }
  const withPorts = { from: endpoint(said.from), to: endpoint(said.to) }
  const bare = { from: said.from.address, to: said.to.address }
  const segment = (): Packet =>
    tcp({
      ...ip,
      ...withPorts,
      flags: said.flags,
      seq: said.sequence,
      ack: said.flags.includes('A') ? said.acknowledgment : 0,
      win: twist.window ?? conversation.window,
      options: tcpOptions(conversation, said),
    })
  const make = (): Packet => {
    switch (protocol) {
      case 'pptp':
        return said.flags === CALL_DATA
          ? gre({ ...unchecked, ...bare, ...callFields(said.callId, payload.length, 1) })
          : segment()
      case 'tcp':
      case 'ftp':
      case 'irc':
      case 'sane':
      case 'sip-tcp':
        return segment()
      case 'udp':
      case 'tftp':
      case 'amanda':
      case 'netbios':
      case 'sip':
      case 'snmp':
      case 'snmp-trap':
      case 'snmp-search':
        return udp({ ...ip, ...withPorts })
      case 'udplite':
        return udplite({ ...ip, ...withPorts })
      case 'sctp':
        return sctp({
          ...ip,
          data: 0,
          ...withPorts,
          tag: verificationTag(twist.chunks ?? said.flags, said.ownTag, said.tag),
          chunks: sctpChunks(twist.chunks ?? said.flags, said.ownTag),
        })
      case 'icmp': {
        const { id: ipId, ...rest } = ip
        const query = { ...rest, ...bare, ipId, id: said.isReply ? said.to.port : said.from.port, seq: 1 }
        if (twist.icmp !== undefined) {
          const [type, code] = twist.icmp
          return said.from.address.includes(':')
            ? icmp6({ ...query, type, code })
            : icmp({ ...query, type, code })
        }
        return said.from.address.includes(':')
          ? icmp6({ ...query, type: said.isReply ? 'echo-reply' : 'echo-request' })
          : icmp({ ...query, type: icmpType(conversation.course, said.isReply) })
      }
      case 'esp':
        return esp({ ...unchecked, ...bare, spi: conversation.server.port })
      case 'gre':
        return gre({ ...unchecked, ...bare, ...greFields(conversation, said) })
      case 'other': {
        const family = said.from.address.includes(':') ? 6 : 4
        const number = conversation.number ?? unusualNumber(family, conversation.course)
        return proto(number, { ...unchecked, ...bare, data: unusualBytes(number, said, payload) })
      }
      default:
        return protocol satisfies never
    }
  }
  return { packet: make(), length: payload.length }
}

/** Plain, with a key, and PPTP's: RFC 2637 counts the data and names the call; a few say that they carry no PPP. */
function greFields({ course, client, server }: Conversation, { isReply, sequence, text }: Said): GreFields {
  if (course % 3 !== 2) return course % 2 === 0 ? { key: server.port } : {}
  const length = typeof text === 'number' ? text : text.length
  return {
    ...callFields(isReply ? client.port : server.port, length, sequence),
    ...(course === 11 && { protocolType: 0x0800 }),
    ...(isReply && { acknowledgment: sequence }),
  }
}

type GreFields = Pick<Parameters<typeof gre>[0], 'version' | 'protocolType' | 'key' | 'sequence'>

/** RFC 2637, 4.1: the length of the data, and the call by the receiver's id. */
function callFields(callId: number, length: number, sequence: number): GreFields {
  return { version: 1, protocolType: 0x880b, key: length * 0x10000 + callId, sequence }
}

function icmpType(course: number, isReply: boolean): number {
  const [request, reply] = (
    [
      [8, 0],
      [8, 0],
      [8, 0],
      [13, 14],
      [17, 18],
      [15, 16],
      [10, 9],
    ] as const
  )[course % 7]!
  return isReply ? reply : request
}

function endpoint({ address, port }: Said['from']): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function tcpOptions({ options }: Conversation, { flags, sequence }: Said): readonly TcpOption[] {
  if (options === 'none' || !flags.includes('S'))
    return options === 'everything' && flags !== ''
      ? [{ kind: 'nop' }, { kind: 'nop' }, { kind: 'timestamps', value: sequence, echo: 0 }]
      : []
  const mss = { kind: 'mss', size: 1460 } as const
  if (options === 'mss') return [mss]
  const scaled = [
    mss,
    { kind: 'sack-permitted' },
    { kind: 'nop' },
    { kind: 'window-scale', shift: 7 },
  ] as const
  return options === 'scaled' ? scaled : [...scaled, { kind: 'timestamps', value: sequence, echo: 0 }]
}

/** An ICMP error that a router near the receiver sends about a packet; undefined about packets that are none. */
export function errorAbout(
  about: Packet,
  type: number,
  code: number,
  quoted: number,
  id: number,
): Packet | undefined {
  const ends = sideways(about)
  if (ends === undefined) return undefined
  const fields = { to: ends.source, type, code, quote: about.bytes.slice(0, quoted) }
  if (about.family === 6) return icmp6({ ...fields, from: ends.destination })
  return icmp({
    ...fields,
    from: ends.destination,
    ipId: id,
    rest: type === 3 && code === 4 ? 1400 : type === 5 ? Address.parse('10.6.0.9').w0 >>> 0 : 0,
  })
}

/** Who sent a packet to whom; undefined where it cannot be read. */
export function sideways(
  packet: Packet,
): { source: string; destination: string; sourcePort?: number; destinationPort?: number } | undefined {
  const { decoded } = packet
  if (decoded.kind === 'malformed') return undefined
  const ends = { source: decoded.ip.source.toString(), destination: decoded.ip.destination.toString() }
  if ('sourcePort' in decoded)
    return { ...ends, sourcePort: decoded.sourcePort, destinationPort: decoded.destinationPort }
  if ('message' in decoded && decoded.message.kind === 'query')
    return { ...ends, sourcePort: decoded.message.id, destinationPort: decoded.message.id }
  return ends
}

/** Without its last bytes, as if it had been sent so: the IP header says the shorter length. */
export function cutShort(packet: Packet, by: number): Packet {
  const header = packet.family === 4 ? 20 : 40
  const bytes = packet.bytes.slice(0, Math.max(header, packet.bytes.length - by))
  const view = new DataView(bytes.buffer)
  if (packet.family === 6) view.setUint16(4, bytes.length - 40)
  else {
    view.setUint16(2, bytes.length)
    writeIpv4Checksum(bytes)
  }
  return new Packet(bytes)
}

/** A packet in fragments of 8 or more bytes; as it is when it is too short for that. */
export function cutFragments(
  packet: Packet,
  { count, reversed, lost }: { readonly count: number; readonly reversed: boolean; readonly lost?: boolean },
): readonly Packet[] {
  const header = packet.family === 4 ? 20 : 40
  const data = packet.bytes.slice(header)
  const size = Math.max(8, Math.ceil(data.length / count / 8) * 8)
  if (data.length <= size) return [packet]
  const fragments: Packet[] = []
  for (let offset = 0; offset < data.length; offset += size) {
    const part = data.slice(offset, offset + size)
    const more = offset + size < data.length
    fragments.push(
      packet.family === 4 ? fragment4(packet, part, offset, more) : fragment6(packet, part, offset, more),
    )
  }
  if (lost) fragments.pop()
  return reversed ? fragments.reverse() : fragments
}

function fragment4(whole: Packet, part: Uint8Array, offset: number, more: boolean): Packet {
  const bytes = joinBytes(whole.bytes.slice(0, 20), part)
  const view = new DataView(bytes.buffer)
  view.setUint16(2, bytes.length)
  view.setUint16(6, (more ? 0x2000 : 0) | (offset >> 3))
  writeIpv4Checksum(bytes)
  return new Packet(bytes)
}

function fragment6(whole: Packet, part: Uint8Array, offset: number, more: boolean): Packet {
  const header = whole.bytes.slice(0, 40)
  const extension = new Uint8Array(8)
  extension[0] = header[6]!
  header[6] = 44
  const view = new DataView(extension.buffer)
  view.setUint16(2, offset | (more ? 1 : 0))
  view.setUint32(4, 77)
  const bytes = joinBytes(header, joinBytes(extension, part))
  new DataView(bytes.buffer).setUint16(4, bytes.length - 40)
  return new Packet(bytes)
}

/** A character a byte: payloads need not be text. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

/** Some bytes of a payload taken out, others put in. */
function edit(data: Uint8Array, { at, remove, insert }: NonNullable<Twist['edit']>): Uint8Array {
  const start = data.length === 0 ? 0 : at % data.length
  return joinBytes(joinBytes(data.slice(0, start), bytesOf(insert)), data.slice(start + remove))
}

/** `AAAA…`, easy to see in a dump. */
function filler(length: number): Uint8Array {
  return new Uint8Array(length).fill(0x41)
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
