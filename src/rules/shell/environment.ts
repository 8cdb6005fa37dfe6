import type { Command } from './syntax.ts'

/** Variables, functions and parameters: what a subshell gets a copy of. */
export class Environment {
  readonly variables: Map<string, string>
  readonly functions: Map<string, Command>
  args: readonly string[]
  /** What `local` has hidden, one map for each function that runs. */
  private readonly frames: Map<string, string | undefined>[] = []

  constructor(
    variables: Iterable<readonly [string, string]>,
    functions: Iterable<readonly [string, Command]>,
    args: readonly string[],
  ) {
    this.variables = new Map(variables)
    this.functions = new Map(functions)
    this.args = args
  }

  copy(): Environment {
    return new Environment(this.variables, this.functions, this.args)
  }

  get size(): number {
    return this.variables.size + this.functions.size
  }

  get isInFunction(): boolean {
    return this.frames.length > 0
  }

  get separators(): string {
    return (this.variables.get('IFS') ?? ' \t\n').replace(/[\ue000-\ue01f]/g, '')
  }

  set(name: string, value: string | undefined): void {
    if (value === undefined) this.variables.delete(name)
    else this.variables.set(name, value)
  }

  makeLocal(name: string): void {
    const frame = this.frames.at(-1)
    if (frame !== undefined && !frame.has(name)) frame.set(name, this.variables.get(name))
  }

  /** Runs a function's body with its own parameters. */
  inFunction<T>(args: readonly string[], body: () => T): T {
    const outer = this.args
    const frame = new Map<string, string | undefined>()
    this.frames.push(frame)
    this.args = args
    try {
      return body()
    } finally {
      this.args = outer
      this.frames.pop()
      for (const [name, value] of frame) this.set(name, value)
    }
  }
}
