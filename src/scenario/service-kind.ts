import { z } from 'zod'
import type { Program } from '../network/index.ts'
import type { Path } from './positions.ts'

/** A kind of server that scenario files can put on a host: what it takes, and the program that it is. */
export interface ServiceKind<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema
  readonly create: (options: z.infer<Schema>) => Program
  /** Texts in it that have to be checked. */
  readonly texts: (options: z.infer<Schema>) => readonly ServiceText[]
}

/** A text of a service that says whom it talks to, or how. */
export interface ServiceText {
  /** Within the service. */
  readonly path: Path
  /** The host in it that has to exist, if there is one. @throws RangeError when the text cannot be */
  readonly read: () => { readonly host: string } | undefined
}

export function kind<Schema extends z.ZodType>(
  schema: Schema,
  create: (options: z.infer<Schema>) => Program,
  texts: (options: z.infer<Schema>) => readonly ServiceText[] = () => [],
): ServiceKind<Schema> {
  return { schema, create, texts }
}

export const port = z.int({ error: 'not a port: a whole number from 1 to 65535' }).min(1).max(65535)
export const address = z
  .string()
  .optional()
  .describe('bound to this address only; 127.0.0.1 is the host itself')
export const program = z.string().optional().describe('as ss and netstat show it')

/** The same without the keys whose value is undefined. */
export function defined<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> }
}
