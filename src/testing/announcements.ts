import type { Packet } from '../packet/packet.ts'

/**
 * Where an FTP line tells the other side to connect to.
 *
 * @param speaker the address that the line came from, for the dialect that names none
 */
export function announced(
  packet: Packet,
  speaker: string,
): { readonly address: string; readonly port: number } | undefined {
  const { decoded } = packet
  if (decoded.kind !== 'tcp') return undefined
  const text = new TextDecoder('latin1').decode(decoded.payload)
  const short = /(\d+,\d+,\d+,\d+),(\d+),(\d+)/.exec(text)
  if (short !== null)
    return {
      address: short[1]!.replaceAll(',', '.'),
      port: (Number(short[2]) * 256 + Number(short[3])) & 0xffff,
    }
  const long = /\|\d?\|([0-9a-f.:]*)\|(\d+)\|/.exec(text)
  return long === null ? undefined : { address: long[1] || speaker, port: Number(long[2]) }
}
