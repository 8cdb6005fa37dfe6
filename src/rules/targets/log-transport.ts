import type { Skb } from '../../packet/skb.ts'
import { LogFlag } from './log-flags.ts'

/** The parts of a log line that IPv4 and IPv6 share (net/netfilter/nf_log_syslog.c). */

/** In the order in which they are printed; AE is the lowest bit of the byte before. */
const TCP_FLAGS = [
  ['CWR ', 0x80],
  ['ECE ', 0x40],
  ['URG ', 0x20],
  ['ACK ', 0x10],
  ['PSH ', 0x08],
  ['RST ', 0x04],
  ['SYN ', 0x02],
  ['FIN ', 0x01],
] as const

/** A part of the line; `complete` is false when the rest of the line is left out. */
export interface LogPart {
  readonly text: string
  readonly complete: boolean
}

/** Are `length` bytes at `offset` there? */
export function has(skb: Skb, offset: number, length: number): boolean {
  return offset + length <= skb.bytes.length
}

/** How many bytes are left, in the kernel's unsigned arithmetic. */
export function incomplete(skb: Skb, offset: number): string {
  return `INCOMPLETE [${(skb.bytes.length - offset) >>> 0} bytes] `
}

export function upperHex(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += bytes[i]!.toString(16).toUpperCase().padStart(2, '0')
  return text
}

export function logTcp(skb: Skb, at: number, fragment: boolean, flags: number): LogPart {
  let text = 'PROTO=TCP '
  if (fragment) return { text, complete: true }
  if (!has(skb, at, 20)) return { text: text + incomplete(skb, at), complete: false }
  const { bytes } = skb
  text += `SPT=${skb.u16(at)} DPT=${skb.u16(at + 2)} `
  if (flags & LogFlag.TCP_SEQUENCE) text += `SEQ=${skb.u32(at + 4)} ACK=${skb.u32(at + 8)} `
  const reserved = (bytes[at + 12]! & 0x0e) << 2
  text += `WINDOW=${skb.u16(at + 14)} RES=0x${reserved.toString(16).padStart(2, '0')} `
  if (bytes[at + 12]! & 1) text += 'AE '
  for (const [name, bit] of TCP_FLAGS) if (bytes[at + 13]! & bit) text += name
  text += `URGP=${skb.u16(at + 18)} `
  const end = at + (bytes[at + 12]! >> 4) * 4
  if ((flags & LogFlag.TCP_OPTIONS) === 0 || end <= at + 20) return { text, complete: true }
  if (end > bytes.length) return { text: `${text}OPT (TRUNCATED)`, complete: false }
  return { text: `${text}OPT (${upperHex(bytes, at + 20, end)}) `, complete: true }
}

export function logUdp(skb: Skb, at: number, fragment: boolean, name: 'UDP' | 'UDPLITE'): LogPart {
  const text = `PROTO=${name} `
  if (fragment) return { text, complete: true }
  if (!has(skb, at, 8)) return { text: text + incomplete(skb, at), complete: false }
  return {
    text: `${text}SPT=${skb.u16(at)} DPT=${skb.u16(at + 2)} LEN=${skb.u16(at + 4)} `,
    complete: true,
  }
}

/** The end of the line of a packet that is not a quote. */
export function logOwnerAndMark(skb: Skb, flags: number): string {
  const { socket, mark } = skb
  let text = ''
  if (flags & LogFlag.UID && socket?.uid !== undefined) text += `UID=${socket.uid} GID=${socket.gid ?? 0} `
  if (mark !== 0) text += `MARK=0x${(mark >>> 0).toString(16)} `
  return text
}
