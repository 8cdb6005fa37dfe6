import { arithmetic, assignedNames, type Variables } from './arithmetic.ts'
import type { Environment } from './environment.ts'
import type { List, ShellWord } from './syntax.ts'

/** What expansion asks of the shell that runs. */
export interface ExpansionHost {
  readonly environment: Environment
  /** `$?`, `$0`, `$$` …; undefined for any other name. */
  special(name: string): string | undefined
  /** A variable that is not set was used as it is. */
  noteUnset(name: string, word: ShellWord): void
  /** What the commands print. */
  substitute(body: List, word: ShellWord): string
  /** The name of a file with what the commands print. */
  pipe(body: List, word: ShellWord): string
  /** Is a part of the text not known? */
  isUnknown(text: string): boolean
  /** Counts work, so that no script takes for ever. */
  spend(steps: number): void
  refuse(message: string, word: ShellWord): void
  readonly takesAll: boolean
  /** The script ends here. */
  leave(code?: number): never
  readonly isBash: boolean
}

/** `$((…))`, and what stands in the brackets of `a[…]`. */
export abstract class Expressions implements Variables {
  protected readonly host: ExpansionHost

  constructor(host: ExpansionHost) {
    this.host = host
  }

  /** A word where nothing is split. */
  abstract text(word: ShellWord): string

  protected abstract value(name: string): string | undefined

  /** What an expression comes to; text that is not known if it is not. */
  arithmetic(expression: ShellWord): string {
    const text = this.text(expression)
    const giveUp = (unknown: string): string => {
      for (const name of assignedNames(text)) this.host.environment.set(name, unknown)
      return unknown
    }
    if (this.host.isUnknown(text)) return giveUp(text)
    const used = text.match(/[A-Za-z_]\w*/g)?.map(name => this.value(name) ?? '') ?? []
    const unknown = used.find(value => this.host.isUnknown(value))
    if (unknown !== undefined) return giveUp(unknown)
    const value = arithmetic(text, this)
    if (value === undefined) this.host.refuse(`'$((${text}))' is not supported`, expression)
    return String(value ?? 0)
  }

  /** A variable or an element, in an expression. */
  lookup(target: string): string | undefined {
    const [name, key] = this.elementOf(target)
    return key === '0' ? this.value(name) : this.host.environment.element(name, key)
  }

  assign(target: string, value: string): void {
    const [name, key] = this.elementOf(target)
    this.host.environment.setElement(name, key, value)
  }

  private elementOf(target: string): readonly [name: string, key: string] {
    const [, name = target, subscript] = /^(\w+)\[([^\]]*)\]$/.exec(target) ?? []
    if (subscript === undefined) return [target, '0']
    return [name, this.keyOf(name, subscript, () => String(arithmetic(subscript, this) ?? 0))]
  }

  /** The key that stands in `name[subscript]`. */
  key(name: string, subscript: ShellWord): string {
    const { environment } = this.host
    if (environment.associative.has(name)) return this.text(subscript)
    return this.keyOf(name, '', () => this.arithmetic(subscript))
  }

  /** @param number what the expression in the brackets comes to; negative ones count from the end */
  private keyOf(name: string, text: string, number: () => string): string {
    const { environment } = this.host
    if (environment.associative.has(name)) return text
    const key = number()
    return key.startsWith('-') ? String(Number(environment.keys(name).at(-1) ?? -1) + 1 + Number(key)) : key
  }
}
