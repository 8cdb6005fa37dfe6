import { defineTarget, OptionError, Verdict } from '../extension.ts'

export interface ClassifyOptions {
  readonly major: number
  readonly minor: number
}

/** `-j CLASSIFY`: net/netfilter/xt_CLASSIFY.c. */
export const classify = defineTarget<ClassifyOptions>({
  name: 'CLASSIFY',
  hooks: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
  summary: 'set the traffic control class',
  options: [
    {
      name: 'set-class',
      arguments: 1,
      mandatory: true,
      placeholder: 'major:minor',
      help: 'the class, both parts hexadecimal',
      set(options, [text = '']) {
        // sscanf("%x:%x"): what follows the second number is not looked at, and each part keeps its low 16 bits
        const found = /^\s*(?:0[xX])?([0-9a-fA-F]+):\s*(?:0[xX])?([0-9a-fA-F]+)/.exec(text)
        if (found === null)
          throw new OptionError(`Bad class value "${text}"`, {
            expected: 'major:minor in hexadecimal, e.g. 1:20',
          })
        options.major = lowHalf(found[1]!)
        options.minor = lowHalf(found[2]!)
      },
    },
  ],
  save: ({ major, minor }) => `--set-class ${fourDigits(major)}:${fourDigits(minor)}`,
  list: ({ major, minor }) => `CLASSIFY set ${major.toString(16)}:${minor.toString(16)}`,
  compile({ major, minor }) {
    const priority = (major << 16) | minor
    return skb => {
      skb.priority = priority
      return Verdict.CONTINUE
    }
  },
})

function lowHalf(digits: string): number {
  return Number.parseInt(digits.slice(-4), 16)
}

function fourDigits(value: number): string {
  return value.toString(16).padStart(4, '0')
}
