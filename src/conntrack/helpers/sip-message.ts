import type { Family } from '../../address.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackNat } from '../context.ts'
import type { Tuple } from '../tuple.ts'
import { tcpPayload } from './payload.ts'
import type { Span, Text } from './sip-text.ts'

/** What the helper remembers of a connection: `struct nf_ct_sip_master`. */
export interface SipState {
  /** CSeq of the last REGISTER and of the last INVITE. */
  readonly registerCseq: number
  readonly inviteCseq: number
  /** Where a phone listens that sends its requests from another port, if not 0. */
  readonly forcedPort: number
}

const NOTHING_SAID: SipState = { registerCseq: 0, inviteCseq: 0, forcedPort: 0 }

/** One message of SIP in the bytes of a packet, while it is read and rewritten. */
export class SipMessage implements Text {
  readonly skb: Skb
  readonly start: number
  /** Moves when the message becomes longer or shorter. */
  end: number
  readonly connection: Connection
  readonly direction: Direction
  readonly context: ConntrackContext

  constructor(
    skb: Skb,
    start: number,
    end: number,
    connection: Connection,
    direction: Direction,
    context: ConntrackContext,
  ) {
    this.skb = skb
    this.start = start
    this.end = end
    this.connection = connection
    this.direction = direction
    this.context = context
  }

  get bytes(): Uint8Array {
    return this.skb.bytes
  }

  get family(): Family {
    return this.connection.original.family
  }

  /** What packets of the message's direction look like before translation. */
  get here(): Tuple {
    return this.connection.tuple(this.direction)
  }

  /** What packets of the other direction look like: its destination is the speaker as the listener sees it. */
  get there(): Tuple {
    return this.connection.tuple(this.direction === ORIGINAL ? REPLY : ORIGINAL)
  }

  /** Undefined where the connection is not translated: then nothing is rewritten. */
  get nat(): ConntrackNat | undefined {
    return this.connection.has(Status.SRC_NAT | Status.DST_NAT) ? this.context.nat : undefined
  }

  get state(): SipState {
    return (this.connection.helperState as SipState | undefined) ?? NOTHING_SAID
  }

  remember(changed: Partial<SipState>): void {
    this.connection.helperState = { ...this.state, ...changed } satisfies SipState
  }

  /** Puts a text in the place of another one. False: the packet would get too long. */
  replace(span: Span, text: string): boolean {
    const { skb, nat } = this
    const length = span.end - span.start
    const isTcp = this.connection.original.protocol === IPPROTO_TCP
    const offset = span.start - (isTcp ? tcpPayload(skb.bytes, skb.transportOffset) : skb.transportOffset + 8)
    const done = isTcp
      ? nat!.replaceTcpPayload(skb, offset, length, text)
      : nat!.mangleUdpPayload(skb, offset, length, text)
    if (done) this.end += text.length - length
    return done
  }

  /** The packet's end, and why. */
  drop(why: string): 'drop' {
    this.context.recorder?.add({ kind: 'conntrack-helper', helper: 'sip', what: why })
    return 'drop'
  }
}
