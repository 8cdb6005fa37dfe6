import { readWord } from '../../address.ts'
import { replaceWord32 } from '../../packet/checksum.ts'
import { pullFragments } from '../../packet/fragments.ts'
import { IPPROTO_UDP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import { expectAnswersToBroadcast } from './broadcast.ts'
import { readSnmp } from './snmp-ber.ts'

const PORT = 161
const TRAP_PORT = 162
const TIMEOUT_MS = 30_000

/**
 * SNMP (RFC 3416): agents are looked for by broadcast, and each that hears it answers; under NAT the addresses in
 * messages change, too. After net/netfilter/nf_conntrack_snmp.c, with the module's `timeout` of 30 seconds, and
 * net/ipv4/netfilter/nf_nat_snmp_basic_main.c.
 */
export const snmp: ConntrackHelper = {
  name: 'snmp',
  protocols: [IPPROTO_UDP],
  maxExpected: [1],
  timeoutMs: [TIMEOUT_MS],
  help(skb, transportOffset, connection, direction, _ctInfo, context) {
    expectAnswersToBroadcast(snmp, PORT, skb, connection, direction, context)
    return translate(skb, transportOffset, connection, direction, context)
  },
}

/** SNMP's notifications: only what NAT changes. */
export const snmpTrap: ConntrackHelper = {
  name: 'snmp_trap',
  protocols: [IPPROTO_UDP],
  maxExpected: [0],
  timeoutMs: [180_000],
  help: (skb, transportOffset, connection, direction, _ctInfo, context) =>
    translate(skb, transportOffset, connection, direction, context),
}

/** The client's address becomes the one that it has outside, in what is said in either direction. */
function translate(
  skb: Skb,
  transportOffset: number,
  connection: Connection,
  direction: Direction,
  context: ConntrackContext,
): 'accept' | 'drop' {
  if (skb.u16(transportOffset) === PORT && direction !== REPLY) return 'accept'
  if (skb.u16(transportOffset + 2) === TRAP_PORT && direction !== ORIGINAL) return 'accept'
  if (context.nat === undefined || !connection.has(Status.SRC_NAT | Status.DST_NAT)) return 'accept'
  const length = skb.u16(transportOffset + 4)
  if (length !== skb.bytes.length - transportOffset) return 'drop'
  pullFragments(skb, skb.bytes.length)
  const from = connection.original.source
  const to = connection.reply.destination
  if (from.equals(to)) return 'accept'
  const payload = transportOffset + 8
  const bytes = skb.writable()
  const isRead = readSnmp(bytes, payload, payload + length - 8, offset => {
    if (readWord(bytes, offset) !== from.w0) return
    const isOdd = (offset - payload) % 2 === 1
    const at = transportOffset + 6
    if (skb.u16(at) !== 0)
      writeChecksum(bytes, at, replaceWord32(swapped(skb.u16(at), isOdd), from.w0, to.w0), isOdd)
    to.write(bytes, offset)
  })
  return isRead ? 'accept' : 'drop'
}

function writeChecksum(bytes: Uint8Array, at: number, checksum: number, isOdd: boolean): void {
  const value = swapped(checksum, isOdd)
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** At an odd offset the bytes of a 16-bit sum change places (RFC 1071, 2). */
function swapped(sum: number, isOdd: boolean): number {
  return isOdd ? ((sum & 0xff) << 8) | (sum >>> 8) : sum
}
