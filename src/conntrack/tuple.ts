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

function mix(h: number, word: number): number {
  h = Math.imul(h ^ word, 0x9e3779b1)
  return h ^ (h >>> 16)
}
