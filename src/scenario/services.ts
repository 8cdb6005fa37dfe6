import { z } from 'zod'
import { datagramServer, echo, listener, type Program, webServer } from '../network/index.ts'
import { readable } from '../network/target.ts'
import type { Path } from './positions.ts'
import { address, defined, kind, port, program, type ServiceKind, type ServiceText } from './service-kind.ts'
import { PROXY_SERVICES } from './services-proxies.ts'
import { TUNNEL_SERVICES } from './services-tunnels.ts'

/** By the key that names them in a file. A new kind is an entry here. */
const SERVICES = {
  web: kind(
    z.strictObject({
      port: port.optional().describe('default 80'),
      address,
      name: program,
      pages: z.record(z.string(), z.string()).optional().describe('by path; anything else is 404'),
    }),
    options => webServer(defined(options)),
  ),
  listen: kind(
    z.strictObject({
      port,
      address,
      name: program,
      greeting: z.string().optional().describe('said to everybody who connects'),
      answer: z.string().optional().describe('said to whatever comes'),
    }),
    options => listener(defined(options)),
  ),
  udp: kind(
    z.strictObject({
      port,
      address,
      name: program,
      answer: z.string().optional().describe('said to whatever comes'),
    }),
    options => datagramServer(defined(options)),
  ),
  echo: kind(z.strictObject({ port: port.optional().describe('default 7, TCP and UDP'), address }), options =>
    echo(defined(options)),
  ),
  ...PROXY_SERVICES,
  ...TUNNEL_SERVICES,
} as const

type Services = typeof SERVICES

export const SERVICE_NAMES = Object.keys(SERVICES) as (keyof Services)[]

const shape = Object.fromEntries(SERVICE_NAMES.map(name => [name, SERVICES[name].schema.optional()])) as {
  [Name in keyof Services]: z.ZodOptional<Services[Name]['schema']>
}

/** `{ web: { port: 8080 } }`: one key, which says what it is. */
export const service = z
  .strictObject(shape)
  .refine(given => Object.values(given).filter(value => value !== undefined).length === 1, {
    error: `a service is one of ${SERVICE_NAMES.join(', ')}`,
  })
  .describe(`a program: ${SERVICE_NAMES.join(', ')}`)

export type ServiceInput = z.infer<typeof service>

/** The program that an entry of `services:` stands for. */
export function createService(given: ServiceInput): Program {
  const { kind: found, options } = kindOf(given)
  return found.create(options)
}

/** The texts in an entry of `services:` that have to be checked, by their place in it. */
export function serviceTexts(given: ServiceInput): readonly ServiceText[] {
  const { name, kind: found, options } = kindOf(given)
  return found.texts(options).map(({ path, read }) => ({ path: [name, ...path] as Path, read }))
}

/** Whether all texts in it are right. */
export function isReadable(given: ServiceInput): boolean {
  return serviceTexts(given).every(({ read }) => readable(() => [read()]) !== undefined)
}

function kindOf(given: ServiceInput) {
  const name = SERVICE_NAMES.find(each => given[each] !== undefined)!
  return { name, kind: SERVICES[name] as unknown as ServiceKind, options: given[name] }
}
