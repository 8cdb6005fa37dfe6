import { defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import {
  BYTE_EXPIRE_BURST_S,
  BYTE_EXPIRE_S,
  burstBytesText,
  byteRateText,
  costToBytes,
  parseBurst,
  parseByteRate,
} from './hashlimit-bytes.ts'
import {
  checkConfig,
  compileHashlimit,
  HASH_FIELDS,
  type HashField,
  type HashlimitOptions,
  RATE_SCALE,
} from './hashlimit-table.ts'
import { parseRate, printedUnitSeconds, rateText, rateUnitSeconds } from './rates.ts'
import { parsePrefixLength, requireNumber, truncateBytes, UINT32_MAX, words } from './support.ts'

const DEFAULT_BURST = 5n
const MAX_BURST = 1_000_000n
const DEFAULT_GC_INTERVAL_MS = 1000
/** The kernel cuts what is more (`hashlimit_mt_check_common`). */
const MAX_SIZE = 1_048_576

const numberOption = (
  name: string,
  field: 'size' | 'max' | 'gcIntervalMs' | 'expireMs' | 'interval',
  help: string,
  placeholder = 'number',
): OptionSpec<HashlimitOptions> => ({
  name,
  arguments: 1,
  placeholder,
  help,
  set(options, [text = '']) {
    options[field] = requireNumber(text, 0, UINT32_MAX)
  },
})

const maskOption = (name: string, field: 'srcmask' | 'dstmask'): OptionSpec<HashlimitOptions> => ({
  name,
  arguments: 1,
  placeholder: 'length',
  help: `how much of the ${field.slice(0, 3)} address counts`,
  set(options, [text = ''], _negated, { family }) {
    const full = family === 4 ? 32 : 128
    if ((parseNumber(text, 0, UINT32_MAX) ?? 0) > full)
      throw new OptionError(`bad mask '${text}'`, { expected: `a prefix length up to ${full}` })
    options[field] = parsePrefixLength(text, family)
  },
})

const rateOption = (
  name: string,
  aliases: readonly string[],
  above: boolean,
): OptionSpec<HashlimitOptions> => ({
  name,
  aliases,
  arguments: 1,
  negatable: true,
  excludes: [above ? 'hashlimit-upto' : 'hashlimit-above'],
  placeholder: 'rate',
  help: `${above ? 'more' : 'not more'} than number[/second|/minute|/hour|/day] packets, or number[k|m]b/s bytes`,
  set(options, [text = ''], negated) {
    options.above = above !== negated
    const bytes = parseByteRate(text)
    options.bytes = bytes !== undefined
    options.average = bytes ?? parseRate(text, RATE_SCALE)
    options.unitSeconds = bytes === undefined ? rateUnitSeconds(text) : BYTE_EXPIRE_S
    if (options.average === 0n) throw new OptionError(`rate too fast '${text}'`)
  },
})

/** `-m hashlimit`: net/netfilter/xt_hashlimit.c, revision 3. A token bucket for every group of packets. */
export const hashlimit = defineMatch<HashlimitOptions>({
  name: 'hashlimit',
  summary: 'at most so many packets or bytes in a time, for every group of packets',
  options: [
    rateOption('hashlimit-upto', ['hashlimit'], false),
    rateOption('hashlimit-above', [], true),
    {
      name: 'hashlimit-burst',
      arguments: 1,
      placeholder: 'number',
      help: 'how many packets or bytes may come at once (default 5 packets)',
      set(options, [text = '']) {
        options.givenBurst = parseBurst(text)
      },
    },
    {
      name: 'hashlimit-mode',
      arguments: 1,
      placeholder: 'srcip,srcport,dstip,dstport',
      help: 'what makes a group; default: all packets are one',
      set(options, [text = '']) {
        options.mode = parseMode(text)
      },
    },
    {
      name: 'hashlimit-name',
      arguments: 1,
      mandatory: true,
      placeholder: 'name',
      help: 'the name of the table; rules with the same name share it',
      set(options, [text = '']) {
        if (text === '') throw new OptionError('the name is empty')
        options.name = truncateBytes(text, 254)
      },
    },
    maskOption('hashlimit-srcmask', 'srcmask'),
    maskOption('hashlimit-dstmask', 'dstmask'),
    numberOption('hashlimit-htable-size', 'size', 'buckets of the hash table'),
    numberOption('hashlimit-htable-max', 'max', 'most groups to remember'),
    numberOption('hashlimit-htable-gcinterval', 'gcIntervalMs', 'time between two sweeps', 'ms'),
    numberOption('hashlimit-htable-expire', 'expireMs', 'an idle group is forgotten after', 'ms'),
    {
      name: 'hashlimit-rate-match',
      arguments: 0,
      help: 'compare rates instead of paying from a bucket',
      set(options) {
        options.rateMatch = true
      },
    },
    numberOption('hashlimit-rate-interval', 'interval', 'length of a rate window', 'seconds'),
  ],
  defaults({ family }) {
    const full = family === 4 ? 32 : 128
    return {
      mode: [],
      srcmask: full,
      dstmask: full,
      size: 0,
      max: 0,
      gcIntervalMs: DEFAULT_GC_INTERVAL_MS,
      rateMatch: false,
      interval: 1,
    }
  },
  finish(options) {
    options.size = Math.min(options.size ?? 0, MAX_SIZE)
    options.max = Math.min(options.max ?? 0, MAX_SIZE)
    const { average, bytes, givenBurst, unitSeconds } = options
    if (average === undefined)
      throw new OptionError('hashlimit: no rate', { expected: '--hashlimit-upto or --hashlimit-above' })
    if (bytes) {
      const unit = costToBytes(average)
      if (givenBurst !== undefined && givenBurst < unit)
        throw new OptionError(`burst cannot be smaller than ${unit}b`)
      options.burst =
        givenBurst === undefined ? 0n : unit === 0n ? givenBurst : (givenBurst + unit - 1n) / unit
      options.expireMs ??= (givenBurst === undefined ? unitSeconds! : BYTE_EXPIRE_BURST_S) * 1000
    } else {
      options.burst = givenBurst ?? DEFAULT_BURST
      if (options.burst > MAX_BURST)
        throw new OptionError(`bad burst '${givenBurst}'`, { expected: `a number from 1 to ${MAX_BURST}` })
      options.expireMs ??= unitSeconds! * 1000
    }
    return options as HashlimitOptions
  },
  check: checkConfig,
  save: (options, family) => saveText(options, family === 4 ? 32 : 128),
  list: (options, family) => listText(options, family === 4 ? 32 : 128),
  compile: compileHashlimit,
})

function parseMode(text: string): readonly HashField[] {
  const wanted = text.split(/[,|]/).filter(word => word !== '')
  for (const word of wanted)
    if (!(HASH_FIELDS as readonly string[]).includes(word))
      throw new OptionError(`bad mode '${word}'`, { expected: HASH_FIELDS.join(', ') })
  return HASH_FIELDS.filter(field => wanted.includes(field))
}

/** The time after which a group is forgotten unless something else is said; it follows the printed unit. */
function impliedExpireMs(options: HashlimitOptions, period: bigint): number {
  if (!options.bytes) return printedUnitSeconds(Number(period), RATE_SCALE) * 1000
  return (options.burst === 0n ? BYTE_EXPIRE_S : BYTE_EXPIRE_BURST_S) * 1000
}

function saveText(options: HashlimitOptions, fullMask: number): string {
  const { above, bytes, average, burst, mode, name, size, max, gcIntervalMs, expireMs } = options
  const { srcmask, dstmask, rateMatch, interval } = options
  return words(
    above ? '--hashlimit-above' : '--hashlimit-upto',
    bytes ? byteRateText(average) : rateText(Number(average), RATE_SCALE),
    bytes
      ? burst !== 0n && `--hashlimit-burst ${burstBytesText(average, burst)}`
      : `--hashlimit-burst ${burst}`,
    mode.length > 0 && `--hashlimit-mode ${mode.join(',')}`,
    `--hashlimit-name ${name}`,
    size !== 0 && `--hashlimit-htable-size ${size}`,
    max !== 0 && `--hashlimit-htable-max ${max}`,
    gcIntervalMs !== DEFAULT_GC_INTERVAL_MS && `--hashlimit-htable-gcinterval ${gcIntervalMs}`,
    expireMs !== impliedExpireMs(options, average) && `--hashlimit-htable-expire ${expireMs}`,
    srcmask !== fullMask && `--hashlimit-srcmask ${srcmask}`,
    dstmask !== fullMask && `--hashlimit-dstmask ${dstmask}`,
    rateMatch && '--hashlimit-rate-match',
    rateMatch && interval !== 1 && `--hashlimit-rate-interval ${interval}`,
  )
}

function listText(options: HashlimitOptions, fullMask: number): string {
  const { above, bytes, average, burst, mode, size, max, gcIntervalMs, expireMs } = options
  const { srcmask, dstmask, rateMatch, interval } = options
  const period = interval === 0 ? average : average * BigInt(interval)
  return words(
    above ? 'limit: above' : 'limit: up to',
    bytes ? byteRateText(average) : rateText(Number(period), RATE_SCALE),
    bytes ? burst !== 0n && `burst ${burstBytesText(average, burst)}` : `burst ${burst}`,
    mode.length > 0 && `mode ${mode.join('-')}`,
    size !== 0 && `htable-size ${size}`,
    max !== 0 && `htable-max ${max}`,
    gcIntervalMs !== DEFAULT_GC_INTERVAL_MS && `htable-gcinterval ${gcIntervalMs}`,
    expireMs !== impliedExpireMs(options, period) && `htable-expire ${expireMs}`,
    srcmask !== fullMask && `srcmask ${srcmask}`,
    dstmask !== fullMask && `dstmask ${dstmask}`,
    rateMatch && 'rate-match',
    rateMatch && interval !== 1 && `rate-interval ${interval}`,
  )
}
