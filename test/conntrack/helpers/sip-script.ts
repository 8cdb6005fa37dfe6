import { description, type Ends } from '../../../src/testing/sip-messages.ts'

/** A description that names an address of either family. */
export function sdp(address: string, ...media: readonly string[]): string {
  return description(address.includes(':') ? 6 : 4, address, ...media)
}

/** A line of a packet script: a datagram from and to port 5060, unless a port is named. */
export function send(device: string, { from, to }: Ends, message: string): string {
  const end = (host: string) => (/[\d\]]:\d+$/.test(host) ? host : `${host}:5060`)
  return `${device}: udp ${end(from)} > ${end(to)} data=${JSON.stringify(message)}`
}
