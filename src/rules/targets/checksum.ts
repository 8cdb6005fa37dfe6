import { defineTarget, Verdict } from '../extension.ts'

/**
 * `-j CHECKSUM`: net/netfilter/xt_CHECKSUM.c. It fills in what a device would have computed on sending
 * (CHECKSUM_PARTIAL); packets here always carry their checksum, so it does nothing.
 */
export const checksum = defineTarget<object>({
  name: 'CHECKSUM',
  tables: ['mangle'],
  summary: 'compute a checksum that was left to the device',
  options: [
    {
      name: 'checksum-fill',
      arguments: 0,
      mandatory: true,
      help: 'fill in the checksum',
      set: () => undefined,
    },
  ],
  save: () => '--checksum-fill',
  list: () => 'CHECKSUM fill',
  compile: () => () => Verdict.CONTINUE,
})
