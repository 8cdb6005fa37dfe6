import type { Diagnostic } from './diagnostic.ts'
import type { Arrival } from './outcome.ts'
import { hexToBytes } from './packet/hex.ts'
import { Packet } from './packet/packet.ts'
import { parseLine } from './packet/text-parse.ts'

/** One line of a packet script that does something. */
export type ScriptStep =
  | {
      readonly kind: 'arrival'
      readonly line: number
      readonly arrival: Arrival & { readonly packet: Packet }
    }
  | { readonly kind: 'wait'; readonly line: number; readonly ms: number }

/** A packet script, read: a box's devices and routes, and what arrives when. */
export interface PacketScript {
  /** `interface lan0 10.6.0.1/16`: devices and their addresses, for whoever makes the firewall. */
  readonly interfaces: { readonly [device: string]: readonly string[] }
  /** `route default via 203.0.113.254 dev wan0` */
  readonly routes: readonly string[]
  /** `sysctl net.netfilter.nf_conntrack_tcp_loose=0` */
  readonly sysctls: { readonly [name: string]: number }
  readonly steps: readonly ScriptStep[]
  /** Everything wrong with the text. Nothing of a script with errors should be run. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads a packet script: what arrives where, in order. Blank lines and `#` comments are skipped. Never throws.
 *
 *     interface lan0 10.6.0.1/16
 *     route default via 203.0.113.254 dev wan0
 *     lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000     # one readable line
 *     wan0: 45000028000140004006…                               # or its bytes
 *     local: udp 203.0.113.1:4000 > 8.8.8.8:53 len=30           # the box itself sends
 *     wait 2.5s
 *
 * @param file a name for the diagnostics
 * @example
 * const { steps } = parsePacketScript('lan0: icmp 10.6.0.2 > 8.8.8.8 echo-request id=7 seq=1\nwait 30s\n')
 * steps.length // 2
 */
export function parsePacketScript(text: string, file?: string): PacketScript {
  const reader = new ScriptReader(file)
  for (const [index, line] of text.split(/\r?\n/).entries()) reader.read(line, index + 1)
  return reader
}

class ScriptReader implements PacketScript {
  readonly interfaces: Record<string, string[]> = {}
  readonly routes: string[] = []
  readonly sysctls: Record<string, number> = {}
  readonly steps: ScriptStep[] = []
  readonly diagnostics: Diagnostic[] = []
  private readonly file: string | undefined

  constructor(file: string | undefined) {
    this.file = file
  }

  read(full: string, line: number): void {
    const text = /^(?:"(?:\\.|[^"\\])*"?|[^#"])*/.exec(full)![0].trimEnd()
    const [word = '', ...rest] = text.trim().split(/\s+/)
    if (word === '') return
    const packet = /^\s*([^\s:]+):\s+(.*)$/.exec(text)
    if (packet !== null) this.packet(packet[1]!, packet[2]!, line, text.length - packet[2]!.length)
    else if (word === 'wait') this.wait(rest.join(''), line)
    else if (word === 'interface' && rest.length >= 2) this.interfaces[rest[0]!] = addressesOf(rest.slice(1))
    else if (word === 'route' && rest.length > 0) this.routes.push(rest.join(' '))
    else if (word === 'sysctl') this.sysctl(rest.join(''), line)
    else
      this.complain(line, 1, `cannot read ${JSON.stringify(text.trim())}`, {
        expected: 'DEVICE: PACKET, local: PACKET, wait SECONDS, interface, route or sysctl',
        hint: 'a packet is one readable line or its bytes in hex, e.g. "lan0: udp 10.6.0.2:4000 > 8.8.8.8:53"',
      })
  }

  private packet(device: string, text: string, line: number, offset: number): void {
    const bytes =
      /^[0-9a-fA-F\s]+$/.test(text) && text.replace(/\s/g, '').length % 2 === 0 ? hexToBytes(text) : undefined
    const parsed = bytes === undefined ? parseLine(text, line, this.file) : undefined
    if (parsed !== undefined && 'diagnostics' in parsed) {
      this.diagnostics.push(...parsed.diagnostics.map(wrong => ({ ...wrong, column: wrong.column + offset })))
      return
    }
    const packet = parsed === undefined ? new Packet(bytes!) : new Packet(parsed.bytes, parsed.family)
    const arrival = device === 'local' ? { local: true as const, packet } : { device, packet }
    this.steps.push({ kind: 'arrival', line, arrival })
  }

  private wait(text: string, line: number): void {
    const duration = /^(\d+(?:\.\d+)?)(ms|s|min|h)?$/.exec(text)
    if (duration === null) {
      this.complain(line, 6, `not a duration: ${JSON.stringify(text)}`, {
        expected: 'seconds, e.g. 2.5s, 300ms or 5min',
      })
      return
    }
    const unit = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }[duration[2] ?? 's']!
    this.steps.push({ kind: 'wait', line, ms: Number(duration[1]) * unit })
  }

  private sysctl(text: string, line: number): void {
    const [name, value] = text.split('=')
    if (name === undefined || value === undefined || !/^-?\d+$/.test(value))
      this.complain(line, 8, `not a sysctl: ${JSON.stringify(text)}`, { expected: 'NAME=NUMBER' })
    else this.sysctls[name] = Number(value)
  }

  private complain(
    line: number,
    column: number,
    message: string,
    help: Pick<Diagnostic, 'expected' | 'hint'>,
  ): void {
    this.diagnostics.push({
      severity: 'error',
      ...(this.file !== undefined && { file: this.file }),
      line,
      column,
      message,
      ...help,
    })
  }
}

/** `10.6.0.1/16 brd + fd00::1/64` is two addresses, the first with a broadcast address. */
function addressesOf(words: readonly string[]): string[] {
  return words.join(' ').split(/(?<!brd|broadcast) (?!brd|broadcast)/)
}
