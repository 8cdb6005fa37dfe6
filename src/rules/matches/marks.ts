import { defineMatch } from '../extension.ts'
import { type Masked, maskedText, not, parseMasked } from './support.ts'

interface MarkOptions {
  readonly mark: Masked
  readonly negated: boolean
}

const optionText = ({ mark, negated }: MarkOptions): string => `${not(negated)}--mark ${maskedText(mark)}`

const MARK_OPTION = {
  name: 'mark',
  arguments: 1,
  negatable: true,
  mandatory: true,
  placeholder: 'value[/mask]',
  set(options: { mark?: Masked; negated?: boolean }, [text = '']: readonly string[], negated: boolean) {
    options.mark = parseMasked(text)
    options.negated = negated
  },
} as const

/** `-m mark`: net/netfilter/xt_mark.c. The value is compared unmasked: `0x11/0x1` never holds. */
export const mark = defineMatch<MarkOptions>({
  name: 'mark',
  summary: "the packet's mark (-j MARK)",
  options: [{ ...MARK_OPTION, help: 'the mark, where the mask is set' }],
  save: optionText,
  list: ({ mark, negated }) => `mark match ${not(negated)}${maskedText(mark)}`,
  compile(options) {
    const { mark, negated } = options
    const { value, mask } = mark
    return [
      {
        option: optionText(options),
        passes: skb => ((skb.mark & mask) === value) !== negated,
        seen: skb => `mark ${maskedText({ value: skb.mark, mask: -1 })}`,
      },
    ]
  },
})

/** `-m connmark`: net/netfilter/xt_connmark.c. Without a connection it never holds, inverted or not. */
export const connmark = defineMatch<MarkOptions>({
  name: 'connmark',
  summary: "the connection's mark (-j CONNMARK)",
  options: [{ ...MARK_OPTION, help: 'the mark, where the mask is set' }],
  needsConntrack: () => true,
  save: optionText,
  list: ({ mark, negated }) => `connmark match ${negated ? '!' : ''} ${maskedText(mark)}`,
  compile(options) {
    const { mark, negated } = options
    const { value, mask } = mark
    return [
      {
        option: optionText(options),
        passes: ({ connection }) =>
          connection !== undefined && ((connection.mark & mask) === value) !== negated,
        seen: ({ connection }) =>
          connection === undefined
            ? 'no connection'
            : `connmark ${maskedText({ value: connection.mark, mask: -1 })}`,
      },
    ]
  },
})
