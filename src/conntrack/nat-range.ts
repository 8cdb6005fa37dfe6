import type { Address } from '../address.ts'

/** What SNAT, DNAT and their relatives hand to the nat stage: the kernel's `struct nf_nat_range2`. */
export interface NatRange {
  readonly manip: 'source' | 'destination'
  /** Undefined: the address stays. */
  readonly minAddress?: Address
  readonly maxAddress?: Address
  /** Ports, or ICMP ids. Undefined: not specified. */
  readonly minPort?: number
  readonly maxPort?: number
  /** `--to-destination a.b.c.d:1000-2000/1500`: the base of a shifted port map. */
  readonly basePort?: number
  readonly random?: boolean
  readonly randomFully?: boolean
  readonly persistent?: boolean
  /** NETMAP: the host part is kept; `minAddress`/`maxAddress` were computed for this packet. */
  readonly netmap?: boolean
  /** MASQUERADE: remembered in the connection. */
  readonly masqueradeDevice?: string
}
