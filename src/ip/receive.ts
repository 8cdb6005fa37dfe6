import { internetChecksum } from '../packet/checksum.ts'
import { NEXTHDR_HOP } from '../packet/extension-headers.ts'
import { parseHopByHop } from './hop-options.ts'
import type { Device } from './interfaces.ts'
import type { IcmpError } from './route.ts'

/** What became of a frame before any hook saw it. */
export type Received =
  | {
      readonly accepted: true
      /** Cut to the length that the header says; the caller's own array if nothing was cut. */
      readonly bytes: Uint8Array
    }
  | {
      readonly accepted: false
      /** In words: "header checksum is wrong". */
      readonly reason: string
      /** What the sender is told (IPv6 only), about these bytes. */
      readonly error?: IcmpError
      readonly bytes?: Uint8Array
    }

/**
 * The checks before PREROUTING: `ip_rcv_core` (net/ipv4/ip_input.c) or `ip6_rcv_core` with `ipv6_parse_hopopts`
 * (net/ipv6/ip6_input.c, exthdrs.c). The family is the one of the device's table; a layer-3 device tells the families
 * apart by the version, so a packet of neither is refused as well.
 *
 * @param looped the copy of a multicast packet that the box sent itself
 */
export function receive(family: 4 | 6, bytes: Uint8Array, device: Device, looped = false): Received {
  return family === 4 ? receive4(bytes) : receive6(bytes, device, looped)
}

function receive4(bytes: Uint8Array): Received {
  if (bytes.length < 20) return refuse('shorter than an IPv4 header')
  const headerLength = (bytes[0]! & 15) * 4
  if (bytes[0]! >> 4 !== 4) return refuse('version is not 4')
  if (headerLength < 20) return refuse('header length is below 20')
  if (headerLength > bytes.length) return refuse('header length goes beyond the packet')
  if (internetChecksum(bytes, 0, headerLength) !== 0) return refuse('header checksum is wrong')
  const length = (bytes[2]! << 8) | bytes[3]!
  if (length > bytes.length) return refuse('total length goes beyond the packet')
  if (length < headerLength) return refuse('total length is below the header length')
  return { accepted: true, bytes: trim(bytes, length) }
}

function receive6(bytes: Uint8Array, device: Device, looped: boolean): Received {
  if (bytes.length < 40) return refuse('shorter than an IPv6 header')
  if (bytes[0]! >> 4 !== 6) return refuse('version is not 6')
  const wrong = wrongAddress(bytes, device.loopback, looped)
  if (wrong !== undefined) return refuse(wrong)
  let packet = bytes
  const payloadLength = (bytes[4]! << 8) | bytes[5]!
  // A payload length of 0 may be followed by a jumbo payload option.
  if (payloadLength > 0 || bytes[6] !== NEXTHDR_HOP) {
    if (payloadLength + 40 > bytes.length) return refuse('payload length goes beyond the packet')
    packet = trim(bytes, payloadLength + 40)
  }
  if (packet[6] !== NEXTHDR_HOP) return { accepted: true, bytes: packet }
  const options = parseHopByHop(packet)
  if (options.reason === undefined) {
    return { accepted: true, bytes: options.length === undefined ? packet : trim(packet, options.length) }
  }
  return options.error === undefined
    ? refuse(options.reason)
    : { accepted: false, reason: options.reason, error: options.error, bytes: packet }
}

/** RFC 4291 section 2.5.3 and 2.7, and its erratum 3480. */
function wrongAddress(bytes: Uint8Array, loopback: boolean, looped: boolean): string | undefined {
  if (!loopback && isLoopback(bytes, 8)) return 'source ::1 on a device'
  if (!loopback && isLoopback(bytes, 24)) return 'destination ::1 on a device'
  if (bytes[24] === 0xff) {
    const scope = bytes[25]! & 15
    if (scope === 1 && !looped && !loopback) return 'interface-local multicast from outside'
    if (scope === 0) return 'multicast scope 0 is reserved'
  }
  return bytes[8] === 0xff ? 'source is a multicast address' : undefined
}

function isLoopback(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 15; i++) if (bytes[offset + i] !== 0) return false
  return bytes[offset + 15] === 1
}

function trim(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === length ? bytes : bytes.slice(0, length)
}

function refuse(reason: string): Received {
  return { accepted: false, reason }
}
