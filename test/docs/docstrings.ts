import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'

/** The docstring of something public, and the example in it. */
export interface Documented {
  readonly name: string
  readonly file: string
  /** '' when there is none. */
  readonly text: string
  /** The code behind `@example`; '' when there is none. */
  readonly example: string
}

/** Everything that an entry point exports under a name that exists at run time. */
export function documented(entry: string, names: readonly string[]): Documented[] {
  const homes = homesOf(entry)
  return names.map(name => {
    const file = homes.get(name) ?? entry
    const text = docstring(readFileSync(file, 'utf8'), name)
    const example = /@example\n([\s\S]*?)(?:\n@|$)/.exec(text)?.[1] ?? ''
    return { name, file, text, example }
  })
}

/** Everything that an entry point exports, types too, and has no docstring. */
export function undocumented(entry: string): string[] {
  const bare = [...homesOf(entry)].filter(
    ([name, file]) => docstring(readFileSync(file, 'utf8'), name) === '',
  )
  return bare.map(([name, file]) => `${name} (${file})`)
}

/** In which file is each exported name declared? Follows `export … from` through index files. */
function homesOf(file: string): Map<string, string> {
  const homes = new Map<string, string>()
  const source = readFileSync(file, 'utf8')
  for (const [, names, from] of source.matchAll(/^export (?:type )?(?:\{([^}]*)\}|\*) from '(\.[^']+)'/gm)) {
    const target = join(dirname(file), from!)
    if (!existsSync(target)) continue
    const inner = homesOf(target)
    const listed = names?.split(',').map(name => name.trim().replace(/^type /, ''))
    for (const name of listed ?? inner.keys()) if (name !== '') homes.set(name, inner.get(name) ?? target)
  }
  for (const [, name] of source.matchAll(new RegExp(`^export ${DECLARATION} (\\w+)`, 'gm')))
    homes.set(name!, file)
  return homes
}

const DECLARATION = '(?:async )?(?:function\\*?|class|const|interface|type)'

function docstring(source: string, name: string): string {
  const declared = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport ${DECLARATION} ${name}\\b`)
  return (declared.exec(source)?.[1] ?? '').replace(/^ ?\* ?/gm, '').trim()
}

/** One thing that an example claims, and what came of it. */
export interface Claim {
  readonly code: string
  readonly expected: string
  readonly seen: string
}

/**
 * Runs an example. What it claims is a comment: behind an expression its value, below a `console.log(…)` the lines
 * that it prints.
 *
 * @param scope names that the example may use without importing them
 */
export function runExample(example: string, scope: Readonly<Record<string, unknown>>): Claim[] {
  const claims: Claim[] = []
  const lines = example.split('\n')
  const code = lines.map((line, index) => {
    const [, expression, value] = /^((?!(?:const|let|import|\/\/)\b)\S.*?) \/\/ (.+)$/.exec(line) ?? []
    if (expression !== undefined)
      return `claim(${JSON.stringify(expression)}, ${JSON.stringify(value)}, ${expression})`
    const [, printed] = /^console\.log\((.*)\)$/.exec(line) ?? []
    const below = printed === undefined ? [] : commentsFrom(lines, index + 1)
    return below.length === 0
      ? line
      : `print(${JSON.stringify(line)}, ${JSON.stringify(below.join('\n'))}, ${printed})`
  })
  const claim = (what: string, expected: string, value: unknown): void => {
    const forms = [String(value), JSON.stringify(value), inspect(value, { breakLength: Infinity })]
    claims.push({ code: what, expected, seen: forms.find(form => form === expected) ?? forms[2]! })
  }
  const print = (what: string, expected: string, value: unknown): void => {
    claims.push({ code: what, expected, seen: String(value).replace(/ +$/gm, '').trimEnd() })
  }
  const names = Object.keys(scope)
  new Function(...names, 'claim', 'print', `'use strict'\n${code.join('\n')}`)(
    ...names.map(name => scope[name]),
    claim,
    print,
  )
  return claims
}

function commentsFrom(lines: readonly string[], start: number): string[] {
  const rest = lines.slice(start)
  const end = rest.findIndex(line => !/^\/\/( |$)/.test(line))
  return rest.slice(0, end < 0 ? undefined : end).map(line => line.slice(3))
}
