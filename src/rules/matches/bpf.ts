import { defineMatch, OptionError } from '../extension.ts'
import { type BpfInstruction, checkProgram, runProgram } from './bpf-machine.ts'

interface BpfOptions {
  readonly program: readonly BpfInstruction[]
}

const MAX_INSTRUCTIONS = 64

/** From here on an offset is negative: not in the packet, but something the kernel knows of it. */
const FIRST_NEGATIVE_OFFSET = 0xffe0_0000

/** `-m bpf --bytecode`: net/netfilter/xt_bpf.c. A classic BPF program that begins to read at the IP header. */
export const bpf = defineMatch<BpfOptions>({
  name: 'bpf',
  summary: 'a BPF program (as nfbpf_compile prints them)',
  options: [
    {
      name: 'bytecode',
      arguments: 1,
      excludes: ['object-pinned'],
      placeholder: 'program',
      help: 'the number of instructions, then "code jt jf k" for each, with commas between',
      set(options, [text = '']) {
        options.program = parseProgram(text)
      },
    },
    {
      name: 'object-pinned',
      arguments: 1,
      excludes: ['bytecode'],
      placeholder: 'path',
      help: 'a program that is loaded already; the model has none',
      set(_options, [text = '']) {
        throw new OptionError(`no program is pinned at '${text}'`, { expected: '--bytecode' })
      },
    },
  ],
  finish({ program }) {
    if (program === undefined) throw new OptionError('bpf: no program', { expected: '--bytecode' })
    return { program }
  },
  check: ({ program }) => checkProgram(program),
  save: ({ program }) => `--bytecode "${program.length},${programText(program)}"`,
  // without a blank before it, and with the byte 0 that libxt_bpf.c puts behind the last instruction
  list: ({ program }) => `match bpf ${programText(program)}\0`,
  listsWithoutBlank: true,
  compile: ({ program }) => [
    {
      option: `--bytecode "${program.length},${programText(program)}"`,
      passes: ({ bytes }) => runProgram(program, bytes) !== 0,
      seen: () => 'the program returned 0',
    },
  ],
})

function programText(program: readonly BpfInstruction[]): string {
  return program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`).join(',')
}

function parseProgram(text: string): readonly BpfInstruction[] {
  const [count = '', ...rest] = text.split(',')
  const length = Number.parseInt(count, 10)
  if (!(length >= 1 && length <= MAX_INSTRUCTIONS))
    throw new OptionError('bpf: bad program length', { expected: `1 to ${MAX_INSTRUCTIONS}, then a comma` })
  if (rest.at(-1)?.trim() === '') rest.pop()
  if (rest.length > length)
    throw new OptionError('bpf: real program length exceeds the encoded length parameter')
  if (rest.length < length)
    throw new OptionError('bpf: parsed program length is less than the encoded length parameter')
  return rest.map(part => {
    const numbers = part.trim().split(/\s+/).map(Number)
    const [code = 0, jt = 0, jf = 0, k = 0] = numbers
    if (numbers.length < 4 || !numbers.every(number => Number.isInteger(number) && number >= 0))
      throw new OptionError(`bpf: bad instruction '${part}'`, { expected: 'code jt jf k' })
    if (k >= FIRST_NEGATIVE_OFFSET && (code & 0x27) === 0x20)
      throw new OptionError('bpf: loads of ancillary data are not modelled')
    return { code: code & 0xffff, jt: jt & 0xff, jf: jf & 0xff, k: k >>> 0 }
  })
}
