import { Address, type Family } from '../address.ts'
import { badChecksum, rightChecksumOf } from './build.ts'
import { decode } from './decode.ts'
import type { Decoded, ExtensionHeader, IcmpPacket, IpPart, TcpOption } from './decoded.ts'
import { bytesToHex } from './hex.ts'
import { extensionName, icmpName, tcpFlagsText } from './names.ts'
import { protocolName } from './protocols.ts'

/** Quotes within quotes are written as bytes from here on. */
const MAX_QUOTE_DEPTH = 4

/**
 * A packet in the one-line notation. Only what differs from the defaults is written: TTL 64, id 1, TOS 0, DF (unless a
 * fragment), window 65535, lengths and checksums right.
 */
export function formatDecoded(packet: Decoded, depth = 0): string {
  if (packet.kind === 'malformed') return `raw ${packet.bytes.length === 0 ? '-' : bytesToHex(packet.bytes)}`
  const { ip } = packet
  const words = [
    headWord(packet),
    endpoint(ip.source, 'sourcePort' in packet ? packet.sourcePort : undefined),
    '>',
    endpoint(ip.destination, 'destinationPort' in packet ? packet.destinationPort : undefined),
    ...transportWords(packet, depth),
    ...checksumWords(packet),
    ...ipWords(ip, packet.kind === 'icmp' ? 'ipid' : 'id'),
  ]
  return words.join(' ')
}

type Readable = Exclude<Decoded, { kind: 'malformed' }>

function headWord(packet: Readable): string {
  if (packet.kind !== 'other' && packet.kind !== 'fragment') return packet.kind
  return `proto ${protocolName(packet.ip.protocol) ?? packet.ip.protocol}`
}

function endpoint(address: Address, port: number | undefined): string {
  if (port === undefined) return address.toString()
  return address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
}

function transportWords(packet: Readable, depth: number): string[] {
  switch (packet.kind) {
    case 'tcp':
      return [
        tcpFlagsText(packet.flags),
        `seq=${packet.sequence}`,
        ...unless('ack', packet.acknowledgment, (packet.flags & 16) === 0 ? 0 : undefined),
        ...unless('win', packet.window, 65535),
        ...unless('urg', packet.urgent, 0),
        ...unless('reserved', packet.reserved, 0),
        ...packet.options.map(tcpOptionWord),
        ...unless('doff', packet.dataOffset, undefined),
        ...payloadWords(packet.payload),
      ]
    case 'udp':
      return [...unless('ulen', packet.length, undefined), ...payloadWords(packet.payload)]
    case 'udplite':
      return [...unless('cov', packet.coverage, 0), ...payloadWords(packet.payload)]
    case 'icmp':
    case 'icmp6':
      return icmpWords(packet, depth)
    case 'sctp':
      return [
        `vtag=${hex(packet.tag)}`,
        ...packet.chunks.map(({ type, flags, value }) => `chunk=${type}/${flags}:0x${bytesToHex(value)}`),
        ...payloadWords(packet.payload),
      ]
    case 'gre':
      return [
        ...unless('ver', packet.version, 0),
        `type=${hex(packet.protocolType)}`,
        ...unlessHex('gresum', packet.checksum, undefined),
        ...unlessHex('key', packet.key, undefined),
        ...unless('seq', packet.sequence, undefined),
        ...unless('ack', packet.acknowledgment, undefined),
        ...unlessHex('flags', packet.flags, greFlags(packet)),
        ...payloadWords(packet.payload),
      ]
    case 'esp':
      return [`spi=${hex(packet.spi)}`, `seq=${packet.sequence}`, ...payloadWords(packet.payload)]
    case 'ah':
      return [
        `next=${packet.nextHeader}`,
        `ahlen=${packet.length}`,
        ...unlessHex('reserved', packet.reserved, 0),
        `spi=${hex(packet.spi)}`,
        `seq=${packet.sequence}`,
        ...payloadWords(packet.payload),
      ]
    case 'other':
    case 'fragment':
      return payloadWords(packet.payload)
    default:
      return packet satisfies never
  }
}

/** The flags that follow from which optional words a GRE header has. */
export function greFlags(words: {
  readonly checksum?: number | undefined
  readonly key?: number | undefined
  readonly sequence?: number | undefined
  readonly acknowledgment?: number | undefined
}): number {
  return (
    (words.checksum === undefined ? 0 : 0x8000) |
    (words.key === undefined ? 0 : 0x2000) |
    (words.sequence === undefined ? 0 : 0x1000) |
    (words.acknowledgment === undefined ? 0 : 0x80)
  )
}

