import { Address, type Family } from '../address.ts'
import type { Connection, CtInfo, Direction } from '../conntrack/connection.ts'
import type { ConntrackTemplate } from '../conntrack/template.ts'
import type { OutputRoute } from '../ip/output-route.ts'
import type { DestinationType } from '../ip/route.ts'
import { copyBytes } from './copy-bytes.ts'
import { findTransport } from './extension-headers.ts'
import type { Ipv4Options } from './ipv4-options.ts'

/** How the link layer addressed a packet; `loopback` is the copy that the box hears of what it sent to everybody. */
export type PacketType = 'host' | 'broadcast' | 'multicast' | 'otherhost' | 'loopback'

/**
 * The packet while it is on its way through the hooks: the kernel's socket buffer. The bytes are the truth; the fields
 * beside them are the parts of the IP header that every stage looks at, kept in step by {@link Skb.refresh}.
 *
 * An skb lives within one step and is never part of a state. Its bytes may be shared with the caller's packet until
 * the first write: change them only through {@link Skb.writable}.
 */
export class Skb {
  readonly family: Family
  bytes: Uint8Array
  source!: Address
  destination!: Address
  /** The transport protocol: IPv4's protocol field, or what follows IPv6's extension headers. */
  protocol = 0
  /** Where the transport header begins; may lie beyond the end of a truncated packet. */
  transportOffset = 0
  /** In bytes; 0 for a whole packet and for a first fragment. */
  fragmentOffset = 0
  moreFragments = false

  /** The fwmark (`-j MARK`). */
  mark = 0
  /** `skb->priority` (`-j CLASSIFY`), and IPv6/IPv4 traffic class leftovers of the same kind. */
  priority = 0
  /** '' where there is none: `inDevice` in OUTPUT and for local packets, `outDevice` before routing. */
  inDevice = ''
  outDevice = ''
  /** The gateway it goes to, once routed; undefined where the destination itself is on the link. */
  nextHop: Address | undefined = undefined
  /** What kind of destination it has, once routed; ICMP errors are never sent about broadcast and multicast. */
  routeType: DestinationType = 'unicast'
  /** Its IPv4 options as they were read when it came in. */
  ipv4Options: Ipv4Options | undefined = undefined
  /** The box made it in answer to a packet (REJECT, ICMP errors): it decides nothing about that packet's fate. */
  isAnswer = false
  /** Where a packet of the box's own goes. */
  outputRoute: OutputRoute | undefined = undefined
  /** The MTU of the way out, once routed. */
  routeMtu = 65535
  packetType: PacketType = 'host'
  /** Source MAC address as `aa:bb:…`, where the device has one. */
  macSource: string | undefined = undefined
  /** The 14 bytes of the Ethernet header as LOG prints them, where the device has one. */
  linkHeader: Uint8Array | undefined = undefined
  /** Bridge ports, for `-m physdev`. */
  physIn = ''
  physOut = ''
  /** The socket of a locally generated packet, for `-m owner`. */
  socket: SocketOwner | undefined = undefined

  /** Undefined: INVALID (or not yet looked at, or UNTRACKED: then `ctInfo` says so). */
  connection: Connection | undefined = undefined
  ctInfo: CtInfo | undefined = undefined
  /** What `-j CT` left for conntrack, until conntrack has seen the packet. */
  template: ConntrackTemplate | undefined = undefined

  /** Sizes of the fragments this packet was put together from; the largest decides how it is cut again. */
  fragmentMaxSize = 0
  /** Bytes in each of these fragments, the first with the IP header; undefined for a packet that came whole. See fragments.ts. */
  fragmentSizes: readonly number[] | undefined = undefined
  /** The largest of them had DF. */
  largestFragmentHadDf = false
  /** Sent by this machine: its IP options were never parsed, so cutting it repeats all of them. */
  isLocal = false
  /** `ip_summed`: what is known of the transport checksum. */
  checksumState: ChecksumState = ChecksumState.NONE
  /** `csum_valid`: it was summed up once and was right. Only REJECT's ICMP errors ask for it. */
  checksumWasRight = false
  /**
   * The protocol in whose checksum field there is the pseudo-header's sum only, 0 for none; whoever sends the packet out
   * on a device completes it. Helpers of UDP make one in ICMP errors, too.
   */
  checksumPartial = 0
  /** `-j TRACE`, `-j TEE` duplicates, and kernel-made answers, which take no second REJECT. */
  traced = false

