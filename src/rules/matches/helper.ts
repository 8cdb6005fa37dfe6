import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment } from '../extension.ts'
import { quoteWord } from '../quote.ts'
import { not, truncateBytes } from './support.ts'

interface HelperOptions {
  readonly name: string
  readonly negated: boolean
}

/** `-m helper`: net/netfilter/xt_helper.c. Connections that a helper expected (the data connections of FTP, …). */
export const helper = defineMatch<HelperOptions>({
  name: 'helper',
  summary: 'connections that a conntrack helper expected',
  options: [
    {
      name: 'helper',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'name',
      help: "the helper of the connection's master; '' is any",
      set(options, [text = ''], negated) {
        options.name = truncateBytes(text, 29)
        options.negated = negated
      },
    },
  ],
  needsConntrack: () => true,
  save: ({ name, negated }) => `${not(negated)}--helper ${quoteWord(name)}`,
  list: ({ name, negated }) => `helper match ${not(negated)}"${name}"`,
  compile: ({ name, negated }) => [
    {
      option: `${not(negated)}--helper ${quoteWord(name)}`,
      passes(skb, environment) {
        const found = masterHelper(skb, environment)
        if (found === undefined) return negated
        // the kernel compares as many characters as the helper's name has: ftp-2121 is ftp
        return (name === '' || name.startsWith(found)) !== negated
      },
      seen: (skb, environment) => `helper ${masterHelper(skb, environment) ?? '(none)'}`,
    },
  ],
})

function masterHelper({ connection }: Skb, environment: MatchEnvironment): string | undefined {
  if (connection?.masterOriginal === undefined) return undefined
  return environment.findConnection(connection.masterOriginal, connection.zone)?.helper
}
