import type { SynproxyOffer } from '../rules/extension.ts'

const END = 0
const NOP = 1
const MSS = 2
const WINDOW = 3
const SACK_PERMITTED = 4
const TIMESTAMP = 8
const MAX_WINDOW_SCALE = 14

/** The options of a segment that SYNPROXY cares about; absent for those that it has not (`synproxy_parse_options`). */
export interface SegmentOptions {
  mss?: number
  scale?: number
  sackPermitted?: boolean
  timestamp?: { value: number; echo: number }
  /** Not an option but two flags: the client would have explicit congestion notification. */
  ecn?: boolean
}

/** Undefined: the header is cut off. */
export function readOptions(bytes: Uint8Array, at: number): SegmentOptions | undefined {
  const end = at + (bytes[at + 12]! >> 4) * 4
  if (end > bytes.length) return undefined
  const options: SegmentOptions = {}
  for (let next = optionFrom(bytes, at + 20, end); next >= 0; next = optionAfter(bytes, next, end)) {
    const kind = bytes[next]!
    const size = bytes[next + 1]!
    const view = new DataView(bytes.buffer, bytes.byteOffset + next)
    if (kind === MSS && size === 4) options.mss = view.getUint16(2)
    else if (kind === WINDOW && size === 3) options.scale = Math.min(view.getUint8(2), MAX_WINDOW_SCALE)
    else if (kind === SACK_PERMITTED && size === 2) options.sackPermitted = true
    else if (kind === TIMESTAMP && size === 10)
      options.timestamp = { value: view.getUint32(2), echo: view.getUint32(6) }
  }
  return options
}

/** Where the timestamp option of a segment stands; −1 if it has none, or its header is cut off. */
export function timestampAt(bytes: Uint8Array, at: number): number {
  const end = at + (bytes[at + 12]! >> 4) * 4
  if (end > bytes.length) return -1
  let next = optionFrom(bytes, at + 20, end)
  while (next >= 0 && !(bytes[next] === TIMESTAMP && bytes[next + 1] === 10))
    next = optionAfter(bytes, next, end)
  return next
}

/** The first option from there on that says something; −1 if there is none, or it goes beyond the header. */
function optionFrom(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] === NOP) at++
  if (at + 1 >= end || bytes[at] === END) return -1
  const size = bytes[at + 1]!
  return size < 2 || at + size > end ? -1 : at
}

function optionAfter(bytes: Uint8Array, at: number, end: number): number {
  return optionFrom(bytes, at + bytes[at + 1]!, end)
}

/** In SYNPROXY's own order and padding (`synproxy_build_options`). */
export function writeOptions({ mss, scale, sackPermitted, timestamp }: SegmentOptions): number[] {
  const bytes: number[] = []
  if (mss !== undefined) bytes.push(MSS, 4, mss >>> 8, mss & 0xff)
  const sack = sackPermitted ? [SACK_PERMITTED, 2] : [NOP, NOP]
  if (timestamp !== undefined)
    bytes.push(...sack, TIMESTAMP, 10, ...word(timestamp.value), ...word(timestamp.echo))
  else if (sackPermitted) bytes.push(NOP, NOP, ...sack)
  if (scale !== undefined) bytes.push(NOP, WINDOW, 3, scale)
  return bytes
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

const NO_SCALE = 0xf
const SACK_BIT = 1 << 4
const ECN_BIT = 1 << 5
const OPTION_BITS = 0x3f

/**
 * What the SYN/ACK offers to a client whose SYN had these options: those that the rule offers, too. Without timestamps
 * there is no place to remember any but the segment size (`synproxy_tg4`, `synproxy_init_timestamp_cookie`).
 *
 * @param clock of the timestamp, in ms: the client's options take its lowest bits
 */
export function answerOptions(asked: SegmentOptions, offer: SynproxyOffer, clock: number): SegmentOptions {
  const mss = asked.mss === undefined ? undefined : offer.mss
  const answer: SegmentOptions = mss === undefined ? {} : { mss }
  if (!offer.timestamp || asked.timestamp === undefined) return answer
  const scales = offer.wscale !== undefined && asked.scale !== undefined
  if (scales) answer.scale = offer.wscale!
  answer.sackPermitted = offer.sackPerm && asked.sackPermitted === true
  answer.ecn = offer.ecn && asked.ecn === true
  const bits =
    (scales ? asked.scale! : NO_SCALE) | (answer.sackPermitted ? SACK_BIT : 0) | (answer.ecn ? ECN_BIT : 0)
  answer.timestamp = { value: ((clock & ~OPTION_BITS) | bits) >>> 0, echo: asked.timestamp.value }
  return answer
}

/** The options of the SYN, as the echo of our own timestamp tells them (`synproxy_check_timestamp_cookie`). */
export function recallOptions(acknowledged: SegmentOptions, mss: number): SegmentOptions {
  const options: SegmentOptions = { ...acknowledged, mss }
  const { timestamp } = acknowledged
  if (timestamp === undefined) return options
  const scale = timestamp.echo & NO_SCALE
  if (scale !== NO_SCALE) options.scale = scale
  else if (options.scale !== undefined) options.scale = NO_SCALE
  if ((timestamp.echo & SACK_BIT) !== 0) options.sackPermitted = true
  if ((timestamp.echo & ECN_BIT) !== 0) options.ecn = true
  return options
}
