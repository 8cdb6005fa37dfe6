import { Address } from '../address.ts'
import { slips } from '../nearest.ts'
import { parseTcpFlags } from '../packet/names.ts'
import type { Packet } from '../packet/packet.ts'
import { IPPROTO_TCP, IPPROTO_UDP, protocolNumber } from '../packet/protocols.ts'
import { Skb } from '../packet/skb.ts'

/** Which packets; what is absent does not matter. */
export interface PacketPattern {
  readonly protocol?: string
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** Exactly these flags: `'SA'` for a SYN/ACK. */
  readonly flags?: string
  /** TCP and UDP: with a payload, or without. */
  readonly hasData?: boolean
}

/** Something bad that a link does to packets, chosen by people and not by chance. */
export interface ImpairmentSpec {
  /** `reorder` is `delay` long enough for what follows to overtake. */
  readonly action: 'drop' | 'duplicate' | 'delay' | 'reorder'
  /** Only packets from this node. */
  readonly from?: string
  readonly match?: PacketPattern | ((packet: Packet) => boolean)
  /** The first one concerned, counted from 1 among those that match from now on. Default 1. */
  readonly nth?: number
  /** How many from there on. Default: 1 if `nth` is given, else all. */
  readonly count?: number
  /** For `delay` (default 100) and `reorder` (default 10). */
  readonly delayMs?: number
}

/** An impairment in force. A value. */
export interface Impairment {
  readonly action: 'drop' | 'duplicate' | 'delay'
  readonly name: string
  readonly from: string | undefined
  readonly matches: (packet: Packet) => boolean
  /** Matching packets to come before the first one concerned. */
  readonly skip: number
  /** How many are still to be treated. */
  readonly left: number
  readonly delayMs: number
}

const ACTIONS: readonly string[] = [
  'drop',
  'duplicate',
  'delay',
  'reorder',
] satisfies ImpairmentSpec['action'][]
const SPEC_KEYS = ['action', 'from', 'match', 'nth', 'count', 'delayMs'] satisfies (keyof ImpairmentSpec)[]
const PATTERN_KEYS = [
  'protocol',
  'source',
  'destination',
  'sourcePort',
  'destinationPort',
  'flags',
  'hasData',
] satisfies (keyof PacketPattern)[]

/** @throws RangeError for a pattern that cannot be */
export function createImpairment(spec: ImpairmentSpec): Impairment {
  const { action, nth, match } = spec
  if (!ACTIONS.includes(action))
    throw new RangeError(`action: '${action}' is not one of ${ACTIONS.join(', ')}`)
  // what is passed over of a pattern makes it fit every packet
  for (const [given, known] of [
    [spec, SPEC_KEYS],
    [match ?? {}, PATTERN_KEYS],
  ] as const)
    for (const { name, meant } of slips(given, known))
      throw new RangeError(`unknown key '${name}': did you mean '${meant}'?`)
  const count = spec.count ?? (nth === undefined ? Number.POSITIVE_INFINITY : 1)
  if (nth !== undefined && !(Number.isInteger(nth) && nth >= 1))
    throw new RangeError(`nth: ${nth} is not a whole number from 1 on`)
  return {
    action: action === 'reorder' ? 'delay' : action,
    name: action,
    from: spec.from,
    matches: typeof match === 'function' ? match : compilePattern(match ?? {}),
    skip: (nth ?? 1) - 1,
    left: count,
    delayMs: spec.delayMs ?? (action === 'reorder' ? 10 : 100),
  }
}

/** What becomes of the impairment when a matching packet has passed it; undefined when it is used up. */
export function afterMatch(impairment: Impairment): Impairment | undefined {
  if (impairment.skip > 0) return { ...impairment, skip: impairment.skip - 1 }
  return impairment.left <= 1 ? undefined : { ...impairment, left: impairment.left - 1 }
}

function compilePattern(pattern: PacketPattern): (packet: Packet) => boolean {
  const protocol = protocolOf(pattern.protocol)
  const source = pattern.source === undefined ? undefined : Address.parse(pattern.source)
  const destination = pattern.destination === undefined ? undefined : Address.parse(pattern.destination)
  const flags = pattern.flags === undefined ? undefined : parseTcpFlags(pattern.flags)
  if (pattern.flags !== undefined && flags === undefined)
    throw new RangeError(`flags: ${JSON.stringify(pattern.flags)} is not made of S F R P A U E C, each once`)
  const { sourcePort, destinationPort, hasData } = pattern
  return packet => {
    const skb = new Skb(packet.family, packet.bytes)
    const at = skb.transportOffset
    if (protocol !== undefined && skb.protocol !== protocol) return false
    if (source !== undefined && !skb.source.equals(source)) return false
    if (destination !== undefined && !skb.destination.equals(destination)) return false
    if (sourcePort !== undefined && skb.u16(at) !== sourcePort) return false
    if (destinationPort !== undefined && skb.u16(at + 2) !== destinationPort) return false
    if (flags !== undefined && (skb.protocol !== IPPROTO_TCP || skb.bytes[at + 13] !== flags)) return false
    return hasData === undefined || hasData === payloadLength(skb) > 0
  }
}

function protocolOf(name: string | undefined): number | undefined {
  if (name === undefined) return undefined
  const number = protocolNumber(name)
  if (number === undefined) throw new RangeError(`protocol: ${name} is not known`)
  return number
}

function payloadLength(skb: Skb): number {
  const at = skb.transportOffset
  if (skb.protocol === IPPROTO_UDP) return skb.length - at - 8
  return skb.protocol === IPPROTO_TCP ? skb.length - at - (skb.bytes[at + 12]! >> 4) * 4 : skb.length - at
}
