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
  if (version === 6 && bytes.length >= 48 && bytes[6] === 44) return maskIpv6(bytes, input)
  return bytes
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
  const same = input !== undefined && input[6] === 44 && [44, 45, 46, 47].every(at => input[at] === bytes[at])
  if (same) return bytes
  const masked = bytes.slice()
  masked.fill(0, 44, 48)
  return masked
}
