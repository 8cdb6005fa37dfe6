import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { writeDsField } from './ds-field.ts'
import { hexByte, parseBounded } from './mark-value.ts'

export interface DscpOptions {
  /** 0 to 63 */
  readonly dscp: number
}

/** RFC 2474, 2597, 3246. */
const CLASSES: ReadonlyMap<string, number> = new Map([
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(n => [`CS${n}`, n << 3] as const),
  ['BE', 0] as const,
  ...[1, 2, 3, 4].flatMap(n => [1, 2, 3].map(drop => [`AF${n}${drop}`, (n << 3) | (drop << 1)] as const)),
  ['EF', 0x2e] as const,
])

/** `-j DSCP`: net/netfilter/xt_DSCP.c, `dscp_tg`. The two ECN bits stay. */
export const dscp = defineTarget<DscpOptions>({
  name: 'DSCP',
  tables: ['mangle'],
  summary: 'set the differentiated services code point',
  options: [
    {
      name: 'set-dscp',
      arguments: 1,
      excludes: ['set-dscp-class'],
      placeholder: 'value',
      help: 'the code point, 0 to 63',
      set(options, [text = '']) {
        options.dscp = parseBounded(text, 'set-dscp', 0, 63)
      },
    },
    {
      name: 'set-dscp-class',
      arguments: 1,
      excludes: ['set-dscp'],
      placeholder: 'class',
      help: 'CS0 to CS7, BE, AF11 to AF43 or EF',
      set(options, [text = '']) {
        const value = CLASSES.get(text.toUpperCase())
        if (value === undefined)
          throw new OptionError(`Invalid DSCP value '${text}'`, { expected: [...CLASSES.keys()].join(' ') })
        options.dscp = value
      },
    },
  ],
  finish({ dscp }) {
    if (dscp === undefined)
      throw new OptionError('Parameter --set-dscp is required', {
        expected: '--set-dscp or --set-dscp-class',
      })
    return { dscp }
  },
  save: ({ dscp }) => `--set-dscp ${hexByte(dscp)}`,
  list: ({ dscp }) => `DSCP set ${hexByte(dscp)}`,
  compile:
    ({ dscp }) =>
    skb => {
      if (skb.tos >> 2 !== dscp) writeDsField(skb, (skb.tos & 3) | (dscp << 2))
      return Verdict.CONTINUE
    },
})
