import { z } from 'zod'
import { duration } from './duration.ts'
import { expectation, flags, host, oneOrMore } from './schema-expectation.ts'
import { network } from './schema-network.ts'
import { port } from './service-kind.ts'
import { service } from './services.ts'

const common = {
  name: z.string().optional().describe('what this step shows'),
  expect: z.union([expectation, z.array(expectation)]).optional(),
  show: oneOrMore.optional().describe('tables for the report: "fw: conntrack -L"'),
}

const side = z.enum(['client', 'server']).optional().describe('which end; default client')
const connection = z.string().describe('the name that connect gave it (as)')
const keepAlive = z.strictObject({ idle: duration, interval: duration, probes: z.int().min(1) })
const timeout = duration.optional().describe('default: as long as TCP tries, 127 s for a SYN')
const proxy = z.string().optional().describe('socks5://host:1080 or http://host:3128')
const match = z
  .strictObject({
    protocol: z.string().optional(),
    source: z.string().optional(),
    destination: z.string().optional(),
    sourcePort: port.optional(),
    destinationPort: port.optional(),
    flags: flags.optional(),
    hasData: z.boolean().optional(),
  })
  .optional()
const impaired = {
  from: host.optional().describe('only packets from this node'),
  match,
  nth: z.int().min(1).optional().describe('from the how manyth that fits; default 1'),
  count: z.int().min(1).optional().describe('how many; default 1 with nth, else all'),
  by: duration.optional().describe('delay and reorder'),
  ...common,
}

/** Every kind of step by the key that says what it does. */
export const STEPS = {
  curl: z.strictObject({
    curl: z.string().describe('a URL'),
    from: host,
    method: z.string().optional(),
    body: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    localPort: port.optional(),
    proxy,
    timeout,
    ...common,
  }),
  nc: z.strictObject({
    nc: z.string().describe('host:port, as nc -zv'),
    from: host,
    send: z.string().optional(),
    localPort: port.optional(),
    timeout,
    ...common,
  }),
  udp: z.strictObject({
    udp: z.string().describe('host:port; sends a datagram and waits for an answer, as nc -u'),
    from: host,
    data: z.string().optional(),
    localPort: port.optional(),
    timeout: duration.optional().describe('for the answer; default 1s'),
    ...common,
  }),
  mail: z.strictObject({
    mail: z.string().describe('a POP3 server, host or host:port: all mail is fetched'),
    from: host,
    user: z.string().optional(),
    program: z.string().optional().describe('as ss shows it; default fetchmail'),
    timeout,
    ...common,
  }),
  query: z.strictObject({
    query: z.string().describe('a database, host or host:port'),
    sql: z.string(),
    from: host,
    program: z.string().optional().describe('as ss shows it; default psql'),
    timeout,
    ...common,
  }),
  telnet: z.strictObject({ telnet: z.string().describe('host:port'), from: host, timeout, ...common }),
  connect: z.strictObject({
    connect: z.string().describe('host:port, or ws://host/path; the connection stays open'),
    from: host,
    as: z.string().optional().describe('its name, for push and close; default the target'),
    program: z.string().optional().describe('as ss shows it; default nc'),
    proxy,
    servedBy: host.optional().describe('behind proxies and tunnels: whose end side: server is'),
    count: z.int().min(1).max(10_000).optional().describe('so many, named NAME-1, NAME-2 …'),
    keepAlive: keepAlive.optional(),
    localPort: port.optional(),
    timeout,
    wait: duration.optional().describe('look after this time, with the connection still under way'),
    ...common,
  }),
  push: z.strictObject({
    push: connection,
    data: z.union([z.string(), z.int().min(1).max(1_000_000)]).describe('a text, or so many bytes'),
    side,
    wait: duration.optional().describe('for the acknowledgment; default 3s'),
    ...common,
  }),
  close: z.strictObject({
    close: connection,
    side,
    abort: z.boolean().optional().describe('RST instead of FIN'),
    ...common,
  }),
  ping: z.strictObject({
    ping: host,
    from: host,
    count: z.int().min(1).optional(),
    size: z.int().min(0).max(65_507).optional().describe('bytes of data; default 56'),
    ttl: z.int().min(1).max(255).optional(),
    ...common,
  }),
  traceroute: z.strictObject({
    traceroute: host,
    from: host,
    method: z.enum(['udp', 'icmp']).optional(),
    ...common,
  }),
  scan: z.strictObject({
    scan: host,
    from: host,
    ports: z.union([z.string(), z.array(port)]).describe('22,80,8000-8080'),
    ...common,
  }),
  send: z.strictObject({
    send: z.string().describe('a packet in one line: tcp 10.0.0.1:80 > 10.0.0.2:22 A'),
    from: host,
    device: z.string().optional().describe('it comes in here out of nowhere, instead of being sent'),
    count: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('so many, each from the next source port: a flood'),
    wait: duration.optional().describe('look after this time; default: when nothing is under way any more'),
    ...common,
  }),
  wait: z.strictObject({ wait: duration, ...common }),
  iptables: z.strictObject({
    iptables: z.string().describe('commands, one a line'),
    on: host,
    family: z.union([z.literal(4), z.literal(6)]).optional(),
    ...common,
  }),
  ipset: z.strictObject({ ipset: z.string().describe('ipset commands, one a line'), on: host, ...common }),
  policy: z.strictObject({
    policy: z.string().describe('policy lines in place of the old ones'),
    on: host,
    ...common,
  }),
  sysctl: z.strictObject({
    sysctl: z.record(z.string(), z.int()).describe('net.netfilter.nf_conntrack_max: 1000'),
    on: host,
    ...common,
  }),
  flush: z.strictObject({ flush: host.describe('conntrack -F there'), ...common }),
  start: z.strictObject({ start: service, on: host, ...common }),
  stop: z.strictObject({ stop: z.string().describe('a program by its name'), on: host, ...common }),
  cut: z.strictObject({ cut: z.string().describe('a link'), node: host.optional(), ...common }),
  restore: z.strictObject({
    restore: z.string().describe('a link, from cuts and impairments'),
    node: host.optional(),
    ...common,
  }),
  drop: z.strictObject({ drop: z.string().describe('a link that loses packets'), ...impaired }),
  duplicate: z.strictObject({ duplicate: z.string(), ...impaired }),
  delay: z.strictObject({ delay: z.string(), ...impaired }),
  reorder: z.strictObject({ reorder: z.string(), ...impaired }),
  look: z.strictObject({ look: oneOrMore.describe('tables to show: "fw: conntrack -L"'), ...common }),
} as const

