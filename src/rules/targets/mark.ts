import { defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import { hex, listMarkOperation, MARK_OPERATIONS, type MarkOperation, type MarkValue } from './mark-value.ts'

/** The new mark is `(mark & ~mask) ^ value`. */
export type MarkOptions = MarkValue

const OPERATIONS = MARK_OPERATIONS.map(({ name }) => name)

/** `-j MARK`: net/netfilter/xt_mark.c, `mark_tg`. */
export const mark = defineTarget<MarkOptions>({
  name: 'MARK',
  summary: "change the packet's fwmark",
  options: MARK_OPERATIONS.map(operation),
  finish({ value, mask }) {
    if (value === undefined || mask === undefined)
      throw new OptionError('One of the --set-xmark, --{and,or,xor,set}-mark options is required', {
        expected: OPERATIONS.map(name => `--${name}`).join(' '),
      })
    return { value, mask }
  },
  save: ({ value, mask }) => `--set-xmark ${hex(value)}/${hex(mask)}`,
  list: ({ value, mask }) => `MARK ${listMarkOperation(value, mask)}`,
  compile({ value, mask }) {
    const kept = ~mask
    return skb => {
      skb.mark = (skb.mark & kept) ^ value
      return Verdict.CONTINUE
    }
  },
})

function operation({ name, placeholder, help, read }: MarkOperation): OptionSpec<MarkOptions> {
  return {
    name,
    arguments: 1,
    excludes: OPERATIONS.filter(other => other !== name),
    placeholder,
    help,
    set(options, [text = '']) {
      const { value, mask } = read(text)
      options.value = value
      options.mask = mask
    },
  }
}
