import { defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import {
  ALL_BITS,
  hex,
  listMarkOperation,
  type MarkValue,
  parseBounded,
  parseMarkMask,
} from './mark-value.ts'

/** The new mark is `(mark & ~mask) ^ value`. */
export type MarkOptions = MarkValue

const OPERATIONS = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark']

/** `-j MARK`: net/netfilter/xt_mark.c, `mark_tg`. */
export const mark = defineTarget<MarkOptions>({
  name: 'MARK',
  summary: "change the packet's fwmark",
  options: [
    operation('set-xmark', 'value[/mask]', 'clear the bits of mask and XOR value into the mark', text =>
      parseMarkMask(text, 'set-xmark'),
    ),
    operation('set-mark', 'value[/mask]', 'clear the bits of mask and OR value into the mark', text => {
      const { value, mask } = parseMarkMask(text, 'set-mark')
      return { value, mask: (mask | value) >>> 0 }
    }),
    operation('and-mark', 'bits', 'keep only these bits', text => ({
      value: 0,
      mask: ~parseBounded(text, 'and-mark', 0, ALL_BITS) >>> 0,
    })),
    operation('or-mark', 'bits', 'set these bits', text => {
      const value = parseBounded(text, 'or-mark', 0, ALL_BITS)
      return { value, mask: value }
    }),
    operation('xor-mark', 'bits', 'flip these bits', text => ({
      value: parseBounded(text, 'xor-mark', 0, ALL_BITS),
      mask: 0,
    })),
  ],
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

function operation(
  name: string,
  placeholder: string,
  help: string,
  read: (text: string) => MarkValue,
): OptionSpec<MarkOptions> {
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