  private owned = false

  constructor(family: Family, bytes: Uint8Array) {
    this.family = family
    this.bytes = bytes
    this.refresh()
  }

  /** The bytes for writing: copied first if anybody else may hold them. Call {@link Skb.refresh} after changing the IP header. */
  writable(): Uint8Array {
    if (!this.owned) {
      this.bytes = copyBytes(this.bytes)
      this.owned = true
    }
    return this.bytes
  }

  /** Takes over new bytes of which no one else holds a reference. */
  replace(bytes: Uint8Array): void {
    this.bytes = bytes
    this.owned = true
    this.refresh()
  }

  /** From here on the bytes belong to someone else (they were emitted): the next write copies. */
  share(): Uint8Array {
    this.owned = false
    return this.bytes
  }

  /** Reads the header fields again. */
  refresh(): void {
    const { bytes, family } = this
    if (family === 4) {
      this.source = Address.read(4, bytes, 12)
      this.destination = Address.read(4, bytes, 16)
      this.protocol = bytes[9]!
      this.transportOffset = (bytes[0]! & 15) * 4
      this.fragmentOffset = (((bytes[6]! & 0x1f) << 8) | bytes[7]!) * 8
      this.moreFragments = (bytes[6]! & 0x20) !== 0
    } else {
      this.source = Address.read(6, bytes, 8)
      this.destination = Address.read(6, bytes, 24)
      const transport = findTransport(bytes)
      this.protocol = transport.protocol
      this.transportOffset = transport.offset
      this.fragmentOffset = transport.fragmentOffset
      this.moreFragments = transport.moreFragments
    }
  }

  get length(): number {
    return this.bytes.length
  }

  /** IPv4's TOS or IPv6's traffic class, the whole byte. */
  get tos(): number {
    return this.family === 4 ? this.bytes[1]! : ((this.bytes[0]! & 15) << 4) | (this.bytes[1]! >> 4)
  }

  /** IPv4's TTL or IPv6's hop limit. */
  get ttl(): number {
    return this.bytes[this.family === 4 ? 8 : 7]!
  }

  /** How many bytes of transport header and payload are there. */
  get transportLength(): number {
    return Math.max(0, this.bytes.length - this.transportOffset)
  }

  /** Big-endian 16 bits at an offset from the start of the packet; the caller has checked the length. */
  u16(offset: number): number {
    return (this.bytes[offset]! << 8) | this.bytes[offset + 1]!
  }

  /** Big-endian 32 bits, unsigned. */
  u32(offset: number): number {
    return (this.u16(offset) * 0x10000 + this.u16(offset + 2)) >>> 0
  }

  /** The direction within its connection; undefined without one. */
  get direction(): Direction | undefined {
    if (this.connection === undefined || this.ctInfo === undefined) return undefined
    return this.ctInfo >= 3 ? 1 : 0
  }
}

/**
 * Who sent a locally generated packet. Without a socket `-m owner` sees nothing; with neither `uid` nor `gid` it is a
 * socket of the kernel's own, which exists but is nobody's.
 */
export interface SocketOwner {
  readonly uid?: number
  readonly gid?: number
  readonly groups?: readonly number[]
}

/** The kernel's `CHECKSUM_*`: not looked at, summed up in software (rightly or not), or not worth a look. */
export const ChecksumState = { NONE: 0, SUMMED: 1, UNNECESSARY: 2 } as const
export type ChecksumState = (typeof ChecksumState)[keyof typeof ChecksumState]
