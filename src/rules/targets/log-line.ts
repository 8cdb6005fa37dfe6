import type { Skb } from '../../packet/skb.ts'
import type { Hook } from '../model.ts'
import { LogFlag } from './log-flags.ts'
import { logIpv4 } from './log-ipv4.ts'
import { logIpv6 } from './log-ipv6.ts'

export interface LogSettings {
  readonly prefix: string
  /** `LogFlag` bits */
  readonly flags: number
  readonly hook: Hook
}

/** What `nf_log_buf` holds, less the terminating 0 and the two characters of the level. */
const MAX_LENGTH = 1016

/**
 * The line that `-j LOG` writes about a packet, ending with a blank where the kernel's does: net/netfilter/nf_log_syslog.c.
 *
 * @example
 * logLine(skb, { prefix: 'fw: ', flags: 0, hook: 'FORWARD' })
 * // 'fw: IN=lan0 OUT=wan0 MAC= SRC=10.6.0.2 DST=198.51.100.5 LEN=60 … PROTO=TCP SPT=40000 DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0 '
 */
export function logLine(skb: Skb, { prefix, flags, hook }: LogSettings): string {
  const inDevice = hook === 'OUTPUT' ? '' : skb.inDevice
  const outDevice = hook === 'PREROUTING' || hook === 'INPUT' ? '' : skb.outDevice
  let line = `${prefix}IN=${inDevice} OUT=${outDevice} `
  if (skb.physIn !== '' && skb.physIn !== inDevice) line += `PHYSIN=${skb.physIn} `
  if (skb.physOut !== '' && skb.physOut !== outDevice) line += `PHYSOUT=${skb.physOut} `
  if (inDevice !== '') line += linkText(skb.linkHeader, flags, inDevice === 'lo')
  line += skb.family === 4 ? logIpv4(skb, flags) : logIpv6(skb, flags)
  return line.slice(0, MAX_LENGTH)
}

/**
 * `dump_mac_header`; a device without link-layer headers still gets its `MAC= `. Only headers of Ethernet devices are
 * decoded, and `lo` is none, whatever it puts before a packet.
 */
function linkText(header: Uint8Array | undefined, flags: number, loopback: boolean): string {
  if (header === undefined) return 'MAC= '
  const octets = Array.from(header, octet => octet.toString(16).padStart(2, '0'))
  if (loopback || (flags & LogFlag.MAC_DECODE) === 0) return `MAC=${octets.join(':')} `
  const [destination, source, protocol] = [octets.slice(0, 6), octets.slice(6, 12), octets.slice(12, 14)]
  return `MACSRC=${source.join(':')} MACDST=${destination.join(':')} MACPROTO=${protocol.join('')} `
}
