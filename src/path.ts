import type { Family } from './address.ts'
import { answerDetour, answerError, answerReject, answerUnroutable } from './answers.ts'
import { forgetLostCalls, sweepExpired } from './conntrack/destroy.ts'
import { runHook } from './hooks.ts'
import { checkForward, checkSize, decreaseTtl, type ForwardDrop, NOT_FOR_US } from './ip/forward.ts'
import { inputRoute } from './ip/input-route.ts'
import { localOutput } from './ip/local-output.ts'
import { forwardOptions, receiveOptions } from './ip/options.ts'
import { Errno } from './ip/output-route.ts'
import { receive } from './ip/receive.ts'
import type { InputRoute } from './ip/route.ts'
import type { Arrival, StepResult } from './outcome.ts'
import { duplicate, postrouting, reroute, send } from './output.ts'
import { expireFragments, pullFragments } from './packet/fragments.ts'
import { Packet } from './packet/packet.ts'
import { IPPROTO_TCP } from './packet/protocols.ts'
import { ChecksumState, Skb } from './packet/skb.ts'
import { Verdict } from './rules/extension.ts'
import { reassembleInto } from './stages.ts'
import type { Path, Transaction } from './transaction.ts'

type Received = Extract<Arrival, { device: string }>
type Sent = Extract<Arrival, { local: true }>

/**
 * One arrival, from its device (or its local sender) to where it ends, with everything that it sets off: answers of
 * the box itself, and its second way through when it goes to an address of the box over `lo`. What each hook does on the
 * way is drawn in hooks.ts; from POSTROUTING to the device, and what the box sends itself, is output.ts.
 *
 * @throws RangeError when the device does not exist, TypeError where there is no packet
 */
export function arrive(transaction: Transaction, arrival: Arrival): StepResult {
  refuseNoPacket(arrival)
  const result = transaction.begin()
  transaction.inSoftirq = !('local' in arrival)
  forgetOldFragments(transaction)
  if ('local' in arrival) sendLocally(arrival, transaction)
  else receiveFrom(arrival, transaction)
  const { looped } = transaction
  while (looped.length > 0) receiveLooped(looped.shift()!, transaction)
  forgetLostCalls(transaction)
  sweepExpired(transaction)
  return result
}

/** For JavaScript: a packet without its device, or a text that nobody has parsed. */
function refuseNoPacket({ packet }: { readonly packet: unknown }): void {
  if (typeof packet === 'object' && packet !== null && (packet instanceof Uint8Array || 'bytes' in packet))
    return
  throw new TypeError(
    `an arrival is { device, packet } or { local: true, packet }, its packet made by tcp(…), udp(…) … or Packet.parse('…'), not ${typeof packet}`,
  )
}

/**
 * Fragments whose time is up. IPv4 tells the sender only if the rest would have been for the box itself, IPv6 always;
 * both only about a first fragment (`ip_expire`, `ip6frag_expire_frag_queue`).
 */
function forgetOldFragments(transaction: Transaction): void {
  if (transaction.fragments.pending.length === 0) return
  const { queue, expired } = expireFragments(transaction.fragments, transaction.nowMs)
  transaction.fragments = queue
  for (const { first, family, device } of expired) {
    if (first === undefined) continue
    const skb = new Skb(family, first)
    skb.inDevice = device
    const route = inputRoute(transaction.routing(family), device, skb.source, skb.destination, skb.protocol)
    skb.routeType = route.type
    if (family === 6 || route.kind === 'local')
      answerError(skb, { type: family === 4 ? 11 : 3, code: 1, info: 0 }, transaction)
  }
}

/** A packet comes in on a device. */
function receiveFrom(arrival: Received, transaction: Transaction): void {
  const bytes = arrival.packet instanceof Uint8Array ? arrival.packet : arrival.packet.bytes
  const family = versionOf(bytes)
  const device = transaction.routing(family).devices.get(arrival.device)
  if (device === undefined) {
    const known = Object.keys(transaction.config.interfaces).join(', ')
    throw new RangeError(`no device '${arrival.device}'; this firewall has ${known || 'none'}`)
  }
  transaction.recorder?.begin(device.name)
  const received = receive(family, bytes, device)
  if (received.accepted) {
    fromPrerouting(arrivedSkb(family, received.bytes, arrival), transaction)
    return
  }
  transaction.discards(received.reason)
  if (received.error !== undefined && received.bytes !== undefined)
    answerError(arrivedSkb(family, received.bytes, arrival), received.error, transaction)
}

