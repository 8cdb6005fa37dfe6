import { defineMatch } from '../extension.ts'
import { type NegatableNumber, not, requireNumber, UINT32_MAX } from './support.ts'

/** The only processor of the model. */
const CPU = 0

/** `-m cpu`: net/netfilter/xt_cpu.c. */
export const cpu = defineMatch<{ readonly cpu: NegatableNumber }>({
  name: 'cpu',
  summary: 'the processor that handles the packet; the model has one, number 0',
  options: [
    {
      name: 'cpu',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'number',
      help: 'number of the processor',
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
      passes: () => (cpu.value === CPU) !== cpu.negated,
      seen: () => `cpu ${CPU}`,
      pure: true,
    },
  ],
})
