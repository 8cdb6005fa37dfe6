import { defineTarget, OptionError, Verdict } from '../extension.ts'

export interface ConnsecmarkOptions {
  readonly mode: 'save' | 'restore'
}

/** `-j CONNSECMARK`: net/netfilter/xt_CONNSECMARK.c. The reference kernel runs no security module, so no packet has a label. */
export const connsecmark = defineTarget<ConnsecmarkOptions>({
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  summary: 'copy the security label between packet and connection',
  status: 'parsed only',
  options: [
    {
      name: 'save',
      arguments: 0,
      excludes: ['restore'],
      help: 'from the packet to the connection',
      set(options) {
        options.mode = 'save'
      },
    },
    {
      name: 'restore',
      arguments: 0,
      excludes: ['save'],
      help: 'from the connection to the packet',
      set(options) {
        options.mode = 'restore'
      },
    },
  ],
  finish({ mode }) {
    if (mode === undefined) throw new OptionError('parameter required', { expected: '--save or --restore' })
    return { mode }
  },
  save: ({ mode }) => `--${mode}`,
  list: ({ mode }) => `CONNSECMARK ${mode}`,
  needsConntrack: () => true,
  compile: () => () => Verdict.CONTINUE,
})
