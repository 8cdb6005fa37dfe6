import { defineMatch } from '../extension.ts'
import { type NegatableNumber, not, requireNumber, UINT32_MAX } from './support.ts'

/** `-m cpu`: net/netfilter/xt_cpu.c. The simulator has one processor, number 0. */
export const cpu = defineMatch<{ readonly cpu: NegatableNumber }>({
  name: 'cpu',
  summary: 'the processor that handles the packet',
  options: [
    {
      name: 'cpu',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'number',
      help: 'its number; everything happens on 0 here',
      set(options, [text = ''], negated) {
        options.cpu = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
  ],
  save: ({ cpu }) => `${not(cpu.negated)}--cpu ${cpu.value}`,
  list: ({ cpu }) => `cpu ${not(cpu.negated)}${cpu.value}`,
  compile: ({ cpu }) => [
    {
      option: `${not(cpu.negated)}--cpu ${cpu.value}`,
      passes: () => (cpu.value === 0) !== cpu.negated,
      seen: () => 'cpu 0',
    },
  ],
})