export type StepKind = keyof typeof STEPS | 'fork'

/** A step that is not a fork. */
export type PlainStep = { [Kind in keyof typeof STEPS]: z.infer<(typeof STEPS)[Kind]> }[keyof typeof STEPS]

/** What if: each branch goes on from here by itself; what follows the fork goes on as if it had never been. */
export interface ForkStep {
  readonly fork: { readonly [branch: string]: readonly Step[] }
  /** Steps that every branch takes behind its own. */
  readonly each?: readonly Step[] | undefined
  readonly name?: string | undefined
}

/** A step of a scenario: one thing that is done, told apart by its key. */
export type Step = PlainStep | ForkStep

export const STEP_KINDS = [...Object.keys(STEPS), 'fork'] as readonly StepKind[]

export const forkStep = z.strictObject({
  get fork(): z.ZodType<ForkStep['fork']> {
    return z.record(z.string(), z.array(anyStep))
  },
  get each(): z.ZodType<ForkStep['each']> {
    return z.array(anyStep).optional()
  },
  name: common.name,
})

const anyStep: z.ZodType<Step> = z.lazy(() =>
  z.union([...(Object.values(STEPS) as z.ZodType<PlainStep>[]), forkStep as z.ZodType<ForkStep>]),
)

export const HEAD = {
  title: z.string(),
  source: oneOrMore.optional().describe('where the claims come from'),
  description: z.string().optional(),
  internal: z
    .array(z.string())
    .optional()
    .describe('networks that count as internal; default the private ranges'),
  dmz: z.array(z.string()).optional().describe('networks that are neither inside nor outside'),
  network,
}

/** A scenario file, whole. */
export const scenarioSchema = z.strictObject({ ...HEAD, steps: z.array(anyStep) })

/** A scenario as data: what a file holds, and what `scenario()` takes. */
export interface ScenarioInput {
  readonly title: string
  readonly source?: string | readonly string[] | undefined
  readonly description?: string | undefined
  readonly internal?: readonly string[] | undefined
  readonly dmz?: readonly string[] | undefined
  readonly network: z.infer<typeof network>
  readonly steps: readonly Step[]
}

/**
 * The JSON Schema of scenario files (draft 2020-12), for editors.
 *
 * @returns the schema as plain JSON; the package has the same as `netfilter-sim/scenario.schema.json`
 * @example
 * scenarioJsonSchema().required // [ 'title', 'network', 'steps' ]
 */
export function scenarioJsonSchema(): object {
  return {
    title: 'A netfilter-sim scenario',
    ...z.toJSONSchema(scenarioSchema, { io: 'input', reused: 'ref' }),
  }
}
