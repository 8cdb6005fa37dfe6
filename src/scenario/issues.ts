import { z } from 'zod'
import { suggestion } from '../nearest.ts'
import type { Path } from './positions.ts'

/** Something wrong with a scenario's data. */
export interface Problem {
  readonly path: Path
  /** The key at that path that is wrong, rather than the value. */
  readonly key?: string
  readonly message: string
  readonly hint?: string | undefined
  readonly expected?: string | undefined
  /** A place within the text that stands at the path. */
  readonly inner?: { readonly line: number; readonly column: number }
}

/** What a schema finds wrong with a value, in the words of this file format. */
export function problemsOf(schema: z.ZodType, value: unknown, path: Path): Problem[] {
  const result = schema.safeParse(value)
  if (result.success) return []
  const { issues } = result.error
  const misspelt = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path: at }) => at.join('.')),
  )
  return issues
    .filter(({ code, path: at }) => code !== 'custom' || !misspelt.has(at.join('.')))
    .flatMap(issue => tell(issue, schema, path))
}

type Issue = z.core.$ZodIssue

function tell(issue: Issue, schema: z.ZodType, base: Path): Problem[] {
  const own = issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))
  const path = [...base, ...own]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, own)
      return issue.keys.map(key => ({
        path,
        key,
        message: `unknown key '${key}'`,
        hint: suggestion(key, known),
      }))
    }
    case 'invalid_union': {
      const fitting =
        issue.errors.find(([first]) => first !== undefined && !isWrongKind(first)) ?? issue.errors[0]
      if (fitting === undefined || fitting.every(isWrongKind))
        return [{ path, message: `expected ${kindsOf(issue)}` }]
      return fitting.flatMap(inner => tell(inner, schemaAt(schema, own) ?? schema, path))
    }
    case 'invalid_type':
      return [{ path, message: typeMessage(issue) }]
    case 'invalid_value':
      return [{ path, message: `expected ${issue.values.map(String).join(', ')}` }]
    default:
      return [{ path, message: issue.message }]
  }
}

/** The value is of another kind altogether: a list instead of a map. */
function isWrongKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0
}

function typeMessage(issue: z.core.$ZodIssueInvalidType): string {
  if (issue.message.startsWith('not ')) return issue.message
  if (issue.message.endsWith('received undefined'))
    return `'${String(issue.path.at(-1) ?? 'value')}' is missing (${NAMES[issue.expected] ?? issue.expected})`
  return `expected ${NAMES[issue.expected] ?? issue.expected}`
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function kindsOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const kinds = issue.errors.flatMap(([first]) =>
    first?.code === 'invalid_type' ? [NAMES[first.expected] ?? first.expected] : [],
  )
  return [...new Set(kinds)].join(' or ')
}

/** The keys that an object has at this place of the schema. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  const found = schemaAt(schema, path)
  const candidates =
    found instanceof z.ZodUnion ? (found.options as z.ZodType[]) : found === undefined ? [] : [found]
  return candidates.map(unwrap).flatMap(each => (each instanceof z.ZodObject ? Object.keys(each.shape) : []))
}

function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  const found = unwrap(schema)
  const [step, ...rest] = path
  if (step === undefined) return found
  if (found instanceof z.ZodObject) return below(found.shape[step], rest)
  if (found instanceof z.ZodRecord) return below(found.valueType, rest)
  if (found instanceof z.ZodArray) return below(found.element, rest)
  if (!(found instanceof z.ZodUnion)) return undefined
  for (const option of found.options as z.ZodType[]) {
    const inner = schemaAt(option, path)
    if (inner !== undefined) return inner
  }
  return undefined
}

function below(schema: unknown, rest: Path): z.ZodType | undefined {
  return schema === undefined ? undefined : schemaAt(schema as z.ZodType, rest)
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap() as z.ZodType) : schema
}
