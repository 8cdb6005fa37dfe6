import type { Address, Family } from './address.ts'
import { answerError, answerReject } from './answers.ts'
import { sweepExpired } from './conntrack/destroy.ts'
import { runHook } from './hooks.ts'
import { forward as forwardChecks } from './ip/forward.ts'
import { inputRoute } from './ip/input-route.ts'
import { localOutput } from './ip/local-output.ts'
import { forwardOptions, receiveOptions } from './ip/options.ts'
import { type OutputRoute, outputRoute, rerouteOutput } from './ip/output-route.ts'
import { receive } from './ip/receive.ts'
import { completeChecksum } from './ip/reject.ts'
import type { InputRoute } from './ip/route.ts'
import type { Arrival, StepResult } from './outcome.ts'
import { cutForOutput, expireFragments } from './packet/fragments.ts'
import { Packet } from './packet/packet.ts'
import { Skb } from './packet/skb.ts'
import { Verdict } from './rules/extension.ts'
import { reassembleInto } from './stages.ts'
import type { Path, Transaction } from './transaction.ts'

type Received = Extract<Arrival, { device: string }>
type Sent = Extract<Arrival, { local: true }>

/**
 * One arrival, from its device (or its local sender) to where it ends, with everything that it sets off: answers of
 * the box itself, and its second way through when it goes to an address of the box over `lo`.
 *
 * @throws RangeError when the device does not exist
 */
export function arrive(transaction: Transaction, arrival: Arrival): StepResult {
  const result = transaction.begin()
  transaction.inSoftirq = !('local' in arrival)
  forgetOldFragments(transaction)
  const bytes = arrival.packet instanceof Uint8Array ? arrival.packet : arrival.packet.bytes
  if ('local' in arrival) sendLocally(bytes, arrival, transaction)
  else receiveFrom(bytes, arrival, transaction)
  for (let skb = transaction.looped.shift(); skb !== undefined; skb = transaction.looped.shift())
    receiveLooped(skb, transaction)
  sweepExpired(transaction)
  return result
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
function receiveFrom(bytes: Uint8Array, arrival: Received, transaction: Transaction): void {
  const family: Family = bytes.length > 0 && bytes[0]! >> 4 === 6 ? 6 : 4
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
  transaction.recorder?.begin(skb.inDevice)
  transaction.inSoftirq = true
  if (skb.isAnswer) transaction.answering++
  const received = receive(
    skb.family,
    skb.bytes,
    transaction.routing(skb.family).devices.get(skb.inDevice)!,
    true,
  )
  if (received.accepted) fromPrerouting(skb, transaction)
  else transaction.discards(received.reason)
  if (skb.isAnswer) transaction.answering--
}

/** PREROUTING, then routing decides: up to a local process, or through. */
function fromPrerouting(skb: Skb, transaction: Transaction): void {
  const { destination } = skb
  if (runHook('PREROUTING', skb, transaction) !== Verdict.ACCEPT) return
  // a looped packet was routed when it was sent, unless DNAT has changed its mind
  if (skb.looped && skb.destination.equals(destination)) {
    if (skb.family === 4 && skb.transportOffset > 20 && !readOptions(skb, transaction)) return
    deliver(skb, transaction)
    return
  }
  const table = transaction.routing(skb.family)
  const route = inputRoute(table, skb.inDevice, skb.source, skb.destination, skb.protocol)
  skb.routeType = route.type
  if (route.kind === 'drop') {
    transaction.discards(route.reason)
    if (route.error !== undefined) answerError(skb, route.error, transaction)
    return
  }
  transaction.recorder?.add({ kind: 'routed', to: route.kind, device: route.device, why: route.reason })
  if (skb.family === 4 && skb.transportOffset > 20 && !readOptions(skb, transaction)) return
  if (route.kind === 'local') deliver(skb, transaction)
  else forward(skb, route, transaction)
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
  transaction.result.delivered.push({ device: skb.inDevice, packet, mark: skb.mark, answer: skb.isAnswer })
  transaction.recorder?.add({ kind: 'delivered', device: skb.inDevice, packet: packet.bytes })
  transaction.ends({ kind: 'delivered', device: skb.inDevice })
}

/** Through the box: TTL and size are checked before FORWARD, whose rules see the lower TTL. */
function forward(skb: Skb, route: InputRoute, transaction: Transaction): void {
  const table = transaction.routing(skb.family)
  const refusal = forwardChecks(skb, route, table, skb.ipv4Options)
  if (refusal !== undefined) {
    transaction.discards(refusal.reason)
    if (refusal.error !== undefined) answerError(skb, refusal.error, transaction)
    return
  }
  skb.outDevice = route.device
  skb.nextHop = route.via
  skb.routeMtu = route.mtu
  if (runHook('FORWARD', skb, transaction) !== Verdict.ACCEPT) return
  if (skb.ipv4Options !== undefined) forwardOptions(skb, skb.ipv4Options, table, route.device)
  if (postrouting(skb, transaction)) transaction.ends({ kind: 'forwarded', device: route.device })
}

/** A raw socket sends (`IP_HDRINCL`, or `IPPROTO_RAW` in IPv6). */
function sendLocally(bytes: Uint8Array, arrival: Sent, transaction: Transaction): void {
  transaction.recorder?.begin('')
  const family: Family = bytes.length > 0 && bytes[0]! >> 4 === 6 ? 6 : 4
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
  send(skb, made.route, transaction)
}

/** A packet of the box itself, complete and routed: OUTPUT, POSTROUTING, device. */
function send(skb: Skb, route: OutputRoute, transaction: Transaction): void {
  takeRoute(skb, route)
  if (runHook('OUTPUT', skb, transaction) !== Verdict.ACCEPT) return
  const latest = skb.outputRoute!
  if (latest !== route) takeRoute(skb, latest)
  const { loops } = latest
  // IPv4 hears its own broadcast before it leaves (`ip_mc_output`), IPv6 after it (`ip6_finish_output2`)
  if (loops === 'copy' && skb.family === 4) hearCopy(skb, transaction)
  const left = postrouting(skb, transaction)
  if (loops === 'copy' && skb.family === 6) hearCopy(skb, transaction)
  if (left && loops !== 'all') transaction.ends({ kind: 'sent', device: skb.outDevice })
}

function takeRoute(skb: Skb, route: OutputRoute): void {
  skb.outDevice = route.device
  skb.nextHop = route.via
  skb.routeMtu = route.mtu
  skb.outputRoute = route
  skb.routeType = route.type
}

/**
 * What is sent to everybody, or to a group that we have joined, is heard here too: a copy passes POSTROUTING and comes
 * in again on the device that it leaves by.
 */
function hearCopy(skb: Skb, transaction: Transaction): void {
  const copy = new Skb(skb.family, skb.share())
  copy.mark = skb.mark
  copy.connection = skb.connection
  copy.ctInfo = skb.ctInfo
  copy.isAnswer = true
  copy.outDevice = skb.outDevice
  copy.packetType = skb.routeType === 'broadcast' ? 'broadcast' : 'multicast'
  copy.checksumVerified = true
  if (runHook('POSTROUTING', copy, transaction) !== Verdict.ACCEPT) return
  loopBack(copy, copy.outDevice, transaction)
  // a sender in process context runs the softirq that receives the copy at once, an answer within one does not
  if (skb.family === 4 && !transaction.inSoftirq) receiveLooped(transaction.looped.pop()!, transaction)
}

/** Ethernet from nobody to nobody, as LOG shows it. */
const LOOPBACK_HEADER = {
  4: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00),
  6: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd),
}

