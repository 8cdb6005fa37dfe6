import { Address, type Family } from '../address.ts'
import { internetChecksum } from './checksum.ts'
import { decodeTransport } from './decode-transport.ts'
import type { Decoded, ExtensionHeader, IpPart, Ipv4Part, Ipv6Part } from './decoded.ts'
import { encode } from './encode.ts'
import { isExtensionHeader, NEXTHDR_AUTH, NEXTHDR_FRAGMENT, NEXTHDR_NONE } from './extension-headers.ts'

/**
 * Takes a packet apart. Never throws, and `encode(decode(bytes))` gives the bytes: what cannot be said in fields stays
 * bytes (`other` for the transport part, `malformed` for all of it).
 */
export function decode(bytes: Uint8Array, family: Family): Decoded {
  const split = family === 4 ? splitIpv4(bytes) : splitIpv6(bytes)
  if (split === undefined) return { kind: 'malformed', bytes }
  const { ip, transport, isLaterFragment } = split
  const other: Decoded = { kind: isLaterFragment ? 'fragment' : 'other', ip, payload: transport }
  const exact = isLaterFragment ? other : (decodeTransport(bytes, ip, transport) ?? other)
  if (sameBytes(encode(exact), bytes)) return exact
  return sameBytes(encode(other), bytes) ? other : { kind: 'malformed', bytes }
}

interface Split {
  readonly ip: IpPart
  readonly transport: Uint8Array
  readonly isLaterFragment: boolean
}

function splitIpv4(bytes: Uint8Array): Split | undefined {
  const headerLength = (bytes[0] ?? 0) & 15
  if (bytes.length < 20 || bytes[0]! >> 4 !== 4 || headerLength < 5 || headerLength * 4 > bytes.length)
    return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const total = view.getUint16(2)
  const start = headerLength * 4
  const end = total >= start && total < bytes.length ? total : bytes.length
  const fragment = view.getUint16(6)
  const checksum = view.getUint16(10)
  const blank = bytes.slice(0, start)
  blank[10] = 0
  blank[11] = 0
  const ip: Ipv4Part = {
    version: 4,
    source: Address.read(4, bytes, 12),
    destination: Address.read(4, bytes, 16),
    protocol: bytes[9]!,
    tos: bytes[1]!,
    id: view.getUint16(4),
    df: (fragment & 0x4000) !== 0,
    mf: (fragment & 0x2000) !== 0,
    reserved: (fragment & 0x8000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: bytes[8]!,
    options: bytes.subarray(20, start),
    totalLength: total === end ? undefined : total,
    checksum: checksum === internetChecksum(blank, 0, start) ? undefined : checksum,
    trailer: bytes.subarray(end),
  }
  return { ip, transport: bytes.subarray(start, end), isLaterFragment: ip.fragmentOffset !== 0 }
}

function splitIpv6(bytes: Uint8Array): Split | undefined {
  if (bytes.length < 40 || bytes[0]! >> 4 !== 6) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const total = 40 + view.getUint16(4)
  const chain = extensionChain(bytes, bytes.length)
  const end = total >= chain.end && total < bytes.length ? total : bytes.length
  const ip: Ipv6Part = {
    version: 6,
    source: Address.read(6, bytes, 8),
    destination: Address.read(6, bytes, 24),
    protocol: chain.protocol,
    trafficClass: (view.getUint16(0) >> 4) & 0xff,
    flowLabel: view.getUint32(0) & 0xfffff,
    hopLimit: bytes[7]!,
    extensions: chain.extensions,
    payloadLength: total === end ? undefined : total - 40,
    trailer: bytes.subarray(end),
  }
  return { ip, transport: bytes.subarray(chain.end, end), isLaterFragment: chain.isLaterFragment }
}

/** The extension headers that are wholly there. A later fragment's header is the last one. */
function extensionChain(bytes: Uint8Array, end: number) {
  const extensions: ExtensionHeader[] = []
  let protocol = bytes[6]!
  let at = 40
  let isLaterFragment = false
  while (isExtensionHeader(protocol) && protocol !== NEXTHDR_NONE && at + 8 <= end && !isLaterFragment) {
    const length = extensionLength(protocol, bytes[at + 1]!)
    if (at + length > end) break
    extensions.push({ protocol, body: bytes.subarray(at + 1, at + length) })
    isLaterFragment = protocol === NEXTHDR_FRAGMENT && ((bytes[at + 2]! << 8) | (bytes[at + 3]! & 0xf8)) !== 0
    protocol = bytes[at]!
    at += length
  }
  return { extensions, protocol, end: at, isLaterFragment }
}

function extensionLength(protocol: number, lengthField: number): number {
  if (protocol === NEXTHDR_FRAGMENT) return 8
  return protocol === NEXTHDR_AUTH ? (lengthField + 2) * 4 : (lengthField + 1) * 8
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
