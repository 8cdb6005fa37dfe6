import type { Family } from '../../address.ts'
import { replaceWord16 } from '../../packet/checksum.ts'
import type { Skb } from '../../packet/skb.ts'
import {
  defineTarget,
  OptionError,
  type OptionSpec,
  type TargetExtension,
  type TargetFunction,
  Verdict,
} from '../extension.ts'
import { parseBounded } from './mark-value.ts'

/** What TTL and HL share; only the names differ. */
export interface HopCountOptions {
  readonly mode: 'set' | 'inc' | 'dec'
  readonly value: number
}

const LISTED = { set: 'set to', inc: 'increment by', dec: 'decrement by' } as const

/** `-j TTL` and `-j HL`: net/netfilter/xt_HL.c. The count stays within 0 and 255; nobody drops a 0 here. */
export function hopCountTarget(name: 'TTL' | 'HL', family: Family, summary: string): TargetExtension {
  const word = name.toLowerCase()
  return defineTarget<HopCountOptions>({
    name,
    families: [family],
    tables: ['mangle'],
    summary,
    options: [
      modeOption(word, 'set', 0, `the new ${name}`),
      modeOption(word, 'dec', 1, `decrement the ${name} by this much`),
      modeOption(word, 'inc', 1, `increment the ${name} by this much`),
    ],
    finish({ mode, value }) {
      if (mode === undefined || value === undefined)
        throw new OptionError('You must specify an action', {
          expected: `--${word}-set, --${word}-inc or --${word}-dec`,
        })
      return { mode, value }
    },
    save: ({ mode, value }) => `--${word}-${mode} ${value}`,
    list: ({ mode, value }) => `${name} ${LISTED[mode]} ${value}`,
    compile: changeHopCount,
  })
}

function modeOption(
  word: string,
  mode: HopCountOptions['mode'],
  minimum: number,
  help: string,
): OptionSpec<HopCountOptions> {
  const name = `${word}-${mode}`
  return {
    name,
    arguments: 1,
    excludes: ['set', 'inc', 'dec'].filter(other => other !== mode).map(other => `${word}-${other}`),
    placeholder: 'value',
    help,
    set(options, [text = '']) {
      options.mode = mode
      options.value = parseBounded(text, name, minimum, 255)
    },
  }
}

function changeHopCount({ mode, value }: HopCountOptions): TargetFunction {
  return skb => {
    const before = skb.ttl
    const after =
      mode === 'set' ? value : mode === 'inc' ? Math.min(255, before + value) : Math.max(0, before - value)
    if (after !== before) writeHopCount(skb, before, after)
    return Verdict.CONTINUE
  }
}

function writeHopCount(skb: Skb, before: number, after: number): void {
  const bytes = skb.writable()
  if (skb.family === 6) {
    bytes[7] = after
    return
  }
  const checksum = replaceWord16((bytes[10]! << 8) | bytes[11]!, before << 8, after << 8)
  bytes[8] = after
  bytes[10] = checksum >> 8
  bytes[11] = checksum
}
