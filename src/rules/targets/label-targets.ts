import { defineTarget, OptionError, Verdict } from '../extension.ts'

/** Security labels exist only where a security module does; here the packets have none, and these targets do nothing. */

export interface SecmarkOptions {
  readonly context: string
}

export interface ConnsecmarkOptions {
  readonly mode: 'save' | 'restore'
}

/** `-j SECMARK`: net/netfilter/xt_SECMARK.c. */
export const secmark = defineTarget<SecmarkOptions>({
  name: 'SECMARK',
  tables: ['mangle', 'security'],
  summary: 'give the packet a security label',
  options: [
    {
      name: 'selctx',
      arguments: 1,
      mandatory: true,
      placeholder: 'context',
      help: "SELinux's security context",
      set(options, [text = '']) {
        options.context = text
      },
    },
  ],
  save: ({ context }) => `--selctx ${context}`,
  list: ({ context }) => `SECMARK selctx ${context}`,
  compile: () => () => Verdict.CONTINUE,
})

/** `-j CONNSECMARK`: net/netfilter/xt_CONNSECMARK.c. */
export const connsecmark = defineTarget<ConnsecmarkOptions>({
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  summary: 'copy the security label between packet and connection',
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
