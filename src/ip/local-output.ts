import { Address } from '../address.ts'
import { internetChecksum, writeIpv4Checksum } from '../packet/checksum.ts'
import { Errno, type OutputRoute, outputRoute } from './output-route.ts'
import type { RoutingTable } from './routing.ts'

export interface LocalOutputOptions {
  /** Where the socket sends to (`sendto`). Default: the packet's own destination. */
  readonly destination?: Address
  /** SO_BINDTODEVICE */
  readonly device?: string
  /** SO_BROADCAST. Default true. */
  readonly broadcast?: boolean
  /** What the kernel draws for an IPv4 identification of 0 (without DF). Default 0. */
  readonly id?: number
}

export type LocalOutput =
  | { readonly errno: 0; readonly bytes: Uint8Array; readonly route: OutputRoute }
  | { readonly errno: number; readonly reason: string }

/**
 * What becomes of a packet between `sendto` on a raw socket with IP_HDRINCL (IPv6: IPPROTO_RAW) and the OUTPUT hook
 * (`raw_sendmsg`, `raw_send_hdrinc` in net/ipv4/raw.c, net/ipv6/raw.c). The route does not look at the packet's source.
 * The kernel sets total length, header checksum, and a source or identification of 0; IPv6 stays as it is.
 */
export function localOutput(
  table: RoutingTable,
  packet: Uint8Array,
  options: LocalOutputOptions = {},
): LocalOutput {
  const { family } = table
  if (packet.length > 0xffff && family === 4) return fail(Errno.EMSGSIZE, 'longer than 65535 bytes')
  let destination = options.destination ?? destinationOf(family, packet)
  if (family === 6 && destination.isZero()) destination = LOOPBACK_6
  const route = outputRoute(table, destination, { device: options.device })
  if (route.errno !== 0) return fail(route.errno, route.reason)
  if (route.type === 'broadcast' && options.broadcast === false)
    return fail(Errno.EACCES, 'broadcast without SO_BROADCAST')
  const mtu = table.devices.get(route.device)!.mtu
  if (packet.length > mtu) return fail(Errno.EMSGSIZE, `bigger than the MTU ${mtu} of ${route.device}`)
  if (packet.length < (family === 4 ? 20 : 40)) return fail(Errno.EINVAL, 'shorter than an IP header')
  if (family === 6) return { errno: 0, bytes: packet, route }
  const headerLength = (packet[0]! & 15) * 4
  if (headerLength < 20 || headerLength > packet.length) return fail(Errno.EINVAL, 'bad header length')
  return { errno: 0, bytes: complete(packet, route, options.id ?? 0), route }
}

const LOOPBACK_6 = Address.parse('::1')

/** Zeros stand for what a packet is too short to have. */
function destinationOf(family: 4 | 6, packet: Uint8Array): Address {
  const [offset, end] = family === 4 ? [16, 20] : [24, 40]
  if (packet.length >= end) return Address.read(family, packet, offset)
  const header = new Uint8Array(end)
  header.set(packet)
  return Address.read(family, header, offset)
}

function complete(packet: Uint8Array, route: OutputRoute, id: number): Uint8Array {
  if (isComplete(packet)) return packet
  const bytes = packet.slice()
  const source = Address.read(4, bytes, 12)
  if (source.isZero()) route.source?.write(bytes, 12)
  bytes[2] = bytes.length >> 8
  bytes[3] = bytes.length & 255
  const dontFragment = (bytes[6]! & 0x40) !== 0
  if ((bytes[4]! | bytes[5]!) === 0 && !dontFragment) {
    bytes[4] = id >> 8
    bytes[5] = id & 255
  }
  writeIpv4Checksum(bytes)
  return bytes
}

/** Whether what the kernel would write stands there already, as in packets of well-behaved programs. */
function isComplete(packet: Uint8Array): boolean {
  const length = (packet[2]! << 8) | packet[3]!
  const dontFragment = (packet[6]! & 0x40) !== 0
  return (
    length === packet.length &&
    ((packet[4]! | packet[5]!) !== 0 || dontFragment) &&
    (packet[12]! | packet[13]! | packet[14]! | packet[15]!) !== 0 &&
    internetChecksum(packet, 0, (packet[0]! & 15) * 4) === 0 &&
    // 0xffff sums up as well, but the kernel writes 0 then
    (packet[10]! & packet[11]!) !== 0xff
  )
}

function fail(errno: number, reason: string): LocalOutput {
  return { errno, reason }
}
