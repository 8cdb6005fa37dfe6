import { icmpMessageKind } from './decode-transport.ts'
import type { SctpChunk, TcpOption } from './decoded.ts'
import { encode } from './encode.ts'
import {
  checked,
  type Ends,
  finish,
  ipOf,
  type PacketOptions,
  payloadOf,
  U16,
  U32,
  withPorts,
} from './fields.ts'
import { icmpByName, parseTcpFlags } from './names.ts'
import { Packet } from './packet.ts'
import { greFlags } from './text-format.ts'
/** What `tcp` takes: both ends, and what differs from the defaults. */
export interface TcpFields extends PacketOptions, Ends {
  /** First letters in any order: `'S'`, `'SA'`; `''` for none. Default `'A'`. */
  readonly flags?: string
  readonly seq?: number
  readonly ack?: number
  /** Default 65535. */
  readonly win?: number
  readonly urg?: number
  readonly reserved?: number
  readonly options?: readonly TcpOption[]
  readonly dataOffset?: number
}

/**
 * A TCP segment.
 *
 * @throws RangeError for addresses, flags or numbers that cannot be
 * @example
 * const syn = tcp({ from: '10.0.0.5:40000', to: '198.51.100.7:80', flags: 'S', seq: 1000 })
 * syn.toString() // 'tcp 10.0.0.5:40000 > 198.51.100.7:80 S seq=1000'
 * syn.bytes.length // 40
 */
export function tcp(fields: TcpFields): Packet {
  const flags = parseTcpFlags(fields.flags === '' ? '-' : (fields.flags ?? 'A'))
  if (flags === undefined)
    throw new RangeError(`flags: ${JSON.stringify(fields.flags)} is not made of S F R P A U E C, each once`)
  return finish(fields, {
    kind: 'tcp',
    ...withPorts('tcp', fields, 6),
    sequence: checked('seq', fields.seq ?? 0, U32),
    acknowledgment: checked('ack', fields.ack ?? 0, U32),
    flags,
    reserved: checked('reserved', fields.reserved ?? 0, 15),
    window: checked('win', fields.win ?? 65535, U16),
    urgent: checked('urg', fields.urg ?? 0, U16),
    options: fields.options ?? [],
    dataOffset: fields.dataOffset,
    checksum: undefined,
    payload: payloadOf(fields),
  })
}

/**
 * A UDP datagram; `checksum: 0` for none, `length` for a wrong one.
 *
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * udp({ from: '[2001:db8::1]:4000', to: '[2001:db8::2]:53', data: 'who?' }).bytes.length // 52
 */
export function udp(fields: PacketOptions & Ends & { readonly length?: number }): Packet {
  const { length } = fields
  const payload = payloadOf(fields)
  return finish(fields, {
    kind: 'udp',
    ...withPorts('udp', fields, 17),
    length: length === undefined ? undefined : checked('length', length, U16),
    checksum: undefined,
    payload,
  })
}

/**
 * A UDP-Lite datagram (RFC 3828); `coverage` 0 (the default) covers everything.
 *
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * udplite({ from: '10.0.0.1:4000', to: '10.0.0.2:53', data: 'frames', coverage: 8 }).bytes.length // 34
 */
export function udplite(fields: PacketOptions & Ends & { readonly coverage?: number }): Packet {
  const coverage = checked('coverage', fields.coverage ?? 0, U16)
  const payload = payloadOf(fields)
  return finish(fields, {
    kind: 'udplite',
    ...withPorts('udplite', fields, 136),
    coverage,
    checksum: undefined,
    payload,
  })
}

/**
 * An SCTP packet with its chunks (RFC 9260).
 *
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * sctp({ from: '10.0.0.1:4000', to: '10.0.0.2:5000', tag: 7 }).bytes.length // 32
 */
export function sctp(
  fields: PacketOptions & Ends & { readonly tag?: number; readonly chunks?: readonly SctpChunk[] },
): Packet {
  const { tag = 0, chunks = [] } = fields
  return finish(fields, {
    kind: 'sctp',
    ...withPorts('sctp', fields, 132),
    tag: checked('tag', tag, U32),
    chunks,
    payload: payloadOf(fields),
    checksum: undefined,
  })
}

/** What `icmp` and `icmp6` take: both ends, the type, and what belongs to that type. */
export interface IcmpFields extends Omit<PacketOptions, 'id'>, Ends {
  /** A name as iptables has it (`echo-request`), or the number with `code`. Default `echo-request`. */
  readonly type?: string | number
  readonly code?: number
  /** Of queries. */
  readonly id?: number
  readonly seq?: number
  /** The IP header's id. */
  readonly ipId?: number
  /** The 32 bits behind the checksum of anything else: the MTU, the gateway. */
  readonly rest?: number
  /** The packet that an error is about. */
  readonly quote?: Packet | Uint8Array
}

