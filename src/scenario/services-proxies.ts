import { z } from 'zod'
import {
  appServer,
  database,
  forwardProxy,
  loadBalancer,
  pop3Server,
  reverseProxy,
  socksServer,
  webSocketServer,
} from '../network/index.ts'
import { parseTarget, parseUrl } from '../network/target.ts'
import { duration, optionalMs } from './duration.ts'
import { address, defined, kind, port, program } from './service-kind.ts'

const inspection = {
  methods: z.array(z.string()).optional().describe('HTTP methods that pass; default all'),
  forbid: z.array(z.string()).optional().describe('texts that must not be in the path or the body'),
}
const timeout = duration.optional().describe('for the server behind; default 60s')
const url = z.string()

/** Servers that open connections themselves, and what stands behind them. */
export const PROXY_SERVICES = {
  proxy: kind(
    z.strictObject({
      port: port.optional().describe('default 80'),
      address,
      name: program,
      routes: z.record(z.string(), z.string()).describe('by the beginning of the path: { /: app:8080 }'),
      timeout,
      ...inspection,
    }),
    ({ timeout: wait, ...options }) => reverseProxy(defined({ ...options, timeoutMs: optionalMs(wait) })),
    ({ routes }) =>
      Object.entries(routes).map(([prefix, text]) => ({
        path: ['routes', prefix],
        read: () => parseTarget(text, 80),
      })),
  ),
  forwardProxy: kind(
    z.strictObject({
      port: port.optional().describe('default 3128'),
      address,
      name: program,
      allow: z.array(z.string()).optional().describe('hosts that may be reached, *.example.com; default all'),
      timeout,
      ...inspection,
    }),
    ({ timeout: wait, ...options }) => forwardProxy(defined({ ...options, timeoutMs: optionalMs(wait) })),
  ),
  socks: kind(
    z.strictObject({ port: port.optional().describe('default 1080'), address, name: program }),
    options => socksServer(defined(options)),
  ),
  balancer: kind(
    z.strictObject({
      port: port.optional().describe('default 80'),
      address,
      name: program,
      backends: z.array(z.string()).min(1).describe('host:port'),
      check: z
        .strictObject({
          path: z.string().optional().describe('default /health'),
          interval: duration.optional().describe('default 5s'),
          timeout: duration.optional().describe('default 2s'),
          fall: z.int().min(1).optional().describe('failures in a row; default 2'),
          rise: z.int().min(1).optional().describe('successes in a row; default 1'),
        })
        .optional()
        .describe('what each backend is asked, and must answer with 2xx'),
    }),
    ({ check, ...options }) => {
      const { interval, timeout: wait, ...rest } = check ?? {}
      const checked = { ...rest, intervalMs: optionalMs(interval), timeoutMs: optionalMs(wait) }
      return loadBalancer(defined({ ...options, check: check === undefined ? undefined : defined(checked) }))
    },
    ({ backends }) =>
      backends.map((text, at) => ({ path: ['backends', at], read: () => parseTarget(text, 80) })),
  ),
  app: kind(
    z.strictObject({
      port: port.optional().describe('default 3000'),
      address,
      name: program,
      routes: z.record(
        z.string(),
        z.strictObject({
          body: z.string().optional().describe('what the calls brought follows'),
          calls: z
            .array(url)
            .optional()
            .describe('asked first: http://host:port/path, postgres://host/QUERY'),
          notifies: z.array(url).optional().describe('webhooks: told by POST once it has answered'),
        }),
      ),
      timeout: duration.optional().describe('for each call; default 5s'),
    }),
    ({ timeout: wait, routes, ...options }) => {
      const own = Object.entries(routes).map(([path, route]) => [path, defined(route)])
      return appServer({
        ...defined({ ...options, timeoutMs: optionalMs(wait) }),
        routes: Object.fromEntries(own),
      })
    },
    ({ routes }) =>
      Object.entries(routes).flatMap(([path, route]) =>
        (['calls', 'notifies'] as const).flatMap(key =>
          (route[key] ?? []).map((text, at) => ({
            path: ['routes', path, key, at],
            read: () => readCall(text),
          })),
        ),
      ),
  ),
  database: kind(
    z.strictObject({
      port: port.optional().describe('default 5432'),
      address,
      name: program,
      greeting: z.string().optional(),
      rows: z
        .record(z.string(), z.array(z.string()))
        .optional()
        .describe('by query; every other one has none'),
    }),
    options => database(defined(options)),
  ),
  mail: kind(
    z.strictObject({
      port: port.optional().describe('default 110'),
      address,
      name: program,
      mails: z.array(z.string()).optional(),
    }),
    options => pop3Server(defined(options)),
  ),
  webSocket: kind(
    z.strictObject({
      port: port.optional().describe('default 80'),
      address,
      name: program,
      path: z.string().optional().describe('default: any'),
      news: z.string().optional().describe('said unasked to everybody; {0} is a count'),
      every: duration.optional().describe('default 30s'),
      ping: duration.optional().describe('how often it pings; default never'),
    }),
    ({ every, ping, ...options }) =>
      webSocketServer(defined({ ...options, everyMs: optionalMs(every), pingMs: optionalMs(ping) })),
  ),
} as const

function readCall(text: string): { readonly host: string } {
  const database = /^postgres:\/\/([^/]+)/.exec(text)
  return database === null ? parseUrl(text) : parseTarget(database[1]!, 5432)
}