/** As a device without link headers tells it. */
function versionOf(bytes: Uint8Array): Family {
  return bytes.length > 0 && bytes[0]! >> 4 === 6 ? 6 : 4
}

function arrivedSkb(family: Family, bytes: Uint8Array, arrival: Received): Skb {
  const skb = new Skb(family, bytes)
  skb.inDevice = arrival.device
  if (arrival.packetType !== undefined) skb.packetType = arrival.packetType
  if (arrival.macSource !== undefined) skb.macSource = arrival.macSource
  if (arrival.mark !== undefined) skb.mark = arrival.mark | 0
  return skb
}

/** What left on `lo` comes in there again, with its mark and its connection. */
function receiveLooped(skb: Skb, transaction: Transaction): void {
  const { inSoftirq } = transaction
  transaction.inSoftirq = true
  if (skb.isAnswer) transaction.answering++
  const received = receive(
    skb.family,
    skb.bytes,
    transaction.routing(skb.family).devices.get(skb.inDevice)!,
    true,
  )
  // a raw socket may have sent more than the header says
  if (received.bytes !== undefined && received.bytes !== skb.bytes) skb.replace(received.bytes)
  // what is refused before any hook makes no way of its own
  if (received.accepted) transaction.recorder?.begin(skb.inDevice)
  if (received.accepted) fromPrerouting(skb, transaction)
  else {
    transaction.discards(received.reason)
    if (received.error !== undefined) answerError(skb, received.error, transaction)
  }
  if (skb.isAnswer) transaction.answering--
  transaction.inSoftirq = inSoftirq
}

/** PREROUTING, then routing decides: up to a local process, or through. */
function fromPrerouting(skb: Skb, transaction: Transaction): void {
  if (runHook('PREROUTING', skb, transaction) !== Verdict.ACCEPT) return
  // a looped packet was routed when it was sent, and DNAT alone takes that from it
  if (skb.outputRoute !== undefined) {
    if (skb.family === 4 && skb.transportOffset > 20 && !readOptions(skb, transaction)) return
    // TEE hands packets for a group to a gateway: what is heard of them has the gateway's route, and is not for it
    if (skb.outputRoute.loops === 'none') transaction.discards(NOT_FOR_US.reason)
    else deliver(skb, transaction)
    return
  }
  pullTcpHeader(skb)
  const table = transaction.routing(skb.family)
  const route = inputRoute(table, skb.inDevice, skb.source, skb.destination, skb.protocol)
  skb.routeType = route.type
  const { kind } = route
  if (kind === 'drop') {
    transaction.discards(route.reason)
    return
  }
  if (kind !== 'no-route')
    transaction.recorder?.add({ kind: 'routed', to: kind, device: route.device, why: route.reason })
  if (skb.family === 4 && skb.transportOffset > 20 && !readOptions(skb, transaction)) return
  if (kind === 'local') deliver(skb, transaction)
  else if (kind === 'forward') forward(skb, route, transaction)
  else {
    transaction.discards(route.reason)
    if (route.error !== undefined) answerUnroutable(skb, route.error, transaction)
  }
}

const TCP_HEADER_LENGTH = 20

/**
 * The search for a socket before routing (`tcp_v4_early_demux`) pulls the TCP header together, which shows in how a
 * datagram is cut again whose first fragment ends within it. In IPv6 such a fragment does not get this far.
 */
function pullTcpHeader(skb: Skb): void {
  if (skb.protocol === IPPROTO_TCP) pullFragments(skb, skb.transportOffset + TCP_HEADER_LENGTH)
}

