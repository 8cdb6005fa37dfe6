import type { ProcessApi, Program } from '../process.ts'
import { parseTarget, readable } from '../target.ts'
import { openChannel } from './channels.ts'
import { LOOPBACK, parseDynamic } from './forwards.ts'
import {
  type Alive,
  beginSession,
  type Door,
  NO_SESSIONS,
  onSession,
  type SessionRules,
  sessionList,
  type TunnelSessions,
  withSession,
} from './sessions.ts'

/** What `sshd_config` says about forwarding ports. */
export interface SshServerOptions {
  /** Default 22. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `sshd`. */
  readonly name?: string
  /** Who may reach ports that clients forward with -R: `no`: this host only (default); `yes`: all; `clientspecified`. */
  readonly gatewayPorts?: 'no' | 'yes' | 'clientspecified'
  /** AllowTcpForwarding. Default true. */
  readonly forwarding?: boolean
  /** ClientAliveInterval and ClientAliveCountMax. Default: none. */
  readonly alive?: Alive
}

/** What an SSH server remembers: its clients. */
export interface SshServerState {
  readonly sessions: TunnelSessions
}

/**
 * An SSH server, as far as it forwards ports (sshd_config(5), RFC 4254 section 7). It lets everybody in.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     office: {
 *       address: '10.0.0.1/24',
 *       services: [webServer({ address: '127.0.0.1' }), sshClient({ to: 'gate', remote: '8080:localhost:80' })],
 *     },
 *     gate: { address: '10.0.0.2/24', services: [sshServer({ gatewayPorts: 'yes' })] },
 *     visitor: { address: '10.0.0.3/24' },
 *   },
 *   links: { lan: ['office', 'gate', 'visitor'] },
 * })
 * curl(tick(network, 1000).network, 'visitor', 'http://gate:8080/').result.outcome // 'answered'
 */
export function sshServer(options: SshServerOptions = {}): Program<SshServerState> {
  const { port = 22, address, name = 'sshd', forwarding = true } = options
  const rules: SessionRules = {
    banner: 'SSH-2.0-OpenSSH_9.9\r\n',
    alive: options.alive,
    targetOf: to => (forwarding ? readable(() => parseTarget(to)) : undefined),
    open: (asked, api) => (forwarding ? listenFor(asked, options.gatewayPorts ?? 'no', api) : undefined),
    failed: (socket, api) => api.close(socket),
  }
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { sessions: NO_SESSIONS }
    },
    handle(state, event, api) {
      const { sessions } = state
      if (event.kind !== 'accepted') {
        const next = onSession(sessions, event, rules, api)
        return next === undefined || next === sessions ? state : { sessions: next }
      }
      for (const session of sessionList(sessions)) {
        const door = session.doors.find(({ listener }) => listener?.port === event.local.port)
        if (door === undefined) continue
        const channels = openChannel(session.channels, event.socket, door.name, api)
        return { sessions: withSession(sessions, { ...session, channels }) }
      }
      return { sessions: beginSession(sessions, event.socket, rules, api) }
    },
  }
}

/** Opens a port that a client has asked for; undefined when it is taken, or none. */
function listenFor(
  name: string,
  gatewayPorts: NonNullable<SshServerOptions['gatewayPorts']>,
  api: ProcessApi,
): Door | undefined {
  return readable(() => {
    const { bind = LOOPBACK, port } = parseDynamic(name.replace(/^:/, ''))
    const address = gatewayPorts === 'yes' ? '0.0.0.0' : gatewayPorts === 'no' ? LOOPBACK : bind
    return { name, listener: { socket: api.listen(port, { address }), port } }
  })
}
