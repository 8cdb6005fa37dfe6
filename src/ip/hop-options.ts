import { readWord } from '../address.ts'
import type { IcmpError } from './route.ts'

/** Without a `reason` the options are fine. */
export interface HopByHop {
  readonly reason?: string
  readonly error?: IcmpError
  /** A jumbo payload option set the packet's length. */
  readonly length?: number
}

/** `net.ipv6.max_hbh_opts_number`'s default. */
const MAX_OPTIONS = 8

const PAD1 = 0
const PADN = 1
const ROUTER_ALERT = 0x05
const CALIPSO = 0x07
const IOAM = 0x31
const JUMBO = 0xc2

const PARAMETER_PROBLEM = 4
const ERRONEOUS_FIELD = 0
const UNKNOWN_OPTION = 2

const FINE: HopByHop = {}

/** Reads the hop-by-hop options behind the IPv6 header (`ipv6_parse_hopopts`, `ip6_parse_tlv` in net/ipv6/exthdrs.c). */
export function parseHopByHop(bytes: Uint8Array): HopByHop {
  if (bytes.length < 48) return bad('hop-by-hop options are cut off')
  const end = 40 + (bytes[41]! + 1) * 8
  if (end > bytes.length) return bad('hop-by-hop options are cut off')
  let options = 0
  let padding = 0
  let result = FINE
  let offset = 42
  while (offset < end) {
    const type = bytes[offset]!
    if (type === PAD1) {
      if (++padding > 7) return bad('more than 7 bytes of padding')
      offset++
      continue
    }
    if (end - offset < 2) return bad('a hop-by-hop option is cut off')
    const length = bytes[offset + 1]! + 2
    if (offset + length > end) return bad('a hop-by-hop option is cut off')
    if (type === PADN) {
      padding += length
      if (padding > 7) return bad('more than 7 bytes of padding')
      for (let i = 2; i < length; i++) if (bytes[offset + i] !== 0) return bad('padding that is not zero')
    } else {
      if (++options > MAX_OPTIONS) return bad('more than 8 hop-by-hop options')
      const read = readOption(bytes, offset)
      if (read.reason !== undefined) return read
      if (read.length !== undefined) result = read
      padding = 0
    }
    offset += length
  }
  return result
}

function readOption(bytes: Uint8Array, offset: number): HopByHop {
  const length = bytes[offset + 1]!
  switch (bytes[offset]) {
    case ROUTER_ALERT:
      return length === 2 ? FINE : bad('router alert of a wrong length')
    case JUMBO:
      return readJumbo(bytes, offset)
    case IOAM:
      return (offset & 3) === 0 ? FINE : bad('IOAM option out of alignment')
    case CALIPSO:
      return length >= 8 && bytes[offset + 6]! * 4 + 8 <= length ? FINE : bad('malformed CALIPSO option')
    default:
      return unknownOption(bytes, offset)
  }
}

function readJumbo(bytes: Uint8Array, offset: number): HopByHop {
  if (bytes[offset + 1] !== 4 || (offset & 3) !== 2) return bad('malformed jumbo payload option')
  const length = readWord(bytes, offset + 2) >>> 0
  if (length <= 0xffff) return problem('jumbo payload below 65536', ERRONEOUS_FIELD, offset + 2)
  if ((bytes[4]! | bytes[5]!) !== 0)
    return problem('jumbo payload beside a payload length', ERRONEOUS_FIELD, offset)
  if (length > bytes.length - 40) return bad('jumbo payload goes beyond the packet')
  return { length: length + 40 }
}

/** The two high bits of an option's type say what to do with it when it is unknown (RFC 8200 section 4.2). */
function unknownOption(bytes: Uint8Array, offset: number): HopByHop {
  const type = bytes[offset]!
  const name = `unknown hop-by-hop option ${type}`
  if (type >> 6 === 0) return FINE
  if (type >> 6 === 1 || (type >> 6 === 3 && bytes[24] === 0xff)) return bad(name)
  return problem(name, UNKNOWN_OPTION, offset)
}

function bad(reason: string): HopByHop {
  return { reason }
}

function problem(reason: string, code: number, pointer: number): HopByHop {
  return { reason, error: { type: PARAMETER_PROBLEM, code, info: pointer } }
}
