import type { Address } from '../address.ts'
import { after } from '../conntrack/sequence.ts'
import { isLimitedBroadcast, isMulticast } from '../ip/interfaces.ts'
import { Errno } from '../ip/output-route.ts'
import { transportChecksumValid } from '../packet/checksum.ts'
import type { Packet } from '../packet/packet.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../packet/protocols.ts'
import { Skb } from '../packet/skb.ts'
import type { HostDraft } from './host-draft.ts'
import { findListener, localTuple } from './host-state.ts'
import type { Unreachable } from './process.ts'
import {
  ACK,
  FIN,
  type IcmpReport,
  icmpPacket,
  NO_DATA,
  RST,
  readDatagram,
  readIcmpReport,
  readSegment,
  type Segment,
  SYN,
} from './segment.ts'
import { TcpConnection } from './tcp-connection.ts'
import { onListenedSyn, onSegment, onTooBig } from './tcp-endpoint.ts'
import { closed } from './tcp-output.ts'

/**
 * A packet that netfilter has let through to this host: to the socket that it is for, or an error back.
 *
 * @param isLooped it came over `lo`, where nobody has worked out checksums (CHECKSUM_PARTIAL) and nobody checks them
 */
export function deliver(packet: Packet, host: HostDraft, isLooped = false): void {
  const skb = new Skb(packet.family, packet.bytes)
  switch (skb.protocol) {
    case IPPROTO_TCP:
      deliverSegment(skb, isLooped, host)
      break
    case IPPROTO_UDP:
      deliverDatagram(skb, isLooped, host)
      break
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      deliverIcmp(skb, isLooped, host)
      break
    default:
      complain(skb, 3, 2, 4, 1, host)
  }
}

function deliverSegment(skb: Skb, isLooped: boolean, host: HostDraft): void {
  const segment = readSegment(skb, isLooped)
  if (segment === undefined || isForMany(skb, host)) return
  const { source, destination, sourcePort, destinationPort, flags } = segment
  const found = host.connectionOf(localTuple(destination, destinationPort, source, sourcePort))
  const isOpening = (flags & (SYN | ACK | RST)) === SYN
  if (found !== undefined) {
    const mayReopen = found.state === 'TIME-WAIT' && isOpening && after(segment.seq, found.receiveNext)
    if (!mayReopen) {
      host.put(onSegment(found, segment, host), found)
      return
    }
    host.put(closed(found.clone()), found)
  }
  const listener = isOpening ? findListener(host.listeners, destination, destinationPort) : undefined
  if (listener === undefined) {
    refuse(segment, host)
    return
  }
  const connection = new TcpConnection(
    host.newSocket(),
    localTuple(destination, destinationPort, source, sourcePort),
    listener.pid,
    'SYN-RECV',
    host.newSequence(),
    localMss(host, source),
    host.tcp,
  )
  host.put(onListenedSyn(connection, segment, host), undefined)
}

/** The largest payload that fits into the way out's MTU. */
export function localMss(host: HostDraft, remote: Address): number {
  const { ipv4, ipv6 } = host.engine.compiled
  const routing = remote.family === 4 ? ipv4.routing : ipv6.routing
  const mtu = routing.lookup(remote)?.mtu ?? 1500
  return Math.min(mtu, 65535) - (remote.family === 4 ? 40 : 60)
}

/** A RST for a segment that belongs to nothing (RFC 9293 3.5.2). */
function refuse(segment: Segment, host: HostDraft): void {
  const { flags, data } = segment
  if (host.silent || (flags & RST) !== 0) return
  const acks = (flags & ACK) !== 0
  const length = data.length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)
  host.send({
    source: segment.destination,
    destination: segment.source,
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    seq: acks ? segment.ack : 0,
    ack: acks ? 0 : (segment.seq + length) | 0,
    flags: acks ? RST : RST | ACK,
    window: 0,
    mss: 0,
    data: NO_DATA,
  })
}

function deliverDatagram(skb: Skb, isLooped: boolean, host: HostDraft): void {
  const datagram = readDatagram(skb, isLooped)
  if (datagram === undefined) return
  const { source, destination, sourcePort, destinationPort, data } = datagram
  const socket = findListener(host.udpSockets, destination, destinationPort)
  if (socket === undefined) {
    complain(skb, 3, 3, 1, 4, host)
    return
  }
  host.tell(socket.pid, {
    kind: 'datagram',
    socket: socket.id,
    local: { address: destination, port: destinationPort },
    remote: { address: source, port: sourcePort },
    data,
  })
}

function deliverIcmp(skb: Skb, isLooped: boolean, host: HostDraft): void {
  const { bytes, transportOffset: at, family } = skb
  if (bytes.length < at + 8 || !(isLooped || transportChecksumValid(skb))) return
  const type = bytes[at]!
  if (type === (family === 4 ? 8 : 128)) {
    answerEcho(skb, host)
    return
  }
  const id = skb.u16(at + 4)
  const sequence = skb.u16(at + 6)
  if (type === (family === 4 ? 0 : 129)) {
    const size = bytes.length - at - 8
    host.tell(id, { kind: 'echo-reply', from: skb.source, sequence, ttl: skb.ttl, size })
    return
  }
  const report = readIcmpReport(skb)
  if (report !== undefined) takeReport(report, host)
}

