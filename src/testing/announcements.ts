import { Address } from '../address.ts'
import type { Packet } from '../packet/packet.ts'
import type { ConversationProtocol } from './conversations.ts'
import { calledAt } from './sip-courses.ts'

/** Where to connect to. */
interface Target {
  readonly address: string
  readonly port: number
}

/**
 * Where a payload tells the other side to connect to.
 *
 * @param speaker the address that the line came from, for the dialects that name none
 */
export function announced(
  protocol: ConversationProtocol,
  packet: Packet,
  speaker: string,
): Target | undefined {
  const target = inPayload(protocol, packet, speaker)
  // there are lines that name an address of the other family, or none at all
  if (target === undefined || Address.tryParse(target.address)?.family !== packet.family) return undefined
  return target
}

function inPayload(protocol: ConversationProtocol, packet: Packet, speaker: string): Target | undefined {
  const text = payloadText(packet)
  switch (protocol) {
    case 'ftp':
      return inFtp(text, speaker)
    case 'irc':
      return inIrc(text)
    case 'amanda':
      return onPort(/DATA (\d+)/.exec(text)?.[1], speaker)
    case 'sane':
      return onPort(text.length < 8 ? undefined : `${text.charCodeAt(6) * 256 + text.charCodeAt(7)}`, speaker)
    case 'sip':
    case 'sip-tcp':
      return calledAt(text)
    default:
      return undefined
  }
}

/** What a segment or datagram carries, a character a byte. */
export function payloadText({ decoded }: Packet): string {
  if (decoded.kind !== 'tcp' && decoded.kind !== 'udp') return ''
  return Array.from(decoded.payload, byte => String.fromCharCode(byte)).join('')
}

function inFtp(text: string, speaker: string): Target | undefined {
  const short = /(\d+,\d+,\d+,\d+),(\d+),(\d+)/.exec(text)
  if (short !== null)
    return {
      address: short[1]!.replaceAll(',', '.'),
      port: (Number(short[2]) * 256 + Number(short[3])) & 0xffff,
    }
  const long = /\|\d?\|([0-9a-f.:]*)\|(\d+)\|/.exec(text)
  return long === null ? undefined : { address: long[1] || speaker, port: Number(long[2]) & 0xffff }
}

function inIrc(text: string): Target | undefined {
  const found = /DCC \w+ \S+ +(\d+) +(\d+)/.exec(text)
  if (found === null) return undefined
  return { address: Address.v4(Number(found[1]) | 0).toString(), port: Number(found[2]) & 0xffff }
}

function onPort(port: string | undefined, address: string): Target | undefined {
  return port === undefined ? undefined : { address, port: Number(port) & 0xffff }
}
