import type { Address } from '../address.ts'

/**
 * One direction of a flow: the kernel's `struct nf_conntrack_tuple`.
 *
 * `sport` and `dport` are the kernel's `u.all`: the ports of TCP, UDP, UDPLite, SCTP and DCCP; for ICMP and ICMPv6
 * `sport` is the id and `dport` is `type << 8 | code`; for GRE version 1 (PPTP) the call ids; 0 for everything else.
 * Immutable.
 */
export class Tuple {
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  readonly sport: number
  readonly dport: number
  /** A 32-bit hash of all fields, for the session table; has no meaning outside. */
  readonly hash: number

  constructor(source: Address, destination: Address, protocol: number, sport: number, dport: number) {
    this.source = source
    this.destination = destination
    this.protocol = protocol
    this.sport = sport
    this.dport = dport
    let h = mix(protocol, sport | (dport << 16))
    h = mix(mix(h, source.w0), destination.w0)
    if (source.family === 6) {
      h = mix(mix(mix(h, source.w1), source.w2), source.w3)
      h = mix(mix(mix(h, destination.w1), destination.w2), destination.w3)
    }
    this.hash = h ^ (h >>> 15)
  }

  equals(other: Tuple): boolean {
    return (
      this.hash === other.hash &&
      this.protocol === other.protocol &&
      this.sport === other.sport &&
      this.dport === other.dport &&
      this.source.equals(other.source) &&
      this.destination.equals(other.destination)
    )
  }

  get family(): 4 | 6 {
    return this.source.family
  }
}

/**
 * What packets in reply look like: ends swapped, and for ICMP the answering type (`nf_ct_invert_tuple`).
 * Undefined for an ICMP type that nothing answers, such as an error.
 */
export function invertTuple(tuple: Tuple): Tuple | undefined {
  const { source, destination, protocol, sport, dport } = tuple
  if (protocol !== 1 && protocol !== 58) return new Tuple(destination, source, protocol, dport, sport)
  const answer = (protocol === 1 ? ICMP_ANSWERS : ICMPV6_ANSWERS).get(dport >>> 8)
  if (answer === undefined) return undefined
  return new Tuple(destination, source, protocol, sport, (answer << 8) | (dport & 0xff))
}

/** Echo, timestamp, information and address mask; `invmap` of nf_conntrack_proto_icmp.c. */
const ICMP_ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
])

/** Echo and node information; `invmap` of nf_conntrack_proto_icmpv6.c. */
const ICMPV6_ANSWERS: ReadonlyMap<number, number> = new Map([
  [128, 129],
  [129, 128],
  [139, 140],
  [140, 139],
])

function mix(h: number, word: number): number {
  h = Math.imul(h ^ word, 0x9e3779b1)
  return h ^ (h >>> 16)
}