function answerEcho(skb: Skb, host: HostDraft): void {
  if (host.silent || isForMany(skb, host)) return
  const at = skb.transportOffset
  const message = {
    type: skb.family === 4 ? 0 : 129,
    code: 0,
    rest: skb.u32(at + 4),
    data: skb.bytes.subarray(at + 8),
  }
  host.sendPacket(icmpPacket(skb.destination, skb.source, message, host.packetId()))
}

/** An ICMP error about a packet that nobody here wants. */
function complain(
  skb: Skb,
  type4: number,
  code4: number,
  type6: number,
  code6: number,
  host: HostDraft,
): void {
  if (host.silent || isForMany(skb, host)) return
  const v4 = skb.family === 4
  const message = {
    type: v4 ? type4 : type6,
    code: v4 ? code4 : code6,
    rest: 0,
    data: skb.bytes.subarray(0, v4 ? 548 : 1232),
  }
  host.sendPacket(icmpPacket(skb.destination, skb.source, message, host.packetId()))
}

/** Broadcast and multicast are answered neither by errors nor by RSTs. */
function isForMany(skb: Skb, host: HostDraft): boolean {
  const { destination, family } = skb
  if (isMulticast(destination) || isLimitedBroadcast(destination)) return true
  return family === 4 && host.engine.compiled.ipv4.routing.addressType(destination) === 'BROADCAST'
}

/** `tcp_v4_err`, `__udp4_lib_err` and `ping_err`: the error goes to the socket that had sent the packet. */
function takeReport(report: IcmpReport, host: HostDraft): void {
  const error = errorOf(report)
  if (report.protocol === IPPROTO_TCP) {
    takeTcpReport(report, error, host)
    return
  }
  if (report.protocol === IPPROTO_UDP) {
    const socket = findListener(host.udpSockets, report.source, report.sourcePort)
    if (socket === undefined) return
    const remote = { address: report.destination, port: report.destinationPort }
    const failure = error === 'refused' ? undefined : error
    host.tell(socket.pid, { kind: 'datagram-error', socket: socket.id, remote, error: failure, by: report })
    return
  }
  const failure = error === 'refused' ? undefined : error
  host.tell(report.sourcePort, {
    kind: 'echo-error',
    sequence: report.destinationPort,
    error: failure,
    by: report,
  })
}

function takeTcpReport(
  report: IcmpReport,
  error: Unreachable | 'refused' | undefined,
  host: HostDraft,
): void {
  const tuple = localTuple(report.source, report.sourcePort, report.destination, report.destinationPort)
  const connection = host.connectionOf(tuple)
  if (connection === undefined || error === undefined) return
  if (error === 'too-big') {
    host.put(onTooBig(connection, report.mtu, host), connection)
    return
  }
  // Once the connection stands, an ICMP error proves nothing.
  if (connection.state !== 'SYN-SENT') return
  const { id: socket, pid } = connection
  host.put(closed(connection.clone()), connection)
  if (error === 'refused') host.tell(pid, { kind: 'refused', socket, by: report })
  else host.tell(pid, { kind: 'unreachable', socket, error, by: report })
}

/** `icmp_err_convert` (net/ipv4/icmp.c) and `icmpv6_err_convert` (net/ipv6/icmp.c), errno by name. */
function errorOf({ source, type, code }: IcmpReport): Unreachable | 'refused' | undefined {
  if (source.family === 6) {
    if (type === 2) return 'too-big'
    if (type === 3) return 'host-unreachable'
    if (type !== 1) return undefined
    if (code === 4) return 'refused'
    return code === 0 ? 'network-unreachable' : code === 2 || code === 3 ? 'host-unreachable' : 'prohibited'
  }
  if (type === 11) return 'host-unreachable'
  if (type !== 3) return undefined
  if (code === 3) return 'refused'
  if (code === 4) return 'too-big'
  if (code === 2) return 'prohibited'
  return [0, 5, 6, 9, 11].includes(code) ? 'network-unreachable' : 'host-unreachable'
}

/** `send()` has failed: UDP and ping say so at once, TCP goes on trying. */
export function sendFailed(packet: Packet, errno: number, host: HostDraft): void {
  const skb = new Skb(packet.family, packet.bytes)
  const error = errnoText(errno)
  const at = skb.transportOffset
  if (skb.protocol === IPPROTO_UDP) {
    const socket = findListener(host.udpSockets, skb.source, skb.u16(at))
    if (socket === undefined) return
    const remote = { address: skb.destination, port: skb.u16(at + 2) }
    host.tell(socket.pid, { kind: 'datagram-error', socket: socket.id, remote, error, by: undefined })
  } else if (skb.protocol === IPPROTO_ICMP || skb.protocol === IPPROTO_ICMPV6) {
    const type = skb.bytes[at]!
    if (type !== 8 && type !== 128) return
    host.tell(skb.u16(at + 4), { kind: 'echo-error', sequence: skb.u16(at + 6), error, by: undefined })
  }
}

export function errnoText(errno: number): Unreachable {
  if (errno === Errno.EPERM) return 'not-permitted'
  if (errno === Errno.EACCES) return 'prohibited'
  if (errno === Errno.EMSGSIZE) return 'too-big'
  return errno === Errno.EHOSTUNREACH ? 'host-unreachable' : 'network-unreachable'
}