/**
 * An ICMP message between IPv4 addresses.
 *
 * @throws RangeError for addresses, names or numbers that cannot be
 * @example
 * const query = udp({ from: '10.0.0.1:4000', to: '8.8.8.8:53' })
 * const error = icmp({ from: '192.0.2.1', to: '10.0.0.1', type: 'port-unreachable', quote: query })
 * error.toString() // 'icmp 192.0.2.1 > 10.0.0.1 port-unreachable { udp 10.0.0.1:4000 > 8.8.8.8:53 }'
 */
export function icmp(fields: IcmpFields): Packet {
  return icmpMessage('icmp', fields)
}

/**
 * An ICMPv6 message between IPv6 addresses; fields as for {@link icmp}.
 *
 * @throws RangeError for addresses, names or numbers that cannot be
 * @example
 * icmp6({ from: '2001:db8::1', to: '2001:db8::2', type: 'echo-request', id: 7, seq: 1 }).family // 6
 */
export function icmp6(fields: IcmpFields): Packet {
  return icmpMessage('icmp6', fields)
}

function icmpMessage(kind: 'icmp' | 'icmp6', fields: IcmpFields): Packet {
  const family = kind === 'icmp' ? 4 : 6
  const { id = 0, seq = 0, rest = 0, quote, ipId, type: wanted = 'echo-request' } = fields
  const named = typeof wanted === 'string' ? icmpByName(family, wanted) : undefined
  if (typeof wanted === 'string' && named === undefined)
    throw new RangeError(`type: ${JSON.stringify(wanted)} is no ${kind} message; give the number, and code`)
  const type = named?.type ?? checked('type', Number(wanted), 255)
  const code = checked('code', fields.code ?? named?.code ?? 0, 255)
  const ip = ipOf(kind, { ...fields, id: ipId }, family === 4 ? 1 : 58)
  if (ip.version !== family)
    throw new RangeError(
      `${kind} between IPv${ip.version} addresses: use ${kind === 'icmp' ? 'icmp6' : 'icmp'}()`,
    )
  const payload = quote === undefined ? payloadOf(fields) : quote instanceof Packet ? quote.bytes : quote
  const messageKind = icmpMessageKind(family, type)
  const message =
    messageKind === 'query'
      ? { kind: messageKind, id: checked('id', id, U16), sequence: checked('seq', seq, U16), payload }
      : messageKind === 'error'
        ? { kind: messageKind, rest: checked('rest', rest, U32), quote: payload }
        : { kind: messageKind, rest: checked('rest', rest, U32), payload }
  return finish(fields, { kind, ip, type, code, message, checksum: undefined })
}

/**
 * A GRE packet (RFC 2784, 2890); the flags follow from which words are given. Version 1 (PPTP, RFC 2637): `key` is
 * length << 16 | call id.
 *
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * gre({ from: '10.0.0.1', to: '10.0.0.2', key: 7 }).bytes.length // 28
 */
export function gre(
  fields: Omit<PacketOptions, 'checksum'> &
    Ends & {
      readonly version?: number
      readonly protocolType?: number
      readonly key?: number
      readonly sequence?: number
      readonly acknowledgment?: number
    },
): Packet {
  const { version = 0, protocolType = 0x0800, key, sequence, acknowledgment } = fields
  const words = { key, sequence, acknowledgment }
  return new Packet(
    encode({
      kind: 'gre',
      ip: ipOf('gre', fields, 47),
      flags: greFlags(words),
      version: checked('version', version, 7),
      protocolType: checked('protocolType', protocolType, U16),
      ...words,
      payload: payloadOf(fields),
    }),
  )
}

/**
 * An IPsec ESP packet (RFC 4303).
 *
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * esp({ from: '10.0.0.1', to: '10.0.0.2', spi: 256 }).toString() // 'esp 10.0.0.1 > 10.0.0.2 spi=0x100 seq=0'
 */
export function esp(
  fields: Omit<PacketOptions, 'checksum'> & Ends & { readonly spi: number; readonly sequence?: number },
): Packet {
  const { spi, sequence = 0 } = fields
  const ip = ipOf('esp', fields, 50)
  return new Packet(
    encode({
      kind: 'esp',
      ip,
      spi: checked('spi', spi, U32),
      sequence: checked('sequence', sequence, U32),
      payload: payloadOf(fields),
    }),
  )
}

/**
 * A packet of any protocol, `data` being all that follows the IP header; also later fragments of those with ports.
 *
 * @param protocol 0 to 255
 * @throws RangeError for addresses or numbers that cannot be
 * @example
 * proto(89, { from: '10.0.0.1', to: '10.0.0.2', data: 'hello' }).bytes[9] // 89
 */
export function proto(protocol: number, fields: Omit<PacketOptions, 'checksum'> & Ends): Packet {
  const ip = ipOf('proto', fields, checked('protocol', protocol, 255))
  return new Packet(encode({ kind: 'other', ip, payload: payloadOf(fields) }))
}

/**
 * A packet from bytes or hex digits, whatever they are.
 *
 * @throws RangeError for text that is no hex
 * @example
 * raw('45000014000140004001f7f70a0000017f000001').bytes.length // 20
 */
export function raw(bytes: Uint8Array | string): Packet {
  return typeof bytes === 'string' ? Packet.fromHex(bytes) : new Packet(bytes)
}
