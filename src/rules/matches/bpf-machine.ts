/** The classic BPF machine (Documentation/networking/filter.rst; net/core/filter.c), without the ancillary data loads. */

export interface BpfInstruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  /** unsigned 32 bits */
  readonly k: number
}

const MEMORY_WORDS = 16

const CLASS = 0x07
const LD = 0
const LDX = 1
const ST = 2
const STX = 3
const ALU = 4
const JMP = 5
const RET = 6
const SIZE = 0x18
const WORD = 0
const HALF = 8
const MODE = 0xe0
const IMM = 0x00
const ABS = 0x20
const IND = 0x40
const MEM = 0x60
const LEN = 0x80
const MSH = 0xa0
const OPERATION = 0xf0
const BY_X = 8
const RETURN_A = 0x10
const TAX = 0
const NEG = 0x80

/** `bpf_check_classic`: what makes the kernel refuse a program; undefined when it is fine. */
export function checkProgram(program: readonly BpfInstruction[]): string | undefined {
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at]!
    if (!isKnown(code)) return `bpf: unknown instruction ${code}`
    const kind = code & CLASS
    const constant = (code & BY_X) === 0
    const operation = code & OPERATION
    if (kind === ALU && constant && (operation === 0x30 || operation === 0x90) && k === 0)
      return 'bpf: division by 0'
    if (kind === ALU && constant && (operation === 0x60 || operation === 0x70) && k >= 32)
      return 'bpf: shift too far'
    const memory = kind === ST || kind === STX || ((kind === LD || kind === LDX) && (code & MODE) === MEM)
    if (memory && k >= MEMORY_WORDS) return 'bpf: no such memory word'
    if (kind !== JMP) continue
    const furthest = operation === 0 ? k : Math.max(jt, jf)
    if (at + 1 + furthest >= program.length) return 'bpf: jump beyond the program'
  }
  return ((program.at(-1)?.code ?? 0) & CLASS) === RET ? undefined : 'bpf: the last instruction must return'
}

const KNOWN: ReadonlySet<number> = new Set([
  ...[0x00, 0x80, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60],
  ...[0x01, 0x81, 0xb1, 0x61, 0x02, 0x03, 0x06, 0x16, 0x07, 0x87, 0x05, 0x84],
  ...[0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0].flatMap(bits => [
    ALU | bits,
    ALU | bits | BY_X,
  ]),
  ...[0x10, 0x20, 0x30, 0x40].flatMap(bits => [JMP | bits, JMP | bits | BY_X]),
])

function isKnown(code: number): boolean {
  return KNOWN.has(code)
}

/** What the program returns for a packet; 0 when it reads beyond the packet's end. */
export function runProgram(program: readonly BpfInstruction[], bytes: Uint8Array): number {
  const memory = new Uint32Array(MEMORY_WORDS)
  let a = 0
  let x = 0
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at]!
    switch (code & CLASS) {
      case LD: {
        const mode = code & MODE
        if (mode === IMM) a = k
        else if (mode === LEN) a = bytes.length
        else if (mode === MEM) a = memory[k]!
        else {
          const offset = mode === IND ? (x + k) >>> 0 : k
          const value = load(bytes, offset, code & SIZE)
          if (value < 0 || (mode !== ABS && mode !== IND)) return 0
          a = value
        }
        break
      }
      case LDX: {
        const mode = code & MODE
        if (mode === IMM) x = k
        else if (mode === LEN) x = bytes.length
        else if (mode === MEM) x = memory[k]!
        else if (mode === MSH) {
          if (k >= bytes.length) return 0
          x = (bytes[k]! & 15) * 4
        }
        break
      }
      case ST:
        memory[k] = a
        break
      case STX:
        memory[k] = x
        break
      case ALU: {
        const operand = (code & BY_X) !== 0 ? x : k
        if (operand === 0 && ((code & OPERATION) === 0x30 || (code & OPERATION) === 0x90)) return 0
        a = compute(code & OPERATION, a, operand)
        break
      }
      case JMP:
        at += (code & OPERATION) === 0 ? k : holds(code & OPERATION, a, (code & BY_X) !== 0 ? x : k) ? jt : jf
        break
      case RET:
        return (code & RETURN_A) !== 0 ? a : k
      default:
        if ((code & 0xf8) === TAX) x = a
        else a = x
    }
  }
  return 0
}

function load(bytes: Uint8Array, offset: number, size: number): number {
  const width = size === WORD ? 4 : size === HALF ? 2 : 1
  if (offset + width > bytes.length) return -1
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + bytes[offset + i]!
  return value
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case 0x00:
      return (a + operand) >>> 0
    case 0x10:
      return (a - operand) >>> 0
    case 0x20:
      return Math.imul(a, operand) >>> 0
    case 0x30:
      return Math.floor(a / operand)
    case 0x40:
      return (a | operand) >>> 0
    case 0x50:
      return (a & operand) >>> 0
    case 0x60:
      return (a << operand) >>> 0
    case 0x70:
      return a >>> operand
    case NEG:
      return -a >>> 0
    case 0x90:
      return a % operand
    default:
      return (a ^ operand) >>> 0
  }
}

function holds(operation: number, a: number, operand: number): boolean {
  if (operation === 0x10) return a === operand
  if (operation === 0x20) return a > operand
  if (operation === 0x30) return a >= operand
  return (a & operand) !== 0
}
