import { type Expression, ExpressionReader, fail } from './awk-expressions.ts'
import { printf } from './awk-functions.ts'
import { Machine } from './awk-machine.ts'
import { given, isTrue, numberOf, textOf, Unsupported } from './awk-values.ts'
import { type Call, linesOf, type ToolResult } from './call.ts'

type Statement = (machine: Machine) => void

/** `next`, `exit`, `break` and `continue` on their way out. */
class Leave {
  readonly kind: 'next' | 'exit' | 'break' | 'continue'
  readonly code: number

  constructor(kind: Leave['kind'], code = 0) {
    this.kind = kind
    this.code = code
  }
}

interface Program {
  readonly begin: readonly Statement[]
  readonly main: readonly Statement[]
  readonly end: readonly Statement[]
}

/** `awk`, but for functions of one's own, files, and other programs. */
export function awk({ options, operands }: Call, text: string): ToolResult | undefined {
  try {
    const machine = new Machine()
    for (const one of options.get('v')?.split('\n') ?? []) {
      const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(one) ?? fail('-v')
      machine.set(name!, given(value!))
    }
    const separator = options.get('F')
    if (separator !== undefined) machine.set('FS', given(separator))
    const program = new ProgramReader(operands[0] ?? '').program()
    const code = run(program, machine, linesOf(text))
    return { output: machine.output, code }
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  }
}

/** @returns the exit code */
function run({ begin, main, end }: Program, machine: Machine, lines: readonly string[]): number {
  let code = 0
  // `exit` goes on with END, and within END it is the end
  const isLeft = (statements: readonly Statement[]): boolean => {
    try {
      for (const statement of statements) statement(machine)
      return false
    } catch (error) {
      if (!(error instanceof Leave)) throw error
      if (error.kind === 'next') return false
      code = error.code
      return true
    }
  }
  if (!isLeft(begin) && main.length + end.length > 0)
    for (const line of lines) {
      machine.read(line)
      if (isLeft(main)) break
    }
  isLeft(end)
  return code
}

/** Reads rules and statements. */
class ProgramReader extends ExpressionReader {
  program(): Program {
    const program = { begin: [] as Statement[], main: [] as Statement[], end: [] as Statement[] }
    for (this.pass(); this.at < this.text.length; this.pass()) {
      if (this.take(/BEGIN\b/y) !== undefined) program.begin.push(this.block())
      else if (this.take(/END\b/y) !== undefined) program.end.push(this.block())
      else program.main.push(this.rule())
    }
    return program
  }

  /** `pattern { … }`, either of which may be missing. */
  private rule(): Statement {
    if (this.peek(/\{/y)) return this.block()
    const condition = this.expression()
    if (this.peek(/,/y)) fail('a range')
    const body = this.peek(/\{/y) ? this.block() : printRecord
    return machine => {
      if (isTrue(condition.get(machine))) body(machine)
    }
  }

  private block(): Statement {
    this.expect(/\{/y)
    const statements: Statement[] = []
    for (this.pass(); this.take(/\}/y) === undefined; this.pass()) statements.push(this.statement())
    return machine => {
      for (const statement of statements) statement(machine)
    }
  }

  /** Ends of lines and statements. */
  private pass(): void {
    while (this.take(/[;\n]/y) !== undefined);
  }

  private statement(): Statement {
    if (this.peek(/\{/y)) return this.block()
    const keyword = this.take(
      /(?:if|while|do|for|print|printf|next|exit|break|continue|delete|return|nextfile)\b/y,
    )
    const statement = keyword === undefined ? this.simple() : this.command(keyword)
    return machine => {
      machine.spend()
      statement(machine)
    }
  }

  private command(keyword: string): Statement {
    switch (keyword) {
      case 'if':
        return this.choice()
      case 'while': {
        const condition = this.bracketed()
        return loop(condition, this.body(), undefined)
      }
      case 'for':
        return this.forLoop()
      case 'print':
        return this.print()
      case 'printf': {
        const [format, ...args] = this.arguments()
        if (format === undefined) return fail('printf')
        return machine => {
          machine.output += printf(machine, format, args)
        }
      }
      case 'exit': {
        const code = this.isEnd() ? undefined : this.expression()
        return machine => {
          throw new Leave('exit', numberOf(code?.get(machine)) & 255)
        }
      }
      case 'delete':
        return this.deletion()
      case 'next':
      case 'break':
      case 'continue':
        return () => {
          throw new Leave(keyword)
        }
      default:
        return fail(keyword)
    }
  }

  private simple(): Statement {
    const expression = this.expression()
    return machine => {
      expression.get(machine)
    }
  }

  private bracketed(): Expression {
    this.expect(/\(/y)
    const condition = this.expression()
    this.expect(/\)/y)
    return condition
  }

  /** What stands behind a condition, on the next line too; `;` alone is nothing. */
  private body(): Statement {
    while (this.take(/\n/y) !== undefined);
    return this.take(/;/y) === undefined ? this.statement() : () => {}
  }

  private choice(): Statement {
    const condition = this.bracketed()
    const yes = this.body()
    const { at } = this
    this.pass()
    let no: Statement | undefined
    if (this.take(/else\b/y) === undefined) this.at = at
    else no = this.body()
    return machine => {
      if (isTrue(condition.get(machine))) yes(machine)
      else no?.(machine)
    }
  }

  private forLoop(): Statement {
    this.expect(/\(/y)
    if (this.peek(/[A-Za-z_]\w*[ \t]+in\b[^;)]*\)/y)) return fail('an order that nobody knows')
    const first = this.peek(/;/y) ? undefined : this.simple()
    this.expect(/;/y)
    const condition = this.peek(/;/y) ? undefined : this.expression()
    this.expect(/;/y)
    const step = this.peek(/\)/y) ? undefined : this.simple()
    this.expect(/\)/y)
    const turns = loop(condition, this.body(), step)
    return machine => {
      first?.(machine)
      turns(machine)
    }
  }

  private arguments(): Expression[] {
    const { at } = this
    const isOpen = this.take(/\(/y) !== undefined
    if (isOpen) {
      const values = this.printed(true)
      if (this.take(/\)/y) !== undefined && this.isEnd()) return values
      this.at = at
    }
    return this.printed(false)
  }

  private print(): Statement {
    const values = this.arguments()
    if (values.length === 0) return printRecord
    return machine => {
      const texts = values.map(value => textOf(value.get(machine)))
      machine.output += texts.join(textOf(machine.get('OFS'))) + textOf(machine.get('ORS'))
    }
  }

  private deletion(): Statement {
    const name = this.name()
    if (this.take(/\[/y) === undefined) return machine => machine.array(name).clear()
    const key = this.expression()
    this.expect(/\]/y)
    return machine => {
      machine.array(name).delete(textOf(key.get(machine)))
    }
  }
}

const printRecord: Statement = machine => {
  machine.output += textOf(machine.field(0)) + textOf(machine.get('ORS'))
}

function loop(condition: Expression | undefined, body: Statement, step: Statement | undefined): Statement {
  return machine => {
    for (; condition === undefined || isTrue(condition.get(machine)); step?.(machine)) {
      machine.spend()
      try {
        body(machine)
      } catch (error) {
        if (!(error instanceof Leave) || (error.kind !== 'break' && error.kind !== 'continue')) throw error
        if (error.kind === 'break') break
      }
    }
  }
}
