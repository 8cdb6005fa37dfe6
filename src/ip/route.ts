import type { Address, Prefix } from '../address.ts'

/** An ICMP error to send about a packet. `info`: the header's second word (MTU, pointer, …). */
export interface IcmpError {
  readonly type: number
  readonly code: number
  readonly info: number
}

/** A destination's kind, as far as a packet's way depends on it. */
export type DestinationType = 'unicast' | 'local' | 'broadcast' | 'multicast' | 'anycast' | 'unreachable'

/** Where a received packet goes after PREROUTING. Immutable, and shared between packets. */
export class InputRoute {
  /** 'drop': at once. 'no-route': IPv4 looks at the packet's options first, as if it went on. */
  readonly kind: 'local' | 'forward' | 'drop' | 'no-route'
  /** 'unreachable' for what ends here. ICMP errors are never sent about broadcast and multicast. */
  readonly type: DestinationType
  /** 'forward': the device it leaves by. 'local': the one it came in on. */
  readonly device: string
  readonly via: Address | undefined
  /** Of the way out. */
  readonly mtu: number
  /** What is bigger is refused before FORWARD: for IPv6 the device's MTU, unless the route's is locked. */
  readonly forwardMtu: number
  /** 'no-route': what the sender is told. In IPv4 the kernel allows 5 of these per sender, then 1 a second. */
  readonly error: IcmpError | undefined
  private readonly text: string
  private readonly subject: Address | Prefix | string

  /** @param text the reason, `%` standing for `subject` */
  constructor(
    kind: InputRoute['kind'],
    type: DestinationType,
    way: {
      readonly device: string
      readonly via?: Address | undefined
      readonly mtu: number
      readonly forwardMtu?: number
    },
    error: IcmpError | undefined,
    text: string,
    subject: Address | Prefix | string,
  ) {
    this.kind = kind
    this.type = type
    this.device = way.device
    this.via = way.via
    this.mtu = way.mtu
    this.forwardMtu = way.forwardMtu ?? way.mtu
    this.error = error
    this.text = text
    this.subject = subject
  }

  /** In words, for the trace: "source 127.0.0.1 is a loopback address (route_localnet=0)". */
  get reason(): string {
    return this.text.replace('%', String(this.subject))
  }
}
