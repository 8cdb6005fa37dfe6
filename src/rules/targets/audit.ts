import { defineTarget, OptionError, Verdict } from '../extension.ts'

const TYPES = ['accept', 'drop', 'reject'] as const

export interface AuditOptions {
  readonly type: (typeof TYPES)[number]
}

/** `-j AUDIT`: net/netfilter/xt_AUDIT.c. Writes to the audit log, which nothing here can see. */
export const audit = defineTarget<AuditOptions>({
  name: 'AUDIT',
  summary: 'tell the audit subsystem about the packet',
  status: 'parsed only',
  options: [
    {
      name: 'type',
      arguments: 1,
      mandatory: true,
      placeholder: 'accept|drop|reject',
      help: 'what the record says',
      set(options, [text = '']) {
        const type = TYPES.find(name => name === text.toLowerCase())
        if (type === undefined)
          throw new OptionError(`Bad action type value "${text}"`, { expected: TYPES.join(' ') })
        options.type = type
      },
    },
  ],
  save: ({ type }) => `--type ${type}`,
  list: ({ type }) => `AUDIT ${type}`,
  compile: () => () => Verdict.CONTINUE,
})