function loopBack(skb: Skb, device: string, transaction: Transaction): void {
  skb.inDevice = device
  skb.outDevice = ''
  if (device === 'lo') skb.linkHeader = LOOPBACK_HEADER[skb.family]
  skb.nextHop = undefined
  skb.socket = undefined
  skb.looped = true
  transaction.looped.push(skb)
}

/** Routes a packet in OUTPUT again after mangle or nat has changed something that routing looks at. */
function reroute(skb: Skb, transaction: Transaction): Verdict {
  const table = transaction.routing(skb.family)
  const route = rerouteOutput(table, skb.source, skb.destination, skb.outputRoute?.device ?? skb.outDevice)
  if (route.errno !== 0) {
    transaction.discards(route.reason)
    return Verdict.DROP
  }
  // the rest of OUTPUT still matches -o against the device of the first route (`nf_hook_state.out`)
  skb.outputRoute = route
  transaction.recorder?.add({
    kind: 'routed',
    to: 'output',
    device: route.device,
    why: `again: ${route.reason}`,
  })
  return Verdict.ACCEPT
}

/** POSTROUTING, then the device. False when nothing left. */
function postrouting(skb: Skb, transaction: Transaction): boolean {
  if (runHook('POSTROUTING', skb, transaction) !== Verdict.ACCEPT) return false
  if (skb.outDevice === 'lo') {
    loopBack(skb, 'lo', transaction)
    return true
  }
  completeChecksum(skb)
  const cut = cutForOutput(skb, skb.routeMtu, transaction.nextPacketId)
  switch (cut.kind) {
    case 'as-is':
      emit(skb, skb.share(), transaction)
      return true
    case 'fragments':
      transaction.packetId()
      for (const bytes of cut.packets) emit(skb, bytes, transaction)
      return true
    case 'too-big':
      transaction.discards(`bigger than the MTU ${cut.mtu} of ${skb.outDevice}`)
      answerError(
        skb,
        skb.family === 4 ? { type: 3, code: 4, info: cut.mtu } : { type: 2, code: 0, info: cut.mtu },
        transaction,
      )
      return false
    default:
      return cut satisfies never
  }
}

function emit(skb: Skb, bytes: Uint8Array, transaction: Transaction): void {
  const device = skb.outDevice
  const packet = new Packet(bytes, skb.family)
  const nextHop = skb.nextHop ?? skb.destination
  transaction.result.emitted.push({ device, packet, nextHop, answer: skb.isAnswer })
  transaction.recorder?.add({ kind: 'emitted', device, packet: bytes })
}

/** `-j TEE` (nf_dup_ipv4): the copy has no connection, leaves towards the gateway, and passes OUTPUT and POSTROUTING. */
function duplicate(skb: Skb, gateway: Address, device: string | undefined, transaction: Transaction): void {
  const route = outputRoute(transaction.routing(skb.family), gateway, { device })
  if (route.errno !== 0) return
  const copy = new Skb(skb.family, skb.bytes.slice())
  copy.mark = skb.mark
  copy.isAnswer = true
  copy.ctInfo = 7
  copy.duplicate = true
  transaction.answering++
  send(copy, { ...route, via: gateway }, transaction)
  transaction.answering--
}

export const PATH: Path = { send, reroute, reject: answerReject, duplicate }
