import { Address } from '../../src/address.ts'
import type { Packet } from '../../src/packet/packet.ts'

/** `source > destination` of an IPv4 packet. */
export function ipv4Of({ bytes }: Packet): string {
  return `${Address.read(4, bytes, 12)} > ${Address.read(4, bytes, 16)}`
}
