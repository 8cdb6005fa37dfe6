import type { Diagnostic } from '../diagnostic.ts'
import { Packet } from './packet.ts'
import { parseLine } from './text-parse.ts'

/** A packet and the line of the text it stands in, from 1. */
export interface PacketLine {
  readonly packet: Packet
  readonly line: number
}

/**
 * Packets in the one-line notation, one a line; `#` begins a comment, empty lines are skipped. Never throws.
 *
 *     tcp 10.0.0.5:40000 > 198.51.100.7:80 SA seq=9 ack=1001 win=512 mss=1460 wscale=7 sackok ts=1/2 len=18
 *     udp [2001:db8::1]:53 > [2001:db8::2]:4000 data="hello" ttl=63
 *     icmp 192.0.2.1 > 10.0.0.1 port-unreachable { udp 10.0.0.1:40000 > 8.8.8.8:53 len=4 }
 *     proto udp 10.0.0.1 > 10.0.0.2 frag=1480 len=100
 *     raw 4500001400010000…
 *
 * What is not said is: TTL 64, id 1, TOS 0, DF (except for fragments), window 65535, no payload, and right lengths and
 * checksums. `len=` is a payload of zeros. Wrong on purpose: `badsum`, `sum=`, `ipsum=`, `totlen=`, `paylen=`, `ulen=`,
 * `doff=`, `trailer=`.
 *
 * @param file a name for the diagnostics
 * @example
 * const { packets, diagnostics } = parsePackets('# a query\nudp 10.0.0.1:4000 > 8.8.8.8:53 len=30\n')
 * packets[0]?.packet.bytes.length // 58
 * diagnostics.length // 0
 */
export function parsePackets(
  text: string,
  file?: string,
): { readonly packets: readonly PacketLine[]; readonly diagnostics: readonly Diagnostic[] } {
  const packets: PacketLine[] = []
  const diagnostics: Diagnostic[] = []
  for (const [index, full] of text.split(/\r?\n/).entries()) {
    const line = withoutComment(full)
    if (line.trim() === '') continue
    const parsed = parseLine(line, index + 1, file)
    if ('diagnostics' in parsed) diagnostics.push(...parsed.diagnostics)
    else packets.push({ packet: new Packet(parsed.bytes, parsed.family), line: index + 1 })
  }
  return { packets, diagnostics }
}

/** A `#` within quotes is data. */
function withoutComment(line: string): string {
  return /^(?:"(?:\\.|[^"\\])*"?|[^#"])*/.exec(line)?.[0] ?? ''
}
