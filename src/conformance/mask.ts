/**
 * The kernel draws some ids at random; recorded cases have 0 there. The same is done to the simulator's packets: the
 * IPv4 id of a packet that is not the arriving one (checksum recomputed), and the identification of IPv6 fragments
 * that the box cut itself.
 *
 * @param input the packet that arrived, whose own ids stay
 */
export function maskKernelIds(bytes: Uint8Array, input: Uint8Array | undefined): Uint8Array {
  const version = bytes[0]! >> 4
  if (version === 4 && bytes.length >= 20) return maskIpv4(bytes, input)
  return version === 6 ? maskIpv6(bytes, input) : bytes
}

function maskIpv4(bytes: Uint8Array, input: Uint8Array | undefined): Uint8Array {
  if (input !== undefined && bytes[4] === input[4] && bytes[5] === input[5]) return bytes
  const masked = bytes.slice()
  masked[4] = 0
  masked[5] = 0
  masked[10] = 0
  masked[11] = 0
  let sum = 0
  const length = Math.min((masked[0]! & 15) * 4, masked.length)
  for (let i = 0; i + 1 < length; i += 2) sum += (masked[i]! << 8) | masked[i + 1]!
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  masked[10] = (~sum >>> 8) & 0xff
  masked[11] = ~sum & 0xff
  return masked
}

function maskIpv6(bytes: Uint8Array, input: Uint8Array | undefined): Uint8Array {
  const at = identificationAt(bytes)
  if (at < 0) return bytes
  const given = input === undefined ? -1 : identificationAt(input)
  if (given >= 0 && [0, 1, 2, 3].every(byte => input![given + byte] === bytes[at + byte])) return bytes
  const masked = bytes.slice()
  masked.fill(0, at, at + 4)
  return masked
}

const FRAGMENT = 44
/** Hop-by-hop options, routing header, destination options: what a fragment header may stand behind. */
const BEFORE_FRAGMENT = [0, 43, 60]

/** Where the identification of an IPv6 fragment stands; −1 in any other packet. */
function identificationAt(bytes: Uint8Array): number {
  if (bytes[0]! >> 4 !== 6) return -1
  let next = bytes[6]!
  let at = 40
  while (BEFORE_FRAGMENT.includes(next) && at + 8 <= bytes.length) {
    next = bytes[at]!
    at += (bytes[at + 1]! + 1) * 8
  }
  return next === FRAGMENT && at + 8 <= bytes.length ? at + 4 : -1
}
