import type { Address } from '../address.ts'

/**
 * A packet's bytes taken apart for people. Fields marked "if wrong" are present only where the packet holds something
 * else than the value that follows from the rest; so a checksum that is missing here is right, and encoding a decoded
 * packet gives its bytes again, whatever they are. Byte arrays may be views into the packet: do not write to them.
 */
export type Decoded =
  | TcpPacket
  | UdpPacket
  | UdpLitePacket
  | IcmpPacket
  | SctpPacket
  | GrePacket
  | EspPacket
  | AhPacket
  | OtherPacket
  | FragmentPacket
  | MalformedPacket

export type IpPart = Ipv4Part | Ipv6Part

export interface Ipv4Part {
  readonly version: 4
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  readonly tos: number
  readonly id: number
  readonly df: boolean
  readonly mf: boolean
  /** The flag bit that must be 0 (RFC 3514's evil bit). */
  readonly reserved: boolean
  /** In bytes. */
  readonly fragmentOffset: number
  readonly ttl: number
  /** A multiple of 4 bytes. */
  readonly options: Uint8Array
  /** If wrong. */
  readonly totalLength?: number | undefined
  /** If wrong. */
  readonly checksum?: number | undefined
  /** Bytes behind the total length. */
  readonly trailer: Uint8Array
}

export interface Ipv6Part {
  readonly version: 6
  readonly source: Address
  readonly destination: Address
  /** What follows the last extension header. */
  readonly protocol: number
  readonly trafficClass: number
  readonly flowLabel: number
  readonly hopLimit: number
  readonly extensions: readonly ExtensionHeader[]
  /** If wrong. */
  readonly payloadLength?: number | undefined
  /** Bytes behind the payload length. */
  readonly trailer: Uint8Array
}

/** An extension header of IPv6, but for its first byte, the next header. */
export interface ExtensionHeader {
  readonly protocol: number
  readonly body: Uint8Array
}

interface Common {
  readonly ip: IpPart
  readonly payload: Uint8Array
}

interface Ports {
  readonly sourcePort: number
  readonly destinationPort: number
}

/** A TCP segment, field by field. */
export interface TcpPacket extends Common, Ports {
  readonly kind: 'tcp'
  readonly sequence: number
  readonly acknowledgment: number
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128 */
  readonly flags: number
  /** The four bits between data offset and flags. */
  readonly reserved: number
  readonly window: number
  readonly urgent: number
  readonly options: readonly TcpOption[]
  /** In 32-bit words; if wrong. */
  readonly dataOffset?: number | undefined
  /** If wrong. */
  readonly checksum?: number | undefined
}

/** One TCP option. Zeros that only fill up the last 32-bit word are not listed. */
export type TcpOption =
  | { readonly kind: 'nop' }
  | { readonly kind: 'mss'; readonly size: number }
  | { readonly kind: 'window-scale'; readonly shift: number }
  | { readonly kind: 'sack-permitted' }
  | { readonly kind: 'sack'; readonly blocks: readonly (readonly [left: number, right: number])[] }
  | { readonly kind: 'timestamps'; readonly value: number; readonly echo: number }
  | { readonly kind: 'unknown'; readonly type: number; readonly data: Uint8Array }
  /** What is no option any more: an end-of-list with what follows it, or a length that is wrong. */
  | { readonly kind: 'rest'; readonly bytes: Uint8Array }

/** A UDP datagram, field by field. */
export interface UdpPacket extends Common, Ports {
  readonly kind: 'udp'
  /** If wrong. */
  readonly length?: number | undefined
  /** If wrong; 0 for none. */
  readonly checksum?: number | undefined
}

/** A UDP-Lite datagram (RFC 3828), field by field. */
export interface UdpLitePacket extends Common, Ports {
  readonly kind: 'udplite'
  /** How many bytes the checksum covers; 0 for all. */
  readonly coverage: number
  /** If wrong. */
  readonly checksum?: number | undefined
}

/** ICMP of IPv4 (`icmp`) or of IPv6 (`icmp6`). */
export interface IcmpPacket {
  readonly kind: 'icmp' | 'icmp6'
  readonly ip: IpPart
  readonly type: number
  readonly code: number
  /** If wrong. */
  readonly checksum?: number | undefined
  readonly message: IcmpMessage
}

export type IcmpMessage =
  /** Requests and replies with an id. */
  | { readonly kind: 'query'; readonly id: number; readonly sequence: number; readonly payload: Uint8Array }
  /** `rest`: the 32 bits behind the checksum (MTU, gateway, pointer). `quote`: the packet complained about, often cut. */
  | { readonly kind: 'error'; readonly rest: number; readonly quote: Uint8Array }
  | { readonly kind: 'other'; readonly rest: number; readonly payload: Uint8Array }

/** An SCTP packet (RFC 9260): its header, and chunk by chunk. */
export interface SctpPacket extends Ports {
  readonly kind: 'sctp'
  readonly ip: IpPart
  readonly tag: number
  readonly chunks: readonly SctpChunk[]
  /** What is no chunk any more. */
  readonly payload: Uint8Array
  /** CRC32c as read from the wire; if wrong. */
  readonly checksum?: number | undefined
}

export interface SctpChunk {
  readonly type: number
  readonly flags: number
  readonly value: Uint8Array
}

/** A GRE packet (RFC 2784, 2890; version 1 is PPTP's), field by field. */
export interface GrePacket extends Common {
  readonly kind: 'gre'
  /** The upper 13 bits of the first word, in place: C 0x8000, K 0x2000, S 0x1000, A (version 1) 0x80. */
  readonly flags: number
  readonly version: number
  /** EtherType of what is carried. */
  readonly protocolType: number
  /** C: checksum and offset, not verified. */
  readonly checksum?: number | undefined
  /** K; version 1 (PPTP): payload length << 16 | call id. */
  readonly key?: number | undefined
  readonly sequence?: number | undefined
  readonly acknowledgment?: number | undefined
}

/** An ESP packet (RFC 4303): what can be read of it without the keys. */
export interface EspPacket extends Common {
  readonly kind: 'esp'
  readonly spi: number
  readonly sequence: number
}

/** IPv4's authentication header; IPv6's is one of the extension headers. `payload` begins with the ICV. */
export interface AhPacket extends Common {
  readonly kind: 'ah'
  readonly nextHeader: number
  readonly length: number
  readonly reserved: number
  readonly spi: number
  readonly sequence: number
}

/** Any other protocol, and a transport header that is cut off or otherwise not what it should be. */
export interface OtherPacket extends Common {
  readonly kind: 'other'
}

/** A fragment that is not the first. */
export interface FragmentPacket extends Common {
  readonly kind: 'fragment'
}

/** No IP packet: not even the IP header can be read. */
export interface MalformedPacket {
  readonly kind: 'malformed'
  readonly bytes: Uint8Array
}
