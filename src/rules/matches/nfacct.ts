import { defineMatch } from '../extension.ts'
import { truncateBytes } from './support.ts'

/**
 * `-m nfacct`: net/netfilter/xt_nfacct.c. Counts packets in an accounting object outside of the rules, which nothing
 * here can read; it always matches. The kernel wants the object to exist; here every name does.
 */
export const nfacct = defineMatch<{ readonly name: string }>({
  name: 'nfacct',
  status: 'parsed only',
  summary: 'count the packet in an accounting object; always matches',
  options: [
    {
      name: 'nfacct-name',
      arguments: 1,
      mandatory: true,
      placeholder: 'name',
      help: 'the object',
      set(options, [text = '']) {
        options.name = truncateBytes(text, 31)
      },
    },
  ],
  save: ({ name }) => `--nfacct-name  ${name}`,
  list: ({ name }) => `nfacct-name  ${name}`,
  compile: ({ name }) => [{ option: `--nfacct-name ${name}`, passes: () => true, seen: () => name }],
})
