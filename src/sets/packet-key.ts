import { type Address, maskOf } from '../address.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { type IpSet, WHOLE } from './ip-set.ts'
import type { SetKey } from './key.ts'
import type { LengthCount } from './lengths.ts'
import { NO_PORT, portOf } from './ports.ts'

/** The `src,dst` words of a rule. */
export type SetFlags = readonly ('src' | 'dst')[]

/**
 * Writes to `key` what a packet shows to a set (the `kadt` functions of net/netfilter/ipset). To test, networks have
 * full length; to add or delete, that of the most specific network which the set has already.
 *
 * @returns false when the packet has nothing to show: no ports, no MAC address, address 0.0.0.0, out of range …
 */
export function packetKey(key: SetKey, set: IpSet, skb: Skb, flags: SetFlags, testing: boolean): boolean {
  key.reset()
  const { parts, method } = set.shape.type
  if (method === 'bitmap') return bitmapKey(key, set, skb, flags)
  let isSecond = false
  for (let at = 0; at < parts.length; at++) {
    const source = flags[at] === 'src'
    switch (parts[at]!) {
      case 'ip':
      case 'net': {
        const isNet = parts[at] === 'net'
        const address = source ? skb.source : skb.destination
        if (!writeAddress(key, set, address, isSecond, isNet, testing)) return false
        isSecond = true
        break
      }
      case 'port':
        key.port = portOf(skb, source)
        if (key.port === NO_PORT) return false
        break
      case 'iface':
        key.iface = source ? skb.inDevice : skb.outDevice
        if (key.iface === '') return false
        break
      case 'mark':
        key.b0 = skb.mark & (set.definition.markmask ?? -1)
        break
      case 'mac':
        if (!writeMac(key, skb, source)) return false
        break
      case 'set':
        return false
      default:
        return parts[at]! satisfies never
    }
  }
  return true
}

/** A zero address is never in a set that masks addresses (the types with `netmask`); elsewhere it is simply not found. */
function writeAddress(
  key: SetKey,
  set: IpSet,
  address: Address,
  isSecond: boolean,
  isNet: boolean,
  testing: boolean,
): boolean {
  const { shape } = set
  const lengths = isSecond ? set.lengthsB : set.lengthsA
  const length = isNet && !testing ? mostSpecific(lengths, shape.hostLength) : shape.hostLength
  const mask = isNet && !testing ? maskOf(address.family, length) : shape.mask
  if (isSecond) key.setB(address, isNet ? mask : WHOLE[address.family])
  else key.setA(address, mask)
  if (!isNet) return isSecond || set.shape.type.parts.length > 2 || (key.a0 | key.a1 | key.a2 | key.a3) !== 0
  if (isSecond) key.lengthB = length
  else key.lengthA = length
  return true
}

function mostSpecific(lengths: readonly LengthCount[], hostLength: number): number {
  return lengths[0]?.length ?? hostLength
}

function bitmapKey(key: SetKey, set: IpSet, skb: Skb, flags: SetFlags): boolean {
  const { range, netmask } = set.definition
  const source = flags[0] === 'src'
  if (range === undefined) return false
  if (set.shape.type.parts[0] === 'port') {
    const port = portOf(skb, source)
    const protocol = port >> 16
    if (port === NO_PORT || (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP)) return false
    key.port = port & 0xffff
    return key.port >= range.first && key.port <= range.last
  }
  // the two bitmap types of addresses are IPv4's
  const word = (source ? skb.source : skb.destination).w0
  if (word >>> 0 < range.first || word >>> 0 > range.last) return false
  key.a0 = netmask === undefined ? word : word & maskOf(4, netmask).w0
  return !set.shape.learnsMac || writeMac(key, skb, flags[1] === 'src')
}

/** Ethernet's source or destination; a layer-3 device has neither. */
function writeMac(key: SetKey, skb: Skb, source: boolean): boolean {
  const { linkHeader, macSource } = skb
  if (linkHeader !== undefined) {
    const at = source ? 6 : 0
    key.b0 = (linkHeader[at]! << 8) | linkHeader[at + 1]!
    key.b1 =
      (linkHeader[at + 2]! << 24) |
      (linkHeader[at + 3]! << 16) |
      (linkHeader[at + 4]! << 8) |
      linkHeader[at + 5]!
  } else if (source && macSource !== undefined) {
    const digits = macSource.replaceAll(':', '')
    key.b0 = Number.parseInt(digits.slice(0, 4), 16)
    key.b1 = Number.parseInt(digits.slice(4), 16) | 0
  }
  return (key.b0 | key.b1) !== 0
}
