import { readWord } from '../address.ts'
import {
  type Connection,
  CtInfo,
  type Direction,
  ORIGINAL,
  type TcpTracking,
} from '../conntrack/connection.ts'
import { Change } from '../conntrack/events.ts'
import { TCP_ACK, TCP_RST, TCP_SYN } from '../conntrack/tcp-segment.ts'
import { TcpState } from '../conntrack/tcp-table.ts'
import { initSequenceAdjustment } from '../nat/sequence-adjust.ts'
import { patchWord32 } from '../packet/checksum.ts'
import { pullFragments } from '../packet/fragments.ts'
import { IPPROTO_TCP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { Verdict } from '../rules/extension.ts'
import type { Transaction } from '../transaction.ts'
import { readOptions, type SegmentOptions, timestampAt } from './options.ts'
import { ACK, sendSegment, tcpHeaderAt } from './segments.ts'
import { openToServer } from './target.ts'

/**
 * What SYNPROXY does with the segments of connections that it opened, just before they are confirmed in INPUT and
 * POSTROUTING (`ipv4_synproxy_hook`): it learns from its own SYN how the client numbers what the server sends, answers
 * the server's SYN/ACK for the client, tells the client the server's window, and shifts timestamps from then on.
 */
export function synproxyHook(skb: Skb, transaction: Transaction): Verdict {
  const { connection } = skb
  if (connection?.synproxy === undefined || skb.protocol !== IPPROTO_TCP || isLooped(skb, transaction))
    return Verdict.ACCEPT
  const at = tcpHeaderAt(skb)
  const { protocolState } = connection
  if (at < 0) return skb.family === 4 ? Verdict.DROP : Verdict.ACCEPT
  const own = transaction.ownConnection(skb)!
  const flags = skb.bytes[at + 13]! & (TCP_SYN | TCP_ACK | TCP_RST)
  const direction = skb.direction!
  switch ((protocolState as TcpTracking).state) {
    case TcpState.CLOSE:
      if ((flags & TCP_RST) !== 0 && direction !== ORIGINAL) {
        const offset = (own.synproxy!.isn - skb.u32(at + 4) + 1) | 0
        initSequenceAdjustment(own, direction, offset)
        tell('the server resets: in the numbers that the client knows', transaction)
        break
      }
      if ((flags & (TCP_SYN | TCP_ACK)) !== TCP_SYN || direction !== ORIGINAL) break
      own.synproxy = { ...own.synproxy!, timestampOffset: 0 }
      if (!learn(skb, at, own, transaction)) return Verdict.DROP
      break
    case TcpState.SYN_SENT:
      if ((flags & (TCP_SYN | TCP_ACK)) === TCP_ACK && direction === ORIGINAL)
        return openAgain(skb, at, transaction)
      if (!learn(skb, at, own, transaction)) return Verdict.DROP
      break
    case TcpState.SYN_RECV:
      if ((flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK)) return join(skb, at, own, transaction)
      break
  }
  shiftTimestamp(skb, at, skb.connection!, direction)
  return Verdict.ACCEPT
}

/** `nf_is_loopback_packet` */
function isLooped(skb: Skb, { hook }: Transaction): boolean {
  return skb.inDevice !== '' && (hook === 'INPUT' ? skb.inDevice : skb.outDevice) === 'lo'
}

function tell(what: string, { recorder }: Transaction): void {
  recorder?.add({ kind: 'synproxy', what })
}

/** A keepalive: one less than the number that the ACK of the handshake had. */
function openAgain(skb: Skb, at: number, transaction: Transaction): Verdict {
  const options = readOptions(skb.bytes, at)
  if (options === undefined) return Verdict.DROP
  return openToServer(skb, at, options, skb.u32(at + 4), transaction) ? Verdict.STOLEN : Verdict.DROP
}

/** Our SYN to the server carries what the client was told. False: drop. */
function learn(skb: Skb, at: number, connection: Connection, transaction: Transaction): boolean {
  const options = readOptions(skb.bytes, at)
  if (options === undefined) return false
  const { initialTimestamp, timestampOffset } = connection.synproxy!
  connection.synproxy = {
    isn: skb.u32(at + 8),
    initialTimestamp: options.timestamp?.echo ?? initialTimestamp,
    timestampOffset,
  }
  connection.pendingChanges |= Change.SYNPROXY
  tell(`the client numbers what the server sends from ${connection.synproxy.isn}`, transaction)
  return true
}

/** The server's SYN/ACK: both ends get an ACK, and it goes no further. */
function join(skb: Skb, at: number, connection: Connection, transaction: Transaction): Verdict {
  const read = readOptions(skb.bytes, at)
  if (read === undefined) return Verdict.DROP
  const sequence = skb.u32(at + 4)
  const { isn, initialTimestamp } = connection.synproxy!
  const { timestamp } = read
  if (timestamp !== undefined) {
    const timestampOffset = (timestamp.value - initialTimestamp) >>> 0
    connection.synproxy = { isn, initialTimestamp, timestampOffset }
    connection.pendingChanges |= Change.SYNPROXY
  }
  const offset = (isn - sequence) | 0
  tell(
    `both handshakes are done: from now on the server's sequence numbers are shifted by ${offset}`,
    transaction,
  )
  acknowledge(skb, at, connection, timestamp, transaction)
  const direction = skb.direction!
  const now = transaction.ownConnection(skb)!
  initSequenceAdjustment(now, direction, offset)
  now.pendingChanges |= Change.SEQUENCE_ADJUSTMENT
  openWindow(skb, at, read, transaction)
  return Verdict.STOLEN
}

/** In the client's name (`synproxy_send_server_ack`). To conntrack and NAT it is one more packet of his. */
function acknowledge(
  skb: Skb,
  at: number,
  connection: Connection,
  timestamp: SegmentOptions['timestamp'],
  transaction: Transaction,
): void {
  const { peers } = connection.protocolState as TcpTracking
  sendSegment(
    skb,
    {
      source: skb.destination,
      destination: skb.source,
      sport: skb.u16(at + 2),
      dport: skb.u16(at),
      sequence: skb.u32(at + 8),
      acknowledgment: (skb.u32(at + 4) + 1) >>> 0,
      flags: ACK,
      window: peers[0].maxWindow & 0xffff,
      options: timestamp === undefined ? {} : { timestamp: { value: timestamp.echo, echo: timestamp.value } },
    },
    {},
    'ACK to the server',
    transaction,
  )
}

/** The window was 0 until now: `synproxy_send_client_ack`. */
function openWindow(
  skb: Skb,
  at: number,
  { scale = 0, timestamp }: SegmentOptions,
  transaction: Transaction,
): void {
  sendSegment(
    skb,
    {
      source: skb.source,
      destination: skb.destination,
      sport: skb.u16(at),
      dport: skb.u16(at + 2),
      sequence: (skb.u32(at + 4) + 1) >>> 0,
      acknowledgment: skb.u32(at + 8),
      flags: ACK,
      window: skb.u16(at + 14) >>> scale,
      options: timestamp === undefined ? {} : { timestamp },
    },
    { connection: skb.connection, ctInfo: CtInfo.ESTABLISHED_REPLY },
    "ACK to the client, with the server's window",
    transaction,
  )
}

/** The client has SYNPROXY's clock, the server its own (`synproxy_tstamp_adjust`). */
function shiftTimestamp(skb: Skb, at: number, connection: Connection, direction: Direction): void {
  const { timestampOffset } = connection.synproxy!
  const end = at + (skb.bytes[at + 12]! >> 4) * 4
  if (timestampOffset === 0 || end > skb.bytes.length) return
  pullFragments(skb, end)
  const option = timestampAt(skb.bytes, at)
  if (option < 0) return
  const isOriginal = direction === ORIGINAL
  const place = option + (isOriginal ? 6 : 2)
  const shift = isOriginal ? timestampOffset : -timestampOffset
  patch(skb, at, place, (readWord(skb.bytes, place) + shift) | 0)
}

/** A checksum that is only the pseudo-header's so far knows nothing of options. */
function patch(skb: Skb, at: number, place: number, value: number): void {
  const bytes = skb.writable()
  const checksum = skb.u16(at + 16)
  patchWord32(bytes, at + 16, place, value)
  if (skb.checksumPartial === 0) return
  bytes[at + 16] = checksum >>> 8
  bytes[at + 17] = checksum
}
