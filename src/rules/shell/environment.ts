import type { Command, Place } from './syntax.ts'
import { hasOpenEnd } from './unknowns.ts'

/** Variables, functions and parameters: what a subshell gets a copy of. */
export class Environment {
  readonly variables: Map<string, string>
  readonly functions: Map<string, Command>
  /** The positional parameters as far as they are known, and behind them what may be any number of them. */
  private known: readonly string[] = []
  private rest: string | undefined
  /** What `local` has hidden, one map for each function that runs. */
  private readonly frames: Map<string, string | undefined>[] = []
  private readonly locals: Set<string>[] = []
  private readonly names: string[] = []
  /** `set -e`, `-u`, `-o pipefail` */
  readonly options: Set<string>
  /** What `trap … EXIT` has the shell run in the end. */
  exitTrap: { readonly text: string; readonly place: Place } | undefined
  /** Which letter of which word `getopts` comes to next. */
  optionAt = { index: 1, letter: 1 }
  /** bash: arrays whose keys are words (`declare -A`). */
  readonly associative: Set<string>

  constructor(
    variables: Iterable<readonly [string, string]>,
    functions: Iterable<readonly [string, Command]>,
    args: readonly string[],
    associative: Iterable<string> = [],
    options: Iterable<string> = [],
  ) {
    this.options = new Set(options)
    this.associative = new Set(associative)
    this.variables = new Map(variables)
    this.functions = new Map(functions)
    this.args = args
  }

  copy(): Environment {
    const { variables, functions, args, associative, options } = this
    const copy = new Environment(variables, functions, args, associative, options)
    copy.names.push(...this.names)
    return copy
  }

  get size(): number {
    return this.variables.size + this.functions.size
  }

  /** `$1` … */
  get args(): readonly string[] {
    return this.rest === undefined ? this.known : [...this.known, this.rest]
  }

  set args(args: readonly string[]) {
    const open = args.findIndex(hasOpenEnd)
    this.known = open < 0 ? args : args.slice(0, open)
    this.rest = open < 0 ? undefined : args[open]
  }

  /** `$1`, `$#`, `$@`; undefined for other names and for what was not given. */
  argument(name: string): string | undefined {
    if (name === '#') return this.rest ?? String(this.known.length)
    if (name === '@' || name === '*') return this.args.join(' ')
    return /^[1-9]\d*$/.test(name) ? (this.known[Number(name) - 1] ?? this.rest) : undefined
  }

  /** False: there are not so many; the mark of what is not known: who knows. */
  shift(count: number): boolean | string {
    if (!(count >= 0) || (this.rest === undefined && count > this.known.length)) return false
    const isKnown = count <= this.known.length
    this.known = this.known.slice(count)
    return isKnown || this.rest!
  }

  get isInFunction(): boolean {
    return this.frames.length > 0
  }

  /** bash: of the function that runs. */
  get functionName(): string | undefined {
    return this.names.at(-1)
  }

  get separators(): string {
    return (this.variables.get('IFS') ?? ' \t\n').replace(/[\ue000-\ue01f]/g, '')
  }

  set(written: string, value: string | undefined): void {
    const name = written.replace(/\[0\]$/, '')
    if (value === undefined) this.variables.delete(name)
    else this.variables.set(name, value)
  }

  /** Takes a variable away, and all elements of an array. */
  unset(name: string): void {
    for (const key of this.keys(name)) this.setElement(name, key, undefined)
  }

  /** bash: the keys of an array's elements; a plain variable is the element 0. */
  keys(name: string): readonly string[] {
    const others = [...this.variables.keys()].filter(key => key.startsWith(`${name}[`))
    const keys = others.map(key => key.slice(name.length + 1, -1))
    if (this.variables.has(name)) keys.push('0')
    return this.associative.has(name) ? keys : keys.sort((a, b) => Number(a) - Number(b))
  }

  element(name: string, key: string): string | undefined {
    return this.variables.get(variable(name, key))
  }

  setElement(name: string, key: string, value: string | undefined): void {
    this.set(variable(name, key), value)
  }

  /** By a name as it is written: `a`, `a[2]`. @param value undefined takes it away, an array with all its elements */
  assign(written: string, value: string | undefined): void {
    const [, name, key] = /^(\w+)\[(.+)\]$/.exec(written) ?? []
    if (name !== undefined) this.setElement(name, key!, value)
    else if (value === undefined) this.unset(written)
    else this.set(written, value)
  }

  /** The elements in their order. */
  elements(name: string): readonly string[] {
    return this.keys(name).map(key => this.element(name, key)!)
  }

  /** @param isEmpty bash: it is not set; in sh it begins with the value that it has outside */
  makeLocal(name: string, isEmpty: boolean): void {
    const frame = this.frames.at(-1)
    if (frame === undefined || frame.has(name)) return
    for (const key of this.keys(name)) frame.set(variable(name, key), this.element(name, key))
    if (!frame.has(name)) frame.set(name, undefined)
    this.locals.at(-1)!.add(name)
    if (isEmpty) this.unset(name)
  }

  /** Runs a function's body with its own parameters. */
  inFunction<T>(name: string, args: readonly string[], body: () => T): T {
    const outer = this.args
    const frame = new Map<string, string | undefined>()
    const locals = new Set<string>()
    this.frames.push(frame)
    this.locals.push(locals)
    this.names.push(name)
    this.args = args
    try {
      return body()
    } finally {
      this.args = outer
      this.frames.pop()
      this.locals.pop()
      this.names.pop()
      for (const name of locals) this.unset(name)
      for (const [name, value] of frame) this.set(name, value)
    }
  }
}

/** Where an element is kept. */
function variable(name: string, key: string): string {
  return key === '0' ? name : `${name}[${key}]`
}
