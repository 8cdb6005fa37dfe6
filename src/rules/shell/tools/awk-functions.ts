import { formatted } from '../printing.ts'
import type { Machine } from './awk-machine.ts'
import { Input, numberOf, textOf, Unsupported, type Value } from './awk-values.ts'

/** A place that an expression names: a variable, a field, an element. */
export interface Place {
  get(machine: Machine): Value
  set(machine: Machine, value: Value): void
}

/** What stands between the brackets of a call: what it comes to, and for those that write, where. */
export interface Argument {
  get(machine: Machine): Value
  readonly place: Place | undefined
  /** The name of an array, if it may be one. */
  readonly name: string | undefined
  /** `/…/` as it is written. */
  readonly pattern: string | undefined
}

type Builtin = (machine: Machine, args: readonly Argument[]) => Value

/** The functions of awk that programs about texts use. */
export const FUNCTIONS: { readonly [name: string]: Builtin } = {
  length: (machine, [text]) => {
    if (text?.name !== undefined && machine.array(text.name).size > 0) return machine.array(text.name).size
    return textOf(text === undefined ? machine.field(0) : text.get(machine)).length
  },
  substr(machine, [text, from, count]) {
    const whole = textOf(text?.get(machine))
    const start = Math.round(numberOf(from?.get(machine)))
    if (start < 1) throw new Unsupported('awks differ')
    const end = count === undefined ? whole.length + 1 : start + Math.round(numberOf(count.get(machine)))
    return whole.slice(start - 1, Math.max(0, end - 1))
  },
  index: (machine, [text, part]) => textOf(text?.get(machine)).indexOf(textOf(part?.get(machine))) + 1,
  tolower: (machine, [text]) => textOf(text?.get(machine)).toLowerCase(),
  toupper: (machine, [text]) => textOf(text?.get(machine)).toUpperCase(),
  int: (machine, [number]) => Math.trunc(numberOf(number?.get(machine))),
  sprintf: (machine, [format, ...args]) => format && printf(machine, format, args),
  split(machine, [text, into, separator]) {
    if (into?.name === undefined) throw new Unsupported('split into what?')
    const by = separator?.pattern ?? separator?.get(machine) ?? machine.get('FS')
    const parts = machine.split(textOf(text?.get(machine)), by)
    const array = machine.array(into.name)
    array.clear()
    for (const [index, part] of parts.entries()) array.set(String(index + 1), new Input(part))
    return parts.length
  },
  match(machine, [text, pattern]) {
    const whole = textOf(text?.get(machine))
    const found = machine.pattern(writtenIn(machine, pattern), whole).exec(whole)
    machine.set('RSTART', found === null ? 0 : found.index + 1)
    machine.set('RLENGTH', found === null ? -1 : found[0].length)
    return found === null ? 0 : found.index + 1
  },
  sub: (machine, args) => replace(machine, args, false),
  gsub: (machine, args) => replace(machine, args, true),
}

/** `printf`: as many values as the format asks for. */
export function printf(machine: Machine, format: Argument, args: readonly Argument[]): string {
  const written = textOf(format.get(machine)).replace(/\\/g, '\\\\')
  const asked = (written.replace(/%%/g, '').match(/%/g) ?? []).length
  const text = formatted(
    written,
    args.slice(0, asked).map(arg => textOf(arg.get(machine))),
  )
  if (text === undefined || args.length > asked || written.includes('*')) throw new Unsupported('this format')
  return text
}

export function writtenIn(machine: Machine, argument: Argument | undefined): string {
  return argument?.pattern ?? textOf(argument?.get(machine))
}

/** In the replacement `&` is what was found. */
function replace(machine: Machine, [pattern, by, into]: readonly Argument[], isGlobal: boolean): number {
  const place = into === undefined ? WHOLE : into.place
  if (place === undefined) throw new Unsupported('nothing to write to')
  const text = textOf(place.get(machine))
  const { source } = machine.pattern(writtenIn(machine, pattern), text)
  const replacement = textOf(by?.get(machine))
  let count = 0
  const result = text.replace(new RegExp(source, isGlobal ? 'g' : ''), found => {
    count++
    return replacement.replace(/\\&|\\\\|&/g, sign => (sign === '&' ? found : sign.slice(1)))
  })
  if (count > 0) place.set(machine, result)
  return count
}

const WHOLE: Place = {
  get: machine => machine.field(0),
  set: (machine, value) => machine.setField(0, textOf(value)),
}
