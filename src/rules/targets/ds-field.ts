import type { Skb } from '../../packet/skb.ts'

/**
 * Writes IPv4's TOS or IPv6's traffic class, whole, as `ipv4_change_dsfield` and `ipv6_change_dsfield`
 * (include/net/dsfield.h) do: IPv4's checksum is patched by the difference.
 */
export function writeDsField(skb: Skb, value: number): void {
  const bytes = skb.writable()
  if (skb.family === 6) {
    bytes[0] = (bytes[0]! & 0xf0) | (value >> 4)
    bytes[1] = (bytes[1]! & 0x0f) | ((value & 15) << 4)
    return
  }
  let check = ((bytes[10]! << 8) | bytes[11]!) + bytes[1]!
  if ((check + 1) >> 16) check = (check + 1) & 0xffff
  check -= value
  check += check >> 16
  bytes[1] = value
  bytes[10] = check >> 8
  bytes[11] = check
}
