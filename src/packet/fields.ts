import { Address } from '../address.ts'
import { badChecksum, type IpFields, ipPart, rightChecksumOf } from './build.ts'
import type { Decoded } from './decoded.ts'
import { encode } from './encode.ts'
import { Packet } from './packet.ts'
import { parseEndpoint } from './text-values.ts'

/** What every packet may say about its IP header and payload. Defaults: TTL 64, TOS 0, id 1, DF unless a fragment. */
export interface PacketOptions
  extends Omit<IpFields, 'source' | 'destination' | 'fragmentOffset' | 'moreFragments'> {
  /** Bytes, text (UTF-8), or a number of zero bytes. */
  readonly data?: Uint8Array | string | number
  /** Instead of the right one. `'bad'` for one that is wrong. */
  readonly checksum?: number | 'bad'
  /** IPv4: a first fragment, e.g. `{ offset: 0, more: true }`. For later fragments use {@link proto}. */
  readonly fragment?: { readonly offset: number; readonly more: boolean }
}

/** Both ends with a port: `10.0.0.5:40000`, `[2001:db8::1]:53`. */
export interface Ends {
  readonly from: string
  readonly to: string
}

export const U16 = 0xffff
export const U32 = 0xffffffff

export function checked(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${name}: ${value} is not a whole number from 0 to ${max}`)
  return value
}

export function withPorts(kind: string, fields: PacketOptions & Ends, protocol: number) {
  const example = `like '10.0.0.5:40000' or '[2001:db8::1]:53'`
  const from = parseEndpoint(String(fields.from))
  const to = parseEndpoint(String(fields.to))
  if (from?.port === undefined)
    throw new RangeError(`from: ${kind} needs an address with a port, ${example}, not '${fields.from}'`)
  if (to?.port === undefined)
    throw new RangeError(`to: ${kind} needs an address with a port, ${example}, not '${fields.to}'`)
  const ip = headerOf(fields, from.address, to.address, protocol)
  return { ip, sourcePort: from.port, destinationPort: to.port }
}

export function ipOf(kind: string, fields: PacketOptions & Ends, protocol: number) {
  const from = Address.tryParse(String(fields.from))
  const to = Address.tryParse(String(fields.to))
  if (from === undefined)
    throw new RangeError(`from: ${kind} needs an address without a port, not '${fields.from}'`)
  if (to === undefined)
    throw new RangeError(`to: ${kind} needs an address without a port, not '${fields.to}'`)
  return headerOf(fields, from, to, protocol)
}

export function headerOf(fields: PacketOptions, source: Address, destination: Address, protocol: number) {
  const { ttl, tos, id, fragment, ipOptions } = fields
  if (source.family !== destination.family)
    throw new RangeError('from and to are of different IP versions: give two IPv4 or two IPv6 addresses')
  if (ttl !== undefined) checked('ttl', ttl, 255)
  if (tos !== undefined) checked('tos', tos, 255)
  if (id !== undefined) checked('id', id, U16)
  if (ipOptions !== undefined && ipOptions.length > 40)
    throw new RangeError(`ipOptions: ${ipOptions.length} bytes, but at most 40 fit`)
  if (source.family === 6 && fragment !== undefined)
    throw new RangeError('fragment: an IPv6 fragment is made with extensions: [fragmentExtension(…)]')
  if (fragment !== undefined && checked('fragment.offset', fragment.offset, 65528) % 8 !== 0)
    throw new RangeError(`fragment.offset: ${fragment.offset} is not a multiple of 8`)
  return ipPart(
    { ...fields, source, destination, fragmentOffset: fragment?.offset, moreFragments: fragment?.more },
    protocol,
  )
}

export function payloadOf({ data = 0 }: Pick<PacketOptions, 'data'>): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data)
  return typeof data === 'number' ? new Uint8Array(checked('data', data, U16)) : data
}

/** Encodes, with the checksum the caller wants. */
export function finish(fields: Pick<PacketOptions, 'checksum' | 'totalLength'>, packet: Decoded): Packet {
  const { checksum, totalLength } = fields
  const right = checksum === 'bad' ? rightChecksumOf(packet) : undefined
  const wanted = checksum === 'bad' ? badChecksum(right ?? 0) : checksum
  if (wanted !== undefined) checked('checksum', wanted, packet.kind === 'sctp' ? U32 : U16)
  const bytes = encode(wanted === undefined ? packet : ({ ...packet, checksum: wanted } as Decoded))
  if (bytes.length > 65535 && totalLength === undefined)
    throw new RangeError(`the packet would have ${bytes.length} bytes, but at most 65535 fit: give less data`)
  return new Packet(bytes)
}
