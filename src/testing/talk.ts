import type { Packet } from '../packet/packet.ts'
import { announced, payloadText } from './announcements.ts'
import type { Conversation, End } from './conversations.ts'
import type { Line } from './course-lines.ts'
import { courseOf } from './courses.ts'
import { HELPED, isHelped } from './helper-courses.ts'
import { NO_CALL_ID } from './pptp-courses.ts'
import { renewedTag } from './sctp-talk.ts'
import { callerOf } from './sip-courses.ts'

/** A conversation under way: how far it is, and what its sides know. */
export class Talk {
  readonly conversation: Conversation
  readonly sides: [Side, Side]
  line = 0

  constructor(conversation: Conversation) {
    this.conversation = conversation
    const { client, server, initialSequence } = conversation
    this.sides = [
      side(client, server, initialSequence[0], 0),
      side(server, client, initialSequence[1], initialSequence[0]),
    ]
  }

  nextLine(): Line {
    const course = courseOf(this.conversation)
    if (this.line > 0 && this.line % course.length === 0) this.startAgain()
    return course[this.line++ % course.length]!
  }

  /** The same ports for another connection, some sequence numbers later. */
  private startAgain(): void {
    this.sides[0].next = (this.sides[0].next + 100_000) >>> 0
    this.sides[1].next = (this.sides[1].next + 200_000) >>> 0
    for (const side of this.sides) side.tag = renewedTag(side.tag)
  }
}

/** A side of a conversation, and what it knows of the other one. */
export interface Side {
  readonly at: string
  readonly address: string
  readonly port: number
  peerAddress: string
  peerPort: number
  /** The next byte it will send. */
  next: number
  /** The next byte it expects: what it acknowledges. */
  expects: number
  tag: number
  /** The call id that the other side of a PPTP session has named. */
  heardCall: number
  last: Packet | undefined
  /** The last packet of this side as the other one saw it, and where. */
  seen: { readonly packet: Packet; readonly at: string } | undefined
}

function side(own: End, peer: End, next: number, tag: number): Side {
  const { at, address, port } = own
  const known = { peerAddress: peer.address, peerPort: peer.port }
  return {
    at,
    address,
    port,
    ...known,
    next,
    expects: 0,
    tag: (tag ^ 0x5a5a5a5a) >>> 0,
    heardCall: NO_CALL_ID,
    last: undefined,
    seen: undefined,
  }
}

/** The conversation that one side opens to where the other has told it to; undefined when it has not heard of any. */
export function dataTalk({ conversation, sides }: Talk, who: 0 | 1): Talk | undefined {
  const opener = sides[who]
  const { seen } = sides[1 - who]!
  const fields = { course: 0, initialSequence: [5000, 6000], window: 65535, options: 'none' } as const
  const client = { at: opener.at, address: opener.address }
  const other = { at: conversation[who === 0 ? 'server' : 'client'].at }
  if (conversation.protocol === 'tftp') {
    const server = { ...other, address: opener.peerAddress, port: opener.peerPort }
    return new Talk({ ...fields, protocol: 'udp', client: { ...client, port: 5003 }, server })
  }
  if (isHelped(conversation.protocol) && HELPED[conversation.protocol].isBroadcast) {
    // one of those who heard the broadcast answers, from an address of its own
    const address = opener.address.replace(/255$/, '7')
    const server = { ...other, address: opener.peerAddress, port: opener.peerPort }
    return new Talk({ ...fields, protocol: 'udp', client: { ...client, address, port: opener.port }, server })
  }
  const target =
    seen === undefined ? undefined : announced(conversation.protocol, seen.packet, opener.peerAddress)
  if (target === undefined) return undefined
  if (conversation.protocol === 'sip' || conversation.protocol === 'sip-tcp') {
    const { protocol, port } = callerOf(payloadText(seen!.packet), who, conversation.protocol)
    return new Talk({
      ...fields,
      protocol,
      client: { ...client, port },
      server: { ...other, ...target },
    })
  }
  return new Talk({
    ...fields,
    protocol: 'tcp',
    client: { ...client, port: who === 0 ? 20001 : 20 },
    server: { ...other, ...target },
  })
}
