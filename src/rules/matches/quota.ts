import { defineMatch, OptionError } from '../extension.ts'
import { parseBigNumber } from '../numbers.ts'
import { not } from './support.ts'

interface QuotaOptions {
  readonly bytes: bigint
  readonly negated: boolean
}

/** `-m quota`: net/netfilter/xt_quota.c. The first packet that does not fit uses up what was left. */
export const quota = defineMatch<QuotaOptions>({
  name: 'quota',
  summary: 'so many bytes and no more',
  options: [
    {
      name: 'quota',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'bytes',
      help: 'how many bytes may pass',
      set(options, [text = ''], negated) {
        const bytes = parseBigNumber(text)
        if (bytes === undefined) throw new OptionError(`bad quota '${text}'`, { expected: 'a 64-bit number' })
        options.bytes = bytes
        options.negated = negated
      },
    },
  ],
  save: ({ bytes, negated }) => `${not(negated)}--quota ${bytes}`,
  list: ({ bytes }) => `quota: ${bytes} bytes`,
  compile({ bytes, negated }, { instance }) {
    const key = `quota/${instance}`
    return [
      {
        option: `${not(negated)}--quota ${bytes}`,
        passes(skb, { memory }) {
          const left = (memory.get(key) as bigint | undefined) ?? bytes
          const length = BigInt(skb.length)
          const fits = left >= length
          memory.set(key, fits ? left - length : 0n)
          return fits !== negated
        },
        seen: (_skb, { memory }) => `${(memory.get(key) as bigint | undefined) ?? bytes} bytes left`,
      },
    ]
  },
})
