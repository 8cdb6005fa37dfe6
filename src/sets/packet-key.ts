/** What a packet shows of a set's dimensions: the `kadt` functions of net/netfilter/ipset/. */
import { IPPROTO_TCP, IPPROTO_UDP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { ElementKey, PREFIX_MASKS } from './element.ts'
import type { ElementSet, SetOptions } from './ip-set.ts'
import { readPort } from './ports.ts'
import { netDimension, type SetType } from './set-type.ts'

/** The `src,dst` words of a rule. */
export interface Directions {
  /** How many there are; a set with more dimensions never matches. */
  readonly count: number
  /** Bit n: the word for dimension n, from 0, is `src`. */
  readonly sources: number
}

/**
 * @param isTest a lookup, which tries every prefix length; to add or delete, the kernel takes the longest one that the
 *   set has (a whole address in an empty set)
 * @returns undefined where the packet has no such element: wrong ports, no device, out of a bitmap's range
 */
export function packetKey(
  set: ElementSet,
  skb: Skb,
  { sources }: Directions,
  isTest: boolean,
): ElementKey | undefined {
  const key = new ElementKey()
  const { dimensions, method } = set.type
  for (let at = 0; at < dimensions.length; at++) {
    const isSource = (sources & (1 << at)) !== 0
    switch (dimensions[at]) {
      case 'ip':
      case 'net':
        if (at === 0) key.setFirst(isSource ? skb.source : skb.destination)
        else key.setSecond(isSource ? skb.source : skb.destination)
        break
      case 'port':
        if (!readPort(key, skb, isSource)) return undefined
        break
      case 'mac':
        // where a packet goes, the model knows no MAC address of
        key.mac = isSource ? (skb.macSource ?? '') : ''
        if (key.mac === '' || key.mac === '00:00:00:00:00:00') return undefined
        break
      case 'iface':
        key.device = isSource ? skb.inDevice : skb.outDevice
        if (key.device === '') return undefined
        break
      default:
        break
    }
  }
  if (method === 'bitmap') return toBitmap(set, key)
  const net = netDimension(set.type)
  if (net >= 0) {
    key.length = wholeLength(skb.family)
    if (!isTest) maskNet(key, net, set.lengths.longest ?? key.length, skb.family)
    return key
  }
  maskHosts(set.options, key)
  return isStorable(set.type, key) ? key : undefined
}

/** Cuts the key's network to a prefix length. */
export function maskNet(key: ElementKey, net: number, length: number, family: 4 | 6): void {
  const mask = PREFIX_MASKS[family][length]!
  key.length = length
  if (net === 0) key.maskFirst(mask)
  else key.maskSecond(mask)
}

/** Cuts the first address to the set's `netmask` or `bitmask`. */
export function maskHosts({ netmask, bitmask, family }: SetOptions, key: ElementKey): void {
  if (netmask !== undefined && family !== 0) key.maskFirst(PREFIX_MASKS[family][netmask]!)
  else if (bitmask !== undefined) key.maskFirst(bitmask)
}

/** hash:ip and hash:ip,port do not hold the address 0. */
export function isStorable({ method, dimensions }: SetType, key: ElementKey): boolean {
  const isShort = method === 'hash' && dimensions[0] === 'ip' && dimensions.length < 3
  return !isShort || !key.isFirstZero()
}

/** A bitmap's element: inside its range, an address cut to the netmask, a port of TCP or UDP without its protocol. */
function toBitmap(set: ElementSet, key: ElementKey): ElementKey | undefined {
  const [first, last] = set.options.range
  if (set.type.dimensions[0] === 'port') {
    if (key.protocol !== IPPROTO_TCP && key.protocol !== IPPROTO_UDP) return undefined
    key.protocol = 0
    return key.port < first || key.port > last ? undefined : key
  }
  const address = key.a0 >>> 0
  if (address < first || address > last) return undefined
  maskHosts(set.options, key)
  return key
}

function wholeLength(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}
