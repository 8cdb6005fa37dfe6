import { replaceWord16 } from '../../packet/checksum.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { parseBounded } from './mark-value.ts'
import { changedChecksum } from './tcp-header.ts'

export interface EcnOptions {
  readonly ece?: number
  readonly cwr?: number
  /** The codepoint in the IP header, 0 to 3. */
  readonly ect?: number
}

const TCP_ECE = 0x40
const TCP_CWR = 0x80

/** `-j ECN`: net/ipv4/netfilter/ipt_ECN.c. */
export const ecn = defineTarget<EcnOptions>({
  name: 'ECN',
  families: [4],
  tables: ['mangle'],
  summary: "change TCP's ECN flags or IPv4's ECN codepoint",
  options: [
    {
      name: 'ecn-tcp-remove',
      arguments: 0,
      excludes: ['ecn-tcp-cwr', 'ecn-tcp-ece'],
      help: 'clear both flags of TCP',
      set(options) {
        // iptables overwrites all that was asked for before
        delete options.ect
        options.ece = 0
        options.cwr = 0
      },
    },
    {
      name: 'ecn-tcp-cwr',
      arguments: 1,
      excludes: ['ecn-tcp-remove'],
      placeholder: '0|1',
      help: "set TCP's CWR flag",
      set(options, [text = '']) {
        options.cwr = parseBounded(text, 'ecn-tcp-cwr', 0, 1)
      },
    },
    {
      name: 'ecn-tcp-ece',
      arguments: 1,
      excludes: ['ecn-tcp-remove'],
      placeholder: '0|1',
      help: "set TCP's ECE flag",
      set(options, [text = '']) {
        options.ece = parseBounded(text, 'ecn-tcp-ece', 0, 1)
      },
    },
    {
      name: 'ecn-ip-ect',
      arguments: 1,
      placeholder: '0-3',
      help: "set IPv4's ECN codepoint",
      set(options, [text = '']) {
        options.ect = parseBounded(text, 'ecn-ip-ect', 0, 3)
      },
    },
  ],
  finish(options) {
    if (options.ece === undefined && options.cwr === undefined && options.ect === undefined)
      throw new OptionError('An operation is required', { expected: '--ecn-tcp-remove' })
    return options
  },
  check({ ece, cwr }, { rule: { protocol } }) {
    if (ece === undefined && cwr === undefined) return undefined
    return protocol?.number === IPPROTO_TCP && !protocol.negated ? undefined : 'TCP flags need -p tcp'
  },
  save(options) {
    if (isRemoval(options)) return '--ecn-tcp-remove'
    return words(options, '--ecn-tcp-ece ', '--ecn-tcp-cwr ', '--ecn-ip-ect ')
  },
  list(options) {
    if (isRemoval(options)) return 'ECN TCP remove'
    return `ECN ${words(options, 'ECE=', 'CWR=', 'ECT codepoint=')}`
  },
  compile({ ece, cwr, ect }) {
    const mask = (ece === undefined ? 0 : TCP_ECE) | (cwr === undefined ? 0 : TCP_CWR)
    const flags = (ece ? TCP_ECE : 0) | (cwr ? TCP_CWR : 0)
    return skb => {
      if (ect !== undefined && (skb.bytes[1]! & 3) !== ect) writeCodepoint(skb, ect)
      if (mask === 0 || skb.bytes[9] !== IPPROTO_TCP) return Verdict.CONTINUE
      return writeFlags(skb, mask, flags) ? Verdict.CONTINUE : Verdict.DROP
    }
  },
})

function isRemoval({ ece, cwr, ect }: EcnOptions): boolean {
  return ece === 0 && cwr === 0 && ect === undefined
}

function words(
  { ece, cwr, ect }: EcnOptions,
  ecePrefix: string,
  cwrPrefix: string,
  ectPrefix: string,
): string {
  const parts: string[] = []
  if (ece !== undefined) parts.push(`${ecePrefix}${ece}`)
  if (cwr !== undefined) parts.push(`${cwrPrefix}${cwr}`)
  if (ect !== undefined) parts.push(`${ectPrefix}${ect}`)
  return parts.join(' ')
}

function writeCodepoint(skb: Skb, ect: number): void {
  const bytes = skb.writable()
  const before = bytes[1]!
  const after = (before & 0xfc) | ect
  const checksum = replaceWord16((bytes[10]! << 8) | bytes[11]!, before, after)
  bytes[1] = after
  bytes[10] = checksum >> 8
  bytes[11] = checksum
}

/** The kernel does not ask whether this is a later fragment; its data is then taken for a header. */
function writeFlags(skb: Skb, mask: number, flags: number): boolean {
  const at = skb.transportOffset
  if (at + 20 > skb.bytes.length) return false
  const before = skb.bytes[at + 13]!
  const after = (before & ~mask) | flags
  if (after === before) return true
  const bytes = skb.writable()
  const high = bytes[at + 12]! << 8
  const checksum = changedChecksum(skb, skb.u16(at + 16), high | before, high | after)
  bytes[at + 13] = after
  bytes[at + 16] = checksum >> 8
  bytes[at + 17] = checksum
  return true
}
