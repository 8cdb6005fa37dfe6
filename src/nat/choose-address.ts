import { Address } from '../address.ts'
import type { Zone } from '../conntrack/connection.ts'
import type { NatRange } from '../conntrack/nat-range.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { jhash2, networkWord, scaleHash } from '../jhash.ts'
import type { Manip } from './manip.ts'

/**
 * Which address of a range a connection gets: a hash of its source address and destination address, so that one client
 * is always seen as the same address by one server, even across reboots (`find_best_ips_proto`, net/netfilter/nf_nat_core.c).
 * `--persistent` leaves the destination out.
 *
 * The kernel hashes network-order words on a little-endian machine; so do we.
 */
export function chooseAddress(tuple: Tuple, range: NatRange, zone: Zone, manip: Manip): Address {
  const minimum = range.minAddress!
  const maximum = range.maxAddress ?? minimum
  if (minimum.equals(maximum)) return minimum
  const { source, destination } = tuple
  const last = destination.family === 4 ? destination.w0 : destination.w3
  const seed = range.persistent ? 0 : networkWord(last) ^ zone.id
  let hash = jhash2(
    [networkWord(source.w0), networkWord(source.w1), networkWord(source.w2), networkWord(source.w3)],
    seed,
  )
  const words = [0, 0, 0, 0]
  const count = minimum.family === 4 ? 1 : 4
  let fullRange = false
  for (let i = 0; i < count; i++) {
    const from = fullRange ? 0 : word(minimum, i)
    const distance = fullRange ? 0xffffffff : (word(maximum, i) - from + 1) >>> 0
    words[i] = (from + scaleHash(hash, distance)) | 0
    // Below the maximum in one word, the following words are free.
    if (words[i] !== (word(maximum, i) | 0)) fullRange = true
    // The destination as it is by now: a DNAT has just replaced this word.
    if (!range.persistent) hash ^= networkWord(manip === 'destination' ? words[i]! : word(destination, i))
  }
  return new Address(minimum.family, words[0]!, words[1]!, words[2]!, words[3]!)
}

function word(address: Address, index: number): number {
  return (index === 0 ? address.w0 : index === 1 ? address.w1 : index === 2 ? address.w2 : address.w3) >>> 0
}
