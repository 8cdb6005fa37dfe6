import type { ProcessApi, Program, SocketId } from '../process.ts'
import { passedRequest } from '../services/forward-request.ts'
import { answer, type HttpClients, NO_CLIENTS, takeRequest } from '../services/http-clients.ts'
import { parseTarget } from '../target.ts'
import { openChannel, sendInto } from './channels.ts'
import {
  type Alive,
  beginSession,
  NO_SESSIONS,
  onSession,
  type SessionRules,
  sessionList,
  type TunnelSessions,
  withSession,
} from './sessions.ts'
import { type TunnelClientState, tunnelClient } from './tunnel-client.ts'

/** Whom the agent of a cloud tunnel connects to, and for which service behind it. */
export interface TunnelAgentOptions {
  /** The edge, `edge.example` or `edge.example:7844`. */
  readonly to: string
  /** The name that visitors ask for. */
  readonly hostname: string
  /** Where their requests end: `localhost:8080`. */
  readonly service: string
  /** How often it asks the edge for a sign of life. Default every 15 seconds, 3 times. */
  readonly alive?: Alive
  /** How long after the connection has died it tries again. Default 5000. */
  readonly reconnectMs?: number
  /** As `ss` shows it. Default `cloudflared`. */
  readonly name?: string
}

/**
 * The agent of a cloud tunnel: it connects out to an edge and takes visitors' requests through that connection. It
 * listens on no port and needs no public address; when the connection dies it connects again.
 *
 * @throws RangeError for an edge or a service that cannot be
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     home: {
 *       address: '10.0.0.1/24',
 *       services: [
 *         webServer({ address: '127.0.0.1', port: 8080 }),
 *         tunnelAgent({ to: 'edge', hostname: 'app.example', service: 'localhost:8080' }),
 *       ],
 *     },
 *     edge: { address: '10.0.0.2/24', services: [tunnelEdge()] },
 *     visitor: { address: '10.0.0.3/24' },
 *   },
 *   links: { lan: ['home', 'edge', 'visitor'] },
 *   dns: { 'app.example': '10.0.0.2' },
 * })
 * curl(tick(network, 1000).network, 'visitor', 'https://app.example/').result.text // 'hello'
 */
export function tunnelAgent(options: TunnelAgentOptions): Program<TunnelClientState> {
  const {
    to,
    hostname,
    service,
    alive = { intervalMs: 15_000 },
    reconnectMs = 5000,
    name = 'cloudflared',
  } = options
  return tunnelClient({
    name,
    banner: 'TUNNEL-1.0 agent\r\n',
    server: parseTarget(to, 7844),
    localPorts: [],
    requests: new Map([[hostname, parseTarget(service, 80)]]),
    alive,
    reconnectMs,
  })
}

/** Where the public side of a cloud tunnel listens, for visitors and for agents. */
export interface TunnelEdgeOptions {
  /** For visitors. Default 443. */
  readonly port?: number
  /** For agents. Default 7844. */
  readonly agentPort?: number
  readonly address?: string
  /** As `ss` shows it. Default `edge`. */
  readonly name?: string
  /** How often it asks agents for a sign of life. Default every 15 seconds, 3 times. */
  readonly alive?: Alive
}

/** What an edge remembers. */
export interface TunnelEdgeState {
  readonly visitors: HttpClients
  readonly agents: TunnelSessions
}

/**
 * The edge of a cloud tunnel: the public side. A visitor's request goes into the connection of the agent that has
 * registered the name in its Host header; 530 when there is none, 502 when the agent cannot reach its service.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { edge: { address: '10.0.0.2/24', services: [tunnelEdge()] }, visitor: { address: '10.0.0.3/24' } },
 *   links: { lan: ['edge', 'visitor'] },
 * })
 * curl(network, 'visitor', 'https://edge/').result.text // 'no tunnel for edge'
 */
export function tunnelEdge(options: TunnelEdgeOptions = {}): Program<TunnelEdgeState> {
  const { port = 443, agentPort = 7844, address, name = 'edge', alive = { intervalMs: 15_000 } } = options
  const rules: SessionRules = {
    banner: 'TUNNEL-1.0 edge\r\n',
    alive,
    targetOf: () => undefined,
    open: hostname => ({ name: hostname.toLowerCase() }),
    failed: (socket, api) => answer(socket, 502, 'the service behind the tunnel does not answer', api),
  }
  return {
    name,
    start(api) {
      const options = address === undefined ? {} : { address }
      api.listen(port, options)
      api.listen(agentPort, options)
      return { visitors: NO_CLIENTS, agents: NO_SESSIONS }
    },
    handle(state, event, api) {
      if (event.kind === 'accepted' && event.local.port === agentPort)
        return { ...state, agents: beginSession(state.agents, event.socket, rules, api) }
      const agents = onSession(state.agents, event, rules, api)
      if (agents !== undefined) return agents === state.agents ? state : { ...state, agents }
      const { clients: visitors, arrived } = takeRequest(state.visitors, event, api)
      if (arrived === undefined) return visitors === state.visitors ? state : { ...state, visitors }
      const host = (arrived.request.headers.get('host') ?? '').replace(/:\d+$/, '').toLowerCase()
      const message = passedRequest(arrived, arrived.request.path, host)
      return { visitors, agents: pushed(state.agents, host, arrived.socket, message, api) }
    },
  }
}

/** Pushes a visitor's request through the connection of its agent: the latest, if there are several. */
function pushed(
  agents: TunnelSessions,
  host: string,
  visitor: SocketId,
  message: string,
  api: ProcessApi,
): TunnelSessions {
  const agent = sessionList(agents).findLast(({ doors }) => doors.some(({ name }) => name === host))
  if (agent === undefined) {
    answer(visitor, 530, `no tunnel for ${host}`, api)
    return agents
  }
  const channels = openChannel(agent.channels, visitor, host, api)
  sendInto(channels, visitor, message, api)
  return withSession(agents, { ...agent, channels })
}