/** IPv4 options are looked at between routing and the next hook. False: the packet is dropped. */
function readOptions(skb: Skb, transaction: Transaction): boolean {
  const { inDevice, routeType: type } = skb
  const context = {
    table: transaction.routing(4),
    inDevice,
    type,
    milliseconds: transaction.nowMs % 86_400_000,
  }
  const result = receiveOptions(skb, context)
  skb.ipv4Options = result.options
  if (result.accepted) return true
  transaction.discards(result.reason)
  if (result.error !== undefined) answerError(skb, result.error, transaction)
  return false
}

/** To a local process (`ip_local_deliver`, `ip6_input`). IPv4 puts fragments together here at the latest. */
function deliver(skb: Skb, transaction: Transaction): void {
  const isFragment = skb.family === 4 && (skb.fragmentOffset !== 0 || skb.moreFragments)
  if (isFragment && reassembleInto(skb, 'local-delivery', transaction) !== Verdict.ACCEPT) return
  if (runHook('INPUT', skb, transaction) !== Verdict.ACCEPT) return
  const packet = new Packet(skb.share(), skb.family)
  const { result } = transaction
  result.delivered ??= []
  result.delivered.push({ device: skb.inDevice, packet, mark: skb.mark, answer: skb.isAnswer })
  transaction.recorder?.add({ kind: 'delivered', device: skb.inDevice, packet: packet.bytes })
  transaction.ends({ kind: 'delivered', device: skb.inDevice })
}

/** Through the box: TTL and size are checked before FORWARD, whose rules see the lower TTL. */
function forward(skb: Skb, route: InputRoute, transaction: Transaction): void {
  const table = transaction.routing(skb.family)
  if (refuses(checkForward(skb, route, table, skb.ipv4Options), skb, transaction)) return
  if (skb.family === 6) answerDetour(skb, route, transaction)
  if (refuses(checkSize(skb, route), skb, transaction)) return
  decreaseTtl(skb)
  if (skb.family === 4) answerDetour(skb, route, transaction)
  // `skb_forward_csum`
  if (skb.checksumState === ChecksumState.SUMMED) skb.checksumState = ChecksumState.NONE
  skb.outDevice = route.device
  skb.nextHop = route.via
  skb.routeMtu = route.mtu
  if (runHook('FORWARD', skb, transaction) !== Verdict.ACCEPT) return
  if (skb.ipv4Options !== undefined) forwardOptions(skb, skb.ipv4Options, table, route.device)
  postrouting(skb, transaction)
}

function refuses(refusal: ForwardDrop | undefined, skb: Skb, transaction: Transaction): boolean {
  if (refusal === undefined) return false
  transaction.discards(refusal.reason)
  if (refusal.error !== undefined) answerError(skb, refusal.error, transaction)
  return true
}

/** A raw socket sends (`IP_HDRINCL`, or `IPPROTO_RAW` in IPv6). */
function sendLocally(arrival: Sent, transaction: Transaction): void {
  transaction.recorder?.begin('')
  const { packet } = arrival
  const bytes = packet instanceof Uint8Array ? packet : packet.bytes
  const family = packet instanceof Uint8Array ? versionOf(packet) : packet.family
  const made = localOutput(transaction.routing(family), bytes, {
    ...(arrival.boundDevice !== undefined && { device: arrival.boundDevice }),
    id: transaction.packetId(),
  })
  if (!('bytes' in made)) {
    transaction.result.errno = made.errno
    transaction.discards(made.reason)
    return
  }
  const skb = new Skb(family, made.bytes)
  skb.isLocal = true
  skb.socket = arrival.socket
  if (arrival.mark !== undefined) skb.mark = arrival.mark | 0
  transaction.recorder?.add({
    kind: 'routed',
    to: 'output',
    device: made.route.device,
    why: made.route.reason,
  })
  // raw_send_hdrinc hands back what the hooks said: NF_DROP is EPERM
  if (!send(skb, made.route, transaction)) transaction.result.errno ||= Errno.EPERM
}

/** What stages ask for that send or route packets from within a hook: the transaction hands it to them. */
export const PATH: Path = { send, reroute, reject: answerReject, duplicate, receiveLooped }
