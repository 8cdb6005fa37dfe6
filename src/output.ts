import type { Address } from './address.ts'
import { answerError } from './answers.ts'
import { CtInfo } from './conntrack/connection.ts'
import { runHook } from './hooks.ts'
import { hasJoined, NO_ROUTE_6 } from './ip/input-route.ts'
import { isMulticast } from './ip/interfaces.ts'
import { Errno, type OutputRoute, outputRoute, rerouteOutput } from './ip/output-route.ts'
import { completeChecksum } from './ip/reject.ts'
import { writeIpv4Checksum } from './packet/checksum.ts'
import { cutForOutput, gatherAgain } from './packet/fragments.ts'
import { Packet } from './packet/packet.ts'
import { ChecksumState, Skb } from './packet/skb.ts'
import { Verdict } from './rules/extension.ts'
import type { Hook } from './rules/model.ts'
import type { Transaction } from './transaction.ts'

/** A packet of the box itself, complete and routed: OUTPUT, POSTROUTING, device. False when it was dropped on the way. */
export function send(skb: Skb, route: OutputRoute, transaction: Transaction): boolean {
  takeRoute(skb, route)
  const verdict = runHook('OUTPUT', skb, transaction)
  if (verdict !== Verdict.ACCEPT) return verdict === Verdict.STOLEN
  const latest = skb.outputRoute!
  if (latest !== route) takeRoute(skb, latest)
  if (latest.loops === 'refused') {
    transaction.discards('no route')
    answerError(skb, NO_ROUTE_6, transaction)
    return true
  }
  if (skb.family === 4 && latest.loops === 'copy') {
    hearCopies(skb, [skb.share()], transaction)
    if (latest.type === 'multicast' && skb.ttl === 0) {
      transaction.discards('to a group with TTL 0: it does not leave the box')
      return true
    }
  }
  return postrouting(skb, transaction)
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
 * in again on the device that it leaves by. IPv4 does it before the packet itself passes POSTROUTING (`ip_mc_output`),
 * IPv6 behind that, piece by piece (`ip6_finish_output2`).
 */
function hearCopies(skb: Skb, pieces: readonly Uint8Array[], transaction: Transaction): void {
  // a sender in process context runs the softirq that receives the copy at once, a table that is being walked (TEE) and
  // an answer within one do not
  const atOnce = transaction.runsSoftirqs
  for (const bytes of pieces) {
    const heard = hear(copyOf(skb, bytes), skb, transaction)
    if (heard && atOnce) transaction.path.receiveLooped(transaction.looped.pop()!, transaction)
  }
}

/** What IPv6 hands to a device for a group: heard here too if we have joined it, and not everything gets beyond that. */
function leavesForGroup(skb: Skb, pieces: readonly Uint8Array[], transaction: Transaction): boolean {
  const device = transaction.routing(6).devices.get(skb.outDevice)!
  if (hasJoined(device, skb.destination)) {
    hearCopies(skb, pieces, transaction)
    if (skb.ttl === 0) {
      transaction.discards('to a group with hop limit 0: it does not leave the box')
      return false
    }
  }
  const scope = skb.bytes[25]! & 15
  if (scope <= INTERFACE_LOCAL) transaction.discards('interface-local multicast does not leave the box')
  return scope > INTERFACE_LOCAL
}

const INTERFACE_LOCAL = 1

/** What was put together again is cut again. */
function pieces(skb: Skb, transaction: Transaction): readonly Uint8Array[] {
  const cut = skb.fragmentMaxSize > 0 ? cutForOutput(skb, skb.routeMtu, transaction.nextPacketId) : undefined
  return cut?.kind === 'fragments' ? cut.packets : [skb.share()]
}

function copyOf(skb: Skb, bytes: Uint8Array): Skb {
  const copy = new Skb(skb.family, bytes)
  copy.mark = skb.mark
  copy.connection = skb.connection
  copy.ctInfo = skb.ctInfo
  copy.isAnswer = true
  copy.outDevice = skb.outDevice
  copy.outputRoute = skb.outputRoute
  return copy
}

function fragmentOf(skb: Skb, bytes: Uint8Array): Skb {
  const fragment = copyOf(skb, bytes)
  fragment.isAnswer = skb.isAnswer
  return fragment
}

function hear(copy: Skb, skb: Skb, transaction: Transaction): boolean {
  copy.checksumState = skb.checksumState
  if (runHook('POSTROUTING', copy, transaction) !== Verdict.ACCEPT) return false
  copy.packetType = 'loopback'
  copy.checksumState = ChecksumState.UNNECESSARY
  loopBack(copy, copy.outDevice, transaction)
  return true
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
  transaction.looped.push(skb)
}

/** What `send()` returns, if this is the packet that was sent. */
function tellSender(skb: Skb, errno: number, transaction: Transaction): void {
  if (skb.isLocal && !skb.isAnswer) transaction.result.errno = errno
}

/** Routes a packet in OUTPUT again after mangle or nat has changed something that routing looks at. */
export function reroute(skb: Skb, transaction: Transaction): Verdict {
  const table = transaction.routing(skb.family)
  const route = rerouteOutput(table, skb.source, skb.destination, skb.outputRoute?.device ?? skb.outDevice)
  if (route.errno !== 0) {
    transaction.discards(route.reason)
    tellSender(skb, route.errno, transaction)
    return Verdict.DROP
  }
  // the rest of OUTPUT still matches -o against the device of the first route (`nf_hook_state.out`)
  skb.outputRoute = route
  skb.routeType = route.type
  transaction.recorder?.add({
    kind: 'routed',
    to: 'output',
    device: route.device,
    why: `again: ${route.reason}`,
  })
  return Verdict.ACCEPT
}

/** POSTROUTING, then the device. False when nothing left, and nobody (SYNPROXY) has taken it either. */
export function postrouting(skb: Skb, transaction: Transaction): boolean {
  const verdict = runHook('POSTROUTING', skb, transaction)
  if (verdict !== Verdict.ACCEPT) return verdict === Verdict.STOLEN
  if (skb.outDevice === 'lo') {
    const parts = pieces(skb, transaction)
    // IPv4's pieces are put together at once when they come in, unless they are untracked
    const isGathered = skb.family === 4 && skb.ctInfo !== CtInfo.UNTRACKED
    if (isGathered && skb.fragmentMaxSize > 0) gatherAgain(skb, parts)
    if (isGathered || parts[0] === skb.bytes) loopBack(skb, 'lo', transaction)
    else for (const bytes of parts) loopBack(fragmentOf(skb, bytes), 'lo', transaction)
    return true
  }
  completeChecksum(skb)
  const parts = cutForDevice(skb, transaction)
  if (parts === undefined) return false
  const isForGroup = skb.family === 6 && isMulticast(skb.destination)
  if (isForGroup && !leavesForGroup(skb, parts, transaction)) return true
  for (const bytes of parts) emit(skb, bytes, transaction)
  transaction.ends({ kind: skb.inDevice === '' ? 'sent' : 'forwarded', device: skb.outDevice })
  return true
}

/** Undefined: it is too big and nobody may cut it. */
function cutForDevice(skb: Skb, transaction: Transaction): readonly Uint8Array[] | undefined {
  const cut = cutForOutput(skb, skb.routeMtu, transaction.nextPacketId)
  switch (cut.kind) {
    case 'as-is':
      return [skb.share()]
    case 'fragments':
      transaction.packetId()
      return cut.packets
    case 'too-big':
      transaction.discards(`bigger than the MTU ${cut.mtu} of ${skb.outDevice}`)
      tellSender(skb, Errno.EMSGSIZE, transaction)
      answerError(
        skb,
        skb.family === 4 ? { type: 3, code: 4, info: cut.mtu } : { type: 2, code: 0, info: cut.mtu },
        transaction,
      )
      return undefined
    case 'malformed':
      transaction.discards('its extension headers cannot be repeated in every fragment')
      tellSender(skb, Errno.EINVAL, transaction)
      return undefined
    default:
      return cut satisfies never
  }
}

function emit(skb: Skb, bytes: Uint8Array, transaction: Transaction): void {
  const device = skb.outDevice
  const packet = new Packet(bytes, skb.family)
  const nextHop = skb.nextHop ?? skb.destination
  const { result } = transaction
  result.emitted ??= []
  result.emitted.push({ device, packet, nextHop, answer: skb.isAnswer })
  transaction.recorder?.add({ kind: 'emitted', device, packet: bytes })
}

/**
 * `-j TEE` (net/ipv4/netfilter/nf_dup_ipv4.c): the copy has no connection, leaves towards the gateway, and passes OUTPUT
 * and POSTROUTING. What is sent while a copy is on its way is not copied again.
 */
export function duplicate(
  skb: Skb,
  gateway: Address,
  device: string | undefined,
  transaction: Transaction,
): void {
  if (transaction.duplicating || transaction.copies++ >= MOST_COPIES) return
  const table = transaction.routing(skb.family)
  // a device that is not there asks for nothing
  const known = device !== undefined && table.devices.has(device) ? device : undefined
  const route = outputRoute(table, gateway, { device: known })
  if (route.errno !== 0) return
  const copy = new Skb(skb.family, copiedBytes(skb, transaction.hook))
  copy.mark = skb.mark
  copy.isAnswer = true
  copy.ctInfo = CtInfo.UNTRACKED
  // the fragments themselves stay with the original, so the copy is cut anew
  copy.fragmentMaxSize = skb.fragmentMaxSize
  copy.checksumState = skb.checksumState
  copy.checksumWasRight = skb.checksumWasRight
  transaction.answering++
  transaction.duplicating = true
  send(copy, route.through(gateway), transaction)
  transaction.duplicating = false
  transaction.answering--
}

/** A copy that goes to the box itself can be copied again when it comes in, and so on: the kernel never ends, we do. */
const MOST_COPIES = 1000

/** One hop less against loops between two hosts, and IPv4's DF so that the source hears of a smaller MTU. */
function copiedBytes(skb: Skb, hook: Hook): Uint8Array {
  const bytes = skb.bytes.slice()
  const hops = skb.family === 4 ? 8 : 7
  if (hook === 'PREROUTING' || hook === 'INPUT') bytes[hops] = (bytes[hops]! - 1) & 0xff
  if (skb.family === 4) {
    bytes[6] = bytes[6]! | 0x40
    writeIpv4Checksum(bytes)
  } else {
    // __ip6_local_out
    const length = bytes.length - 40
    bytes[4] = length >>> 8
    bytes[5] = length
  }
  return bytes
}
