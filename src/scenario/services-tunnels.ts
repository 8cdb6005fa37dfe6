import { z } from 'zod'
import { type Alive, sshClient, sshServer, tunnelAgent, tunnelEdge } from '../network/index.ts'
import { parseTarget } from '../network/target.ts'
import { parseDynamic, parseForward } from '../network/tunnel/forwards.ts'
import { duration, durationMs, optionalMs } from './duration.ts'
import { address, defined, kind, port, program } from './service-kind.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())])
const alive = z
  .strictObject({ interval: duration, count: z.int().min(1).optional().describe('default 3') })
  .optional()
  .describe('how the end of the connection is noticed: ServerAliveInterval, ClientAliveInterval')
const reconnect = duration.optional()

/** Both ends of tunnels. */
export const TUNNEL_SERVICES = {
  ssh: kind(
    z.strictObject({
      to: z.string().describe('the server: gate, gate:22'),
      local: oneOrMore.optional().describe('-L: 8110:localhost:110, 0.0.0.0:8110:mail:110'),
      remote: oneOrMore.optional().describe('-R: 8080:localhost:80'),
      dynamic: oneOrMore.optional().describe('-D: a SOCKS proxy, "1080"'),
      gatewayPorts: z.boolean().optional().describe('-g: ports here are for other hosts too'),
      alive,
      reconnect: reconnect.describe('tries again so long after it died; default: it ends'),
      name: program,
    }),
    ({ alive: asked, reconnect: again, ...options }) =>
      sshClient(defined({ ...options, alive: aliveOf(asked), reconnectMs: optionalMs(again) })),
    ({ to, local = [], remote = [], dynamic = [] }) => [
      { path: ['to'], read: () => parseTarget(to, 22) },
      ...forwards('local', local, text => void parseForward(text)),
      ...forwards('remote', remote, text => parseForward(text).target),
      ...forwards('dynamic', dynamic, text => void parseDynamic(text)),
    ],
  ),
  sshd: kind(
    z.strictObject({
      port: port.optional().describe('default 22'),
      address,
      name: program,
      gatewayPorts: z
        .enum(['no', 'yes', 'clientspecified'])
        .optional()
        .describe('who may reach ports forwarded with -R; default no: the server itself only'),
      forwarding: z.boolean().optional().describe('AllowTcpForwarding; default true'),
      alive,
    }),
    ({ alive: asked, ...options }) => sshServer(defined({ ...options, alive: aliveOf(asked) })),
  ),
  agent: kind(
    z.strictObject({
      to: z.string().describe('the edge: edge, edge:7844'),
      hostname: z.string().describe('the name that visitors ask for'),
      service: z.string().describe('where their requests end: localhost:8080'),
      alive,
      reconnect: reconnect.describe('default 5s'),
      name: program,
    }),
    ({ alive: asked, reconnect: again, ...options }) =>
      tunnelAgent(defined({ ...options, alive: aliveOf(asked), reconnectMs: optionalMs(again) })),
    ({ to, service }) => [
      { path: ['to'], read: () => parseTarget(to, 7844) },
      { path: ['service'], read: () => parseTarget(service, 80) },
    ],
  ),
  edge: kind(
    z.strictObject({
      port: port.optional().describe('for visitors; default 443'),
      agentPort: port.optional().describe('default 7844'),
      address,
      name: program,
      alive,
    }),
    ({ alive: asked, ...options }) => tunnelEdge(defined({ ...options, alive: aliveOf(asked) })),
  ),
} as const

function aliveOf(given: z.infer<typeof alive>): Alive | undefined {
  return given === undefined
    ? undefined
    : defined({ intervalMs: durationMs(given.interval), countMax: given.count })
}

function forwards(
  key: string,
  given: string | readonly string[],
  read: (text: string) => { readonly host: string } | undefined,
) {
  return [given].flat().map((text, at) => ({
    path: typeof given === 'string' ? [key] : [key, at],
    read: () => read(text),
  }))
}
