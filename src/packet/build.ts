import type { Address } from '../address.ts'
import type { Decoded, ExtensionHeader, IpPart } from './decoded.ts'
import { encode } from './encode.ts'

/** The IP header of a packet to be made; what is missing has the defaults of {@link ipPart}. */
export interface IpFields {
  readonly source: Address
  readonly destination: Address
  readonly ttl?: number | undefined
  readonly id?: number | undefined
  readonly tos?: number | undefined
  readonly df?: boolean | undefined
  /** The flag bit that must be 0. */
  readonly evil?: boolean | undefined
  readonly fragmentOffset?: number | undefined
  readonly moreFragments?: boolean | undefined
  readonly ipOptions?: Uint8Array | undefined
  readonly flowLabel?: number | undefined
  readonly extensions?: readonly ExtensionHeader[] | undefined
  readonly totalLength?: number | undefined
  readonly headerChecksum?: number | undefined
  readonly trailer?: Uint8Array | undefined
}

const NOTHING = new Uint8Array(0)

/** TTL 64, TOS 0; IPv4: id 1, DF unless it is a fragment (as Linux sends with path MTU discovery). */
export function ipPart(fields: IpFields, protocol: number): IpPart {
  const { source, destination, ttl = 64, tos = 0, trailer = NOTHING, totalLength } = fields
  if (source.family === 6) {
    const { flowLabel = 0, extensions = [] } = fields
    return {
      version: 6,
      source,
      destination,
      protocol,
      trafficClass: tos,
      flowLabel,
      hopLimit: ttl,
      extensions,
      payloadLength: totalLength,
      trailer,
    }
  }
  const { fragmentOffset = 0, moreFragments = false, ipOptions = NOTHING } = fields
  return {
    version: 4,
    source,
    destination,
    protocol,
    tos,
    id: fields.id ?? 1,
    df: fields.df ?? (fragmentOffset === 0 && !moreFragments),
    mf: moreFragments,
    reserved: fields.evil ?? false,
    fragmentOffset,
    ttl,
    options: padTo4(ipOptions),
    totalLength,
    checksum: fields.headerChecksum,
    trailer,
  }
}

/** IP options are filled up with end-of-list. */
function padTo4(options: Uint8Array): Uint8Array {
  if (options.length % 4 === 0) return options
  const padded = new Uint8Array((options.length + 3) & ~3)
  padded.set(options)
  return padded
}

/** IPv6's fragment header. */
export function fragmentExtension(offset: number, more: boolean, identification: number): ExtensionHeader {
  const body = new Uint8Array(7)
  const view = new DataView(body.buffer)
  view.setUint16(1, offset | (more ? 1 : 0))
  view.setUint32(3, identification)
  return { protocol: 44, body }
}

/** The right transport checksum of a packet whose own may be anything; undefined where there is none. */
export function rightChecksumOf(packet: Decoded): number | undefined {
  if (packet.kind === 'malformed' || packet.kind === 'gre') return undefined
  if (!('checksum' in packet)) return undefined
  const { ip } = packet
  const bytes = encode({ ...packet, checksum: undefined })
  const extensions = ip.version === 6 ? ip.extensions : []
  const headerLength =
    ip.version === 4
      ? 20 + ip.options.length
      : extensions.reduce((sum, { body }) => sum + 1 + body.length, 40)
  const view = new DataView(bytes.buffer, headerLength)
  if (packet.kind === 'sctp') return view.getUint32(8)
  if (packet.kind === 'tcp') return view.getUint16(16)
  return view.getUint16(packet.kind === 'udp' || packet.kind === 'udplite' ? 6 : 2)
}

/** The checksum that `badsum` stands for: the right one with a bit flipped, but never "none". */
export function badChecksum(right: number): number {
  return ((right ^ 1) === 0 ? 2 : right ^ 1) >>> 0
}

export function withBadChecksum<T extends Decoded>(packet: T): T {
  const right = rightChecksumOf(packet)
  return right === undefined ? packet : { ...packet, checksum: badChecksum(right) }
}
