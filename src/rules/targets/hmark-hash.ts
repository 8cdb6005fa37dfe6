/** What `-j HMARK` hashes, and how: net/netfilter/xt_HMARK.c. */
import { Address, readWord } from '../../address.ts'
import { jhash2, scaleHash } from '../../jhash.ts'
import {
  isExtensionHeader,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../../packet/extension-headers.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { AT_ONCE } from '../matches/ports-offset.ts'

export interface HashInput {
  readonly sourceMask: Address
  readonly destinationMask: Address
  /** Source port in the upper 16 bits, destination port in the lower; or the SPI. */
  readonly portMask: number
  readonly portSet: number
  readonly protoMask: number
  readonly seed: number
  readonly modulus: number
}

/** A number below the modulus; undefined for a packet without a connection. */
export function hashConnection({ connection }: Skb, input: HashInput): number | undefined {
  if (connection === undefined) return undefined
  const { original, reply } = connection
  const { protocol } = original
  const ports = protocol === IPPROTO_ICMP ? 0 : swapPorts((original.sport << 16) | reply.sport, input)
  return hash(original.source, reply.source, ports, protocol, input)
}

/** A number below the modulus; undefined for an ICMP error whose quote is cut off. ICMP errors count as what they quote. */
export function hashPacket(skb: Skb, input: HashInput): number | undefined {
  return skb.family === 4 ? hashIpv4(skb.bytes, input) : hashIpv6(skb.bytes, input)
}

function hashIpv4(bytes: Uint8Array, input: HashInput): number | undefined {
  let at = 0
  if (bytes[9] === IPPROTO_ICMP) {
    const quote = quoteIn(bytes, (bytes[0]! & 15) * 4, isIcmpError)
    if (quote !== undefined) at = quote
    if (at + 20 > bytes.length) return undefined
  }
  const source = Address.read(4, bytes, at + 12)
  const destination = Address.read(4, bytes, at + 16)
  const protocol = bytes[at + 9]!
  const isFragment = (((bytes[at + 6]! & 0x3f) << 8) | bytes[at + 7]!) !== 0
  const ports =
    protocol === IPPROTO_ICMP || isFragment ? 0 : portsAt(bytes, at + (bytes[at]! & 15) * 4, protocol, input)
  return hash(source, destination, ports, protocol, input)
}

function hashIpv6(bytes: Uint8Array, input: HashInput): number | undefined {
  let at = 0
  let payload = findPayload(bytes, 40)
  if (payload === undefined) return hash(NOBODY, NOBODY, 0, 0, input)
  if (!payload.isFragment && payload.protocol === IPPROTO_ICMPV6) {
    const quote = quoteIn(bytes, payload.offset, type => type !== 0 && type < 128)
    if (quote !== undefined) {
      at = quote
      if (at + 40 > bytes.length || bytes[at]! >> 4 !== 6) return undefined
      payload = findPayload(bytes, at + 40)
      if (payload === undefined) return undefined
    }
  }
  const { protocol, offset, isFragment } = payload
  const ports = protocol === IPPROTO_ICMPV6 || isFragment ? 0 : portsAt(bytes, offset, protocol, input)
  return hash(Address.read(6, bytes, at + 8), Address.read(6, bytes, at + 24), ports, protocol, input)
}

const NOBODY = new Address(6, 0, 0, 0, 0)

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
function isIcmpError(type: number): boolean {
  return (type >= 3 && type <= 5) || type === 11 || type === 12
}

/** Where the packet begins that an ICMP error quotes. */
function quoteIn(
  bytes: Uint8Array,
  icmpOffset: number,
  isError: (type: number) => boolean,
): number | undefined {
  const isWhole = icmpOffset + 8 <= bytes.length
  return isWhole && isError(bytes[icmpOffset]!) ? icmpOffset + 8 : undefined
}

interface Payload {
  readonly protocol: number
  readonly offset: number
  readonly isFragment: boolean
}

/** `ipv6_find_hdr(…, -1, …)` with `IP6_FH_F_AUTH`: the first header that is no extension, AH counting as none. */
function findPayload(bytes: Uint8Array, start: number): Payload | undefined {
  let protocol = bytes[start - 34]!
  let offset = start
  let isFragment = false
  while (isExtensionHeader(protocol) && protocol !== NEXTHDR_NONE && protocol !== NEXTHDR_AUTH) {
    if (offset + 2 > bytes.length) return undefined
    const next = bytes[offset]!
    let length = (bytes[offset + 1]! + 1) * 8
    if (protocol === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length) return undefined
      isFragment = true
      length = 8
      if (((bytes[offset + 2]! << 8) | (bytes[offset + 3]! & 0xf8)) !== 0)
        return !isExtensionHeader(next) || next === NEXTHDR_NONE
          ? { protocol: next, offset, isFragment }
          : undefined
    }
    protocol = next
    offset += length
  }
  return { protocol, offset, isFragment }
}

/** `hmark_set_tuple_ports` */
function portsAt(bytes: Uint8Array, transport: number, protocol: number, input: HashInput): number {
  if (protocol !== NEXTHDR_AUTH && !AT_ONCE.has(protocol)) return 0
  const offset = transport + (protocol === NEXTHDR_AUTH ? 4 : 0)
  return offset + 4 > bytes.length ? 0 : swapPorts(readWord(bytes, offset), input)
}

/** Masked, and the larger one first, so that both directions are the same. */
function swapPorts(ports: number, { portMask, portSet }: HashInput): number {
  const word = (ports & portMask) | portSet
  const source = word >>> 16
  const destination = word & 0xffff
  return destination > source ? (destination << 16) | source : word
}

function hash(
  source: Address,
  destination: Address,
  ports: number,
  protocol: number,
  { sourceMask, destinationMask, protoMask, seed, modulus }: HashInput,
): number {
  const from = masked(source, sourceMask)
  const to = masked(destination, destinationMask)
  const hashed = jhash2([Math.min(from, to), Math.max(from, to), ports], seed)
  return scaleHash(hashed ^ (protocol & protoMask), modulus)
}

/** What the mask leaves of an address, IPv6's four words put into one. Unsigned. */
function masked({ w0, w1, w2, w3 }: Address, mask: Address): number {
  return ((w0 & mask.w0) ^ (w1 & mask.w1) ^ (w2 & mask.w2) ^ (w3 & mask.w3)) >>> 0
}
