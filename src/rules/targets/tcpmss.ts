import type { Family } from '../../address.ts'
import { replaceWord16, replaceWord32 } from '../../packet/checksum.ts'
import { pullFragments } from '../../packet/fragments.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError, type TargetEnvironment, Verdict } from '../extension.ts'
import type { TcpOptions } from '../matches/tcp.ts'
import type { Hook, Rule } from '../model.ts'
import { parseBounded } from './mark-value.ts'
import {
  changedChecksum,
  optionLength,
  TCP_HEADER_LENGTH,
  TCPOLEN_MSS,
  TCPOPT_MSS,
  type TcpHeader,
  tcpHeader,
} from './tcp-header.ts'

export interface TcpmssOptions {
  readonly mss: number | 'pmtu'
}

const SYN = 0x02
const ROUTED_HOOKS: ReadonlySet<Hook> = new Set<Hook>(['FORWARD', 'OUTPUT', 'POSTROUTING'])
/** IP header and TCP header. */
const HEADERS: Readonly<Record<Family, number>> = { 4: 40, 6: 60 }
const IP_HEADER: Readonly<Record<Family, number>> = { 4: 20, 6: 40 }
/** What a peer assumes that was told nothing (RFC 9293 3.7.1): the most that an added option may say. */
const DEFAULT_MSS: Readonly<Record<Family, number>> = { 4: 536, 6: 1220 }

/** `-j TCPMSS`: net/netfilter/xt_TCPMSS.c. */
export const tcpmss = defineTarget<TcpmssOptions>({
  name: 'TCPMSS',
  protocols: [IPPROTO_TCP],
  summary: 'lower the maximum segment size that a SYN announces',
  options: [
    {
      name: 'set-mss',
      arguments: 1,
      placeholder: 'bytes',
      help: 'the largest segment size to let pass',
      set(options, [text = ''], _negated, { family }) {
        options.mss = parseBounded(text, 'set-mss', 0, 0xffff - IP_HEADER[family])
      },
    },
    {
      name: 'clamp-mss-to-pmtu',
      arguments: 0,
      help: 'what fits into the MTU of the way there and of the way back',
      set(options) {
        options.mss = 'pmtu'
      },
    },
  ],
  finish({ mss }) {
    if (mss === undefined)
      throw new OptionError('At least one parameter is required', {
        expected: '--set-mss or --clamp-mss-to-pmtu',
      })
    return { mss }
  },
  check({ mss }, { rule, hooks }) {
    if (mss === 'pmtu' && [...hooks].some(hook => !ROUTED_HOOKS.has(hook)))
      return 'path-MTU clamping only supported in FORWARD, OUTPUT and POSTROUTING hooks'
    return matchesSyn(rule) ? undefined : 'Only works on TCP SYN packets'
  },
  save: ({ mss }) => (mss === 'pmtu' ? '--clamp-mss-to-pmtu' : `--set-mss ${mss}`),
  list: ({ mss }) => (mss === 'pmtu' ? 'TCPMSS clamp to PMTU' : `TCPMSS set ${mss}`),
  compile: ({ mss }) => {
    return (skb, environment) => {
      if (skb.fragmentOffset !== 0) return Verdict.CONTINUE
      pullFragments(skb, skb.length)
      const header = tcpHeader(skb)
      if (header === undefined) return Verdict.DROP
      const limit = mss === 'pmtu' ? clampedMss(skb, environment) : mss
      if (limit < 0) return Verdict.DROP
      if (!lowerMss(skb, header, limit)) addMss(skb, header, Math.min(limit, DEFAULT_MSS[skb.family]))
      return Verdict.CONTINUE
    }
  },
})

/** Some `-m tcp` of the rule asks for SYN, not inverted. */
function matchesSyn({ matches }: Rule): boolean {
  return matches.some(({ name, options }) => {
    const { flags } = options as TcpOptions
    return name === 'tcp' && flags !== undefined && (flags.compare & SYN) !== 0 && !flags.negated
  })
}

/** The kernel stores it in 16 bits, whatever the MTU (loopback: 65536). */
function clampedMss(skb: Skb, environment: TargetEnvironment): number {
  const mtu = environment.pathMtu(skb)
  return mtu <= HEADERS[skb.family] ? -1 : (mtu - HEADERS[skb.family]) & 0xffff
}

/** True when there is an MSS option: it never grows. */
function lowerMss(skb: Skb, { start, length }: TcpHeader, limit: number): boolean {
  const last = start + length - TCPOLEN_MSS
  for (let at = start + TCP_HEADER_LENGTH; at <= last; at += optionLength(skb.bytes, at)) {
    if (skb.bytes[at] !== TCPOPT_MSS || skb.bytes[at + 1] !== TCPOLEN_MSS) continue
    const before = skb.u16(at + 2)
    if (before > limit) writeMss(skb, start, at + 2, before, limit)
    return true
  }
  return false
}

function writeMss(skb: Skb, start: number, at: number, before: number, after: number): void {
  const bytes = skb.writable()
  const checksum = changedChecksum(skb, skb.u16(start + 16), before, after)
  write16(bytes, at, after)
  write16(bytes, start + 16, checksum)
}

/** Only where no data would have to move and the data offset has room. The option comes first. */
function addMss(skb: Skb, { start, length }: TcpHeader, mss: number): void {
  const old = skb.bytes
  if (old.length - start > length || length >= 60) return
  const optionsAt = start + TCP_HEADER_LENGTH
  const bytes = new Uint8Array(old.length + TCPOLEN_MSS)
  bytes.set(old.subarray(0, optionsAt))
  bytes[optionsAt] = TCPOPT_MSS
  bytes[optionsAt + 1] = TCPOLEN_MSS
  write16(bytes, optionsAt + 2, mss)
  bytes.set(old.subarray(optionsAt), optionsAt + TCPOLEN_MSS)
  bytes[start + 12] = old[start + 12]! + 0x10

  // the pseudo-header has the length: its sum alone is not complemented
  const flip = skb.checksumPartial === 0 ? 0 : 0xffff
  let checksum = replaceWord32(skb.u16(start + 16) ^ flip, length, length + TCPOLEN_MSS) ^ flip
  checksum = changedChecksum(skb, checksum, 0, (TCPOPT_MSS << 24) | (TCPOLEN_MSS << 16) | mss)
  checksum = changedChecksum(skb, checksum, skb.u16(start + 12), skb.u16(start + 12) + 0x1000)
  write16(bytes, start + 16, checksum)
  growIpHeader(bytes, skb.family)
  skb.replace(bytes)
}

function growIpHeader(bytes: Uint8Array, family: Family): void {
  const lengthAt = family === 4 ? 2 : 4
  const before = (bytes[lengthAt]! << 8) | bytes[lengthAt + 1]!
  const after = (before + TCPOLEN_MSS) & 0xffff
  write16(bytes, lengthAt, after)
  if (family === 4) write16(bytes, 10, replaceWord16((bytes[10]! << 8) | bytes[11]!, before, after))
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
