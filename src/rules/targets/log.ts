import { defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { quoteWord } from '../quote.ts'
import { cutBytes } from './cut-bytes.ts'
import { LogFlag } from './log-flags.ts'
import { logLine } from './log-line.ts'

export interface LogOptions {
  readonly prefix: string
  /** 0 (emerg) to 7 (debug) */
  readonly level: number
  /** `LogFlag` bits */
  readonly flags: number
}

const PREFIX_BYTES = 29
const DEFAULT_LEVEL = 4

/** As `--log-level` reads them. */
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['alert', 1],
  ['crit', 2],
  ['debug', 7],
  ['emerg', 0],
  ['error', 3],
  ['info', 6],
  ['notice', 5],
  ['panic', 0],
  ['warning', 4],
])

/** As `iptables -L` prints them, which is not the same. */
const LISTED_LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug']

const FLAG_OPTIONS = [
  ['log-tcp-sequence', LogFlag.TCP_SEQUENCE, 'log TCP sequence numbers'],
  ['log-tcp-options', LogFlag.TCP_OPTIONS, 'log TCP options'],
  ['log-ip-options', LogFlag.IP_OPTIONS, "log IPv4 options, IPv6's extension headers"],
  ['log-uid', LogFlag.UID, 'log the user who owns the local socket'],
  ['log-macdecode', LogFlag.MAC_DECODE, 'log MAC addresses and protocol apart'],
] as const

/** `-j LOG`: net/netfilter/xt_LOG.c; the line is nf_log_syslog.c's. */
export const log = defineTarget<LogOptions>({
  name: 'LOG',
  summary: "write a line about the packet to the kernel's log",
  options: [
    {
      name: 'log-level',
      arguments: 1,
      placeholder: 'level',
      help: '0 to 7, or emerg alert crit error warning notice info debug',
      set(options, [text = '']) {
        const level = parseNumber(text, 0, 7) ?? LEVELS.get(text)
        if (level === undefined)
          throw new OptionError(`log level "${text}" unknown`, {
            expected: '0 to 7, or emerg alert crit error warning notice info debug',
          })
        options.level = level
      },
    },
    {
      name: 'log-prefix',
      arguments: 1,
      placeholder: 'text',
      help: 'begin the line with this, 29 bytes at most',
      set(options, [text = '']) {
        if (text === '')
          throw new OptionError('Argument must have a minimum length of 1 characters', { expected: 'a text' })
        if (text.includes('\n')) throw new OptionError('Newlines not allowed in --log-prefix')
        options.prefix = cutBytes(text, PREFIX_BYTES)
      },
    },
    ...FLAG_OPTIONS.map(
      ([name, flag, help]): OptionSpec<LogOptions> => ({
        name,
        arguments: 0,
        help,
        set(options) {
          options.flags = (options.flags ?? 0) | flag
        },
      }),
    ),
  ],
  defaults: () => ({ prefix: '', level: DEFAULT_LEVEL, flags: 0 }),
  save({ prefix, level, flags }) {
    const parts: string[] = []
    if (prefix !== '') parts.push(`--log-prefix ${quoteWord(prefix)}`)
    if (level !== DEFAULT_LEVEL) parts.push(`--log-level ${level}`)
    for (const [name, flag] of FLAG_OPTIONS) if (flags & flag) parts.push(`--${name}`)
    return parts.join(' ')
  },
  list({ prefix, level, flags }, _family, numeric) {
    const names = FLAG_OPTIONS.flatMap(([name, flag]) => (flags & flag ? [` ${name.slice(4)}`] : []))
    const quoted = prefix === '' ? '' : ` prefix "${prefix}"`
    if (numeric) return `LOG flags ${flags} level ${level}${quoted}`
    return `LOG level ${LISTED_LEVELS[level]}${names.join('')}${quoted}`
  },
  compile({ prefix, level, flags }) {
    return (skb, environment) => {
      environment.log({ level, text: logLine(skb, { prefix, flags, hook: environment.hook }) })
      return Verdict.CONTINUE
    }
  },
})
