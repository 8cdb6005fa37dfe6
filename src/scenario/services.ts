import { z } from 'zod'
import { datagramServer, echo, listener, type Program, webServer } from '../network/index.ts'

/** A kind of server that scenario files can put on a host: what it takes, and the program that it is. */
interface ServiceKind<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly create: (options: z.infer<Schema>) => Program
}

const kind = <Schema extends z.ZodType>(
  schema: Schema,
  create: (options: z.infer<Schema>) => Program<never> | Program,
): ServiceKind<Schema> => ({ schema, create: create as (options: z.infer<Schema>) => Program })

export const port = z.int({ error: 'not a port: a whole number from 1 to 65535' }).min(1).max(65535)
const address = z.string().optional().describe('bound to this address only; 127.0.0.1 is the host itself')
const program = z.string().optional().describe('as ss and netstat show it')

/** By the key that names them in a file. A new kind is an entry here and a line in {@link service}. */
export const SERVICES = {
  web: kind(
    z.strictObject({
      port: port.optional().describe('default 80'),
      address,
      name: program,
      pages: z.record(z.string(), z.string()).optional().describe('by path; anything else is 404'),
    }),
    options => webServer(defined(options)) as Program,
  ),
  listen: kind(
    z.strictObject({
      port,
      address,
      name: program,
      greeting: z.string().optional().describe('said to everybody who connects'),
      answer: z.string().optional().describe('said to whatever comes'),
    }),
    options => listener(defined(options)) as Program,
  ),
  udp: kind(
    z.strictObject({
      port,
      address,
      name: program,
      answer: z.string().optional().describe('said to whatever comes'),
    }),
    options => datagramServer(defined(options)) as Program,
  ),
  echo: kind(
    z.strictObject({ port: port.optional().describe('default 7, TCP and UDP'), address }),
    options => echo(defined(options)) as Program,
  ),
} as const

export const SERVICE_NAMES = Object.keys(SERVICES) as (keyof typeof SERVICES)[]

/** `{ web: { port: 8080 } }`: one key, which says what it is. */
export const service = z
  .strictObject({
    web: SERVICES.web.schema.optional(),
    listen: SERVICES.listen.schema.optional(),
    udp: SERVICES.udp.schema.optional(),
    echo: SERVICES.echo.schema.optional(),
  })
  .refine(given => Object.values(given).filter(value => value !== undefined).length === 1, {
    error: `a service is one of ${SERVICE_NAMES.join(', ')}`,
  })
  .describe('a server: web, listen, udp or echo')

export type ServiceInput = z.infer<typeof service>

/** The program that an entry of `services:` stands for. */
export function createService(given: ServiceInput): Program {
  const name = SERVICE_NAMES.find(each => given[each] !== undefined)!
  const { create } = SERVICES[name] as ServiceKind<z.ZodType>
  return create(given[name])
}

/** The same without the keys whose value is undefined. */
export function defined<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> }
}
