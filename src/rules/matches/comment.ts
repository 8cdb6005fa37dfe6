import { defineMatch, OptionError } from '../extension.ts'
import { quoteWord } from '../quote.ts'
import { byteLength } from './support.ts'

interface CommentOptions {
  readonly comment: string
}

/** `-m comment`: a remark that every packet passes (net/netfilter/xt_comment.c). */
export const comment = defineMatch<CommentOptions>({
  name: 'comment',
  summary: 'a remark, matches everything',
  options: [
    {
      name: 'comment',
      arguments: 1,
      mandatory: true,
      placeholder: 'text',
      help: 'the remark, up to 255 bytes',
      set(options, [text = '']) {
        if (byteLength(text) > 255)
          throw new OptionError('the comment is too long', { expected: 'at most 255 bytes' })
        options.comment = text
      },
    },
  ],
  save: ({ comment }) => `--comment ${quoteWord(comment)}`,
  list: ({ comment }) => `/* ${comment} */`,
  compile: () => [],
})
