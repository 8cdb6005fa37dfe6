import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { cutBytes } from './cut-bytes.ts'
import { parseBounded } from './mark-value.ts'

export interface IdletimerOptions {
  readonly timeoutSeconds: number
  readonly label: string
  readonly alarm: boolean
}

const LABEL_BYTES = 27

/** `-j IDLETIMER`: net/netfilter/xt_IDLETIMER.c. Tells userspace about idle devices through sysfs; packets notice nothing. */
export const idletimer = defineTarget<IdletimerOptions>({
  name: 'IDLETIMER',
  summary: 'start a timer that tells when no packet came any more',
  status: 'parsed only',
  options: [
    {
      name: 'timeout',
      arguments: 1,
      mandatory: true,
      placeholder: 'seconds',
      help: 'how long idle is',
      set(options, [text = '']) {
        options.timeoutSeconds = parseBounded(text, 'timeout', 0, 0xffff_ffff)
      },
    },
    {
      name: 'label',
      arguments: 1,
      mandatory: true,
      placeholder: 'name',
      help: "the timer's name",
      set(options, [text = '']) {
        if (text === '') throw new OptionError('the label is empty', { expected: 'a name' })
        options.label = cutBytes(text, LABEL_BYTES)
      },
    },
    {
      name: 'alarm',
      arguments: 0,
      help: 'wake the box up',
      set(options) {
        options.alarm = true
      },
    },
  ],
  defaults: () => ({ alarm: false }),
  check: ({ timeoutSeconds }) => (timeoutSeconds === 0 ? 'timeout value is zero' : undefined),
  save: ({ timeoutSeconds, label, alarm }) =>
    `--timeout ${timeoutSeconds} --label ${label}${alarm ? ' --alarm' : ''}`,
  list: ({ timeoutSeconds, label, alarm }) =>
    `timeout:${timeoutSeconds} label:${label}${alarm ? ' alarm' : ''}`,
  compile: () => () => Verdict.CONTINUE,
})
