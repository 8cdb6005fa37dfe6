import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { quoteWord } from '../quote.ts'
import { cutBytes } from './cut-bytes.ts'
import { parseBounded } from './mark-value.ts'

export interface NflogOptions {
  readonly group: number
  readonly prefix: string
  /** `--nflog-size`: how much of the packet is sent. */
  readonly size?: number
  /** `--nflog-range`: never had an effect. */
  readonly range: number
  readonly threshold: number
}

const PREFIX_BYTES = 63

/** `-j NFLOG`: net/netfilter/xt_NFLOG.c, nfnetlink_log.c. */
export const nflog = defineTarget<NflogOptions>({
  name: 'NFLOG',
  summary: 'send the packet to a group of userspace listeners',
  options: [
    {
      name: 'nflog-group',
      arguments: 1,
      placeholder: 'number',
      help: 'the netlink group, 0 to 65535',
      set(options, [text = '']) {
        options.group = parseBounded(text, 'nflog-group', 0, 0xffff)
      },
    },
    {
      name: 'nflog-prefix',
      arguments: 1,
      placeholder: 'text',
      help: 'text sent along, 63 bytes at most',
      set(options, [text = '']) {
        if (text === '')
          throw new OptionError('Argument must have a minimum length of 1 characters', { expected: 'a text' })
        if (text.includes('\n')) throw new OptionError('Newlines not allowed in --nflog-prefix')
        options.prefix = cutBytes(text, PREFIX_BYTES)
      },
    },
    {
      name: 'nflog-range',
      arguments: 1,
      excludes: ['nflog-size'],
      placeholder: 'bytes',
      help: 'without effect; use --nflog-size',
      set(options, [text = '']) {
        options.range = parseBounded(text, 'nflog-range', 0, 0xffff_ffff)
      },
    },
    {
      name: 'nflog-size',
      arguments: 1,
      excludes: ['nflog-range'],
      placeholder: 'bytes',
      help: 'how many bytes of the packet are sent',
      set(options, [text = '']) {
        options.size = parseBounded(text, 'nflog-size', 0, 0xffff_ffff)
      },
    },
    {
      name: 'nflog-threshold',
      arguments: 1,
      placeholder: 'packets',
      help: 'how many packets the kernel collects before it sends',
      set(options, [text = '']) {
        options.threshold = parseBounded(text, 'nflog-threshold', 0, 0xffff)
      },
    },
  ],
  defaults: () => ({ group: 0, prefix: '', range: 0, threshold: 0 }),
  save: options => words(options, '--'),
  list: options => words(options, ''),
  compile({ group, prefix, size = 0xffff_ffff }) {
    return (skb, environment) => {
      environment.nflog({ group, prefix, bytes: skb.bytes.slice(0, Math.min(size, skb.bytes.length)) })
      return Verdict.CONTINUE
    }
  },
})

function words({ group, prefix, size, range, threshold }: NflogOptions, dashes: string): string {
  const parts: string[] = []
  if (prefix !== '') parts.push(`${dashes}nflog-prefix ${quoteWord(prefix)}`)
  if (group !== 0) parts.push(`${dashes}nflog-group ${group}`)
  if (size !== undefined) parts.push(`${dashes}nflog-size ${size}`)
  else if (range !== 0) parts.push(`${dashes}nflog-range ${range}`)
  if (threshold !== 0) parts.push(`${dashes}nflog-threshold ${threshold}`)
  return parts.join(' ')
}
