import { ipPart, withBadChecksum } from './build.ts'
import { icmpMessageKind } from './decode-transport.ts'
import type { Decoded, IcmpMessage } from './decoded.ts'
import { encode } from './encode.ts'
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './protocols.ts'
import type { Draft, PacketKind } from './text-fields.ts'
import { greFlags } from './text-format.ts'
import type { Endpoint } from './text-values.ts'

const PROTOCOL_OF: Readonly<Record<Exclude<PacketKind, 'proto'>, number>> = {
  tcp: IPPROTO_TCP,
  udp: IPPROTO_UDP,
  udplite: IPPROTO_UDPLITE,
  icmp: IPPROTO_ICMP,
  icmp6: IPPROTO_ICMPV6,
  sctp: IPPROTO_SCTP,
  gre: IPPROTO_GRE,
  esp: IPPROTO_ESP,
  ah: IPPROTO_AH,
}

/** The packet a line describes. */
export function bytesOf(draft: Draft, source: Endpoint, destination: Endpoint): Uint8Array {
  const packet = toDecoded(draft, source, destination)
  return encode(draft.words.has('badsum') ? withBadChecksum(packet) : packet)
}

function toDecoded(draft: Draft, source: Endpoint, destination: Endpoint): Decoded {
  const { kind, numbers } = draft
  const number = (name: string, standard = 0): number => numbers.get(name) ?? standard
  const ip = ipOf(draft, source, destination)
  const payload = draft.payload ?? new Uint8Array(0)
  const ports = { sourcePort: source.port ?? 0, destinationPort: destination.port ?? 0 }
  const checksum = numbers.get('sum')
  switch (kind) {
    case 'tcp':
      return {
        kind,
        ip,
        ...ports,
        sequence: number('seq'),
        acknowledgment: number('ack'),
        flags: number('tcp-flags'),
        reserved: number('reserved'),
        window: number('win', 65535),
        urgent: number('urg'),
        options: draft.tcpOptions,
        dataOffset: numbers.get('doff'),
        checksum,
        payload,
      }
    case 'udp':
      return { kind, ip, ...ports, length: numbers.get('ulen'), checksum, payload }
    case 'udplite':
      return { kind, ip, ...ports, coverage: number('cov'), checksum, payload }
    case 'icmp':
    case 'icmp6': {
      const type = number('icmp-type')
      return { kind, ip, type, code: number('icmp-code'), checksum, message: messageOf(draft, type, payload) }
    }
    case 'sctp':
      return { kind, ip, ...ports, tag: number('vtag'), chunks: draft.chunks, payload, checksum }
    case 'gre': {
      const words = {
        checksum: numbers.get('gresum'),
        key: numbers.get('key'),
        sequence: numbers.get('seq'),
        acknowledgment: numbers.get('ack'),
      }
      const flags = number('flags', greFlags(words)) & 0xfff8
      const protocolType = number('type', 0x0800)
      return { kind, ip, flags, version: number('ver'), protocolType, ...words, payload }
    }
    case 'esp':
      return { kind, ip, spi: number('spi'), sequence: number('seq'), payload }
    case 'ah':
      return {
        kind,
        ip,
        nextHeader: number('next', 59),
        length: number('ahlen', 1),
        reserved: number('reserved'),
        spi: number('spi'),
        sequence: number('seq'),
        payload,
      }
    case 'proto':
      return { kind: 'other', ip, payload }
    default:
      return kind satisfies never
  }
}

function ipOf(draft: Draft, source: Endpoint, destination: Endpoint) {
  const { kind, numbers, words, fragment, ipOptions, trailer } = draft
  const isIcmp = kind === 'icmp' || kind === 'icmp6'
  return ipPart(
    {
      source: source.address,
      destination: destination.address,
      ttl: numbers.get('ttl'),
      tos: numbers.get('tos'),
      id: numbers.get('ipid') ?? (isIcmp ? undefined : numbers.get('id')),
      df: words.has('df') ? true : words.has('nodf') ? false : undefined,
      evil: words.has('evil'),
      fragmentOffset: fragment?.offset,
      moreFragments: fragment?.more,
      ipOptions,
      flowLabel: numbers.get('flow'),
      extensions: draft.extensions,
      totalLength: numbers.get('totlen') ?? numbers.get('paylen'),
      headerChecksum: numbers.get('ipsum'),
      trailer,
    },
    kind === 'proto' ? (numbers.get('proto') ?? 0) : PROTOCOL_OF[kind],
  )
}

function messageOf(draft: Draft, type: number, payload: Uint8Array): IcmpMessage {
  const { numbers, family } = draft
  const rest = numbers.get('rest') ?? numbers.get('mtu') ?? 0
  const kind = icmpMessageKind(family, type)
  switch (kind) {
    case 'query':
      return { kind, id: numbers.get('id') ?? 0, sequence: numbers.get('seq') ?? 0, payload }
    case 'error':
      return { kind, rest, quote: payload }
    case 'other':
      return { kind, rest, payload }
    default:
      return kind satisfies never
  }
}