function tcpOptionWord(option: TcpOption): string {
  switch (option.kind) {
    case 'nop':
      return 'nop'
    case 'mss':
      return `mss=${option.size}`
    case 'window-scale':
      return `wscale=${option.shift}`
    case 'sack-permitted':
      return 'sackok'
    case 'sack':
      return `sack=${option.blocks.map(([left, right]) => `${left}-${right}`).join(',')}`
    case 'timestamps':
      return `ts=${option.value}/${option.echo}`
    case 'unknown':
      return `opt=${option.type}:0x${bytesToHex(option.data)}`
    case 'rest':
      return `optrest=0x${bytesToHex(option.bytes)}`
    default:
      return option satisfies never
  }
}

function icmpWords(packet: IcmpPacket, depth: number): string[] {
  const { type, code, message, ip } = packet
  const name = icmpName(ip.version, type, code) ?? `type=${type}/${code}`
  switch (message.kind) {
    case 'query':
      return [name, `id=${message.id}`, `seq=${message.sequence}`, ...payloadWords(message.payload)]
    case 'error':
      return [
        name,
        ...restWords(ip.version, type, code, message.rest),
        ...quoteWords(message.quote, ip.version, depth),
      ]
    case 'other':
      return [name, ...unlessHex('rest', message.rest, 0), ...payloadWords(message.payload)]
    default:
      return message satisfies never
  }
}

function restWords(family: Family, type: number, code: number, rest: number): string[] {
  const isMtu = family === 4 ? type === 3 && code === 4 && rest <= 0xffff : type === 2
  if (isMtu) return [`mtu=${rest}`]
  return family === 4 && type === 5 ? [`gw=${Address.v4(rest)}`] : unlessHex('rest', rest, 0)
}

function quoteWords(quote: Uint8Array, family: Family, depth: number): string[] {
  if (quote.length === 0) return []
  if (depth >= MAX_QUOTE_DEPTH) return [`data=0x${bytesToHex(quote)}`]
  return ['{', formatDecoded(decode(quote, family), depth + 1), '}']
}

function payloadWords(payload: Uint8Array): string[] {
  if (payload.length === 0) return []
  if (payload.every(byte => byte === 0)) return [`len=${payload.length}`]
  return [`data=${quotable(payload) ? quoted(payload) : `0x${bytesToHex(payload)}`}`]
}

function quotable(payload: Uint8Array): boolean {
  return payload.every(byte => (byte >= 0x20 && byte < 0x7f) || byte === 10 || byte === 13 || byte === 9)
}

function quoted(payload: Uint8Array): string {
  return JSON.stringify(String.fromCharCode(...payload))
}

function checksumWords(packet: Readable): string[] {
  if (packet.kind === 'gre' || !('checksum' in packet) || packet.checksum === undefined) return []
  const right = rightChecksumOf(packet)
  return right !== undefined && badChecksum(right) === packet.checksum
    ? ['badsum']
    : [`sum=${hex(packet.checksum)}`]
}

/** An ICMP message has an id of its own. */
function ipWords(ip: IpPart, idName: string): string[] {
  if (ip.version === 6) {
    return [
      ...unless('ttl', ip.hopLimit, 64),
      ...unlessHex('tos', ip.trafficClass, 0),
      ...unlessHex('flow', ip.flowLabel, 0),
      ...ip.extensions.flatMap(extensionWords),
      ...unless('paylen', ip.payloadLength, undefined),
      ...bytesWord('trailer', ip.trailer),
    ]
  }
  const isFragment = ip.mf || ip.fragmentOffset !== 0
  return [
    ...unless('ttl', ip.ttl, 64),
    ...unless(idName, ip.id, 1),
    ...unlessHex('tos', ip.tos, 0),
    ...(isFragment ? [`frag=${ip.fragmentOffset}${ip.mf ? '+' : ''}`] : []),
    ...(ip.df === isFragment ? [ip.df ? 'df' : 'nodf'] : []),
    ...(ip.reserved ? ['evil'] : []),
    ...bytesWord('ipopts', ip.options),
    ...unless('totlen', ip.totalLength, undefined),
    ...unlessHex('ipsum', ip.checksum, undefined),
    ...bytesWord('trailer', ip.trailer),
  ]
}

function extensionWords({ protocol, body }: ExtensionHeader): string[] {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  if (protocol === 44 && body[0] === 0 && (body[2]! & 6) === 0) {
    const field = view.getUint16(1)
    return [`frag=${field & 0xfff8}${field & 1 ? '+' : ''}`, `fragid=${hex(view.getUint32(3))}`]
  }
  return [`${extensionName(protocol)}=0x${bytesToHex(body)}`]
}

function bytesWord(name: string, bytes: Uint8Array): string[] {
  return bytes.length === 0 ? [] : [`${name}=0x${bytesToHex(bytes)}`]
}

function unless(name: string, value: number | undefined, standard: number | undefined): string[] {
  return value === undefined || value === standard ? [] : [`${name}=${value}`]
}

function unlessHex(name: string, value: number | undefined, standard: number | undefined): string[] {
  return value === undefined || value === standard ? [] : [`${name}=${hex(value)}`]
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
