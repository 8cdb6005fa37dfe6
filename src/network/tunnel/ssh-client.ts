import type { Program } from '../process.ts'
import { asList, type OneOrMore } from '../spec.ts'
import { parseTarget } from '../target.ts'
import { forwardName, LOOPBACK, parseDynamic, parseForward } from './forwards.ts'
import type { Alive } from './sessions.ts'
import { type TunnelClientState, tunnelClient } from './tunnel-client.ts'

/** The switches of `ssh` that are about forwarding ports. */
export interface SshClientOptions {
  /** The server, `gate` or `gate:22`. */
  readonly to: string
  /** `-L`: ports here that lead to what the server can reach: `8110:localhost:110`, `0.0.0.0:8110:mail:110`. */
  readonly local?: OneOrMore<string>
  /** `-R`: ports at the server that lead to what this host can reach: `8080:localhost:80`. */
  readonly remote?: OneOrMore<string>
  /** `-D`: ports here that are a SOCKS proxy: `1080`. */
  readonly dynamic?: OneOrMore<string>
  /** `-g`, GatewayPorts: ports here are for other hosts too, where no address says otherwise. */
  readonly gatewayPorts?: boolean
  /** ServerAliveInterval and ServerAliveCountMax. Default: none, so that nobody notices when the connection dies. */
  readonly alive?: Alive
  /** As autossh does: how long after the connection has died it tries again. Default: never, the program ends. */
  readonly reconnectMs?: number
  /** As `ss` shows it. Default `ssh`. */
  readonly name?: string
}

/**
 * An SSH client that forwards ports (ssh(1), RFC 4254 section 7). Firewalls see one connection to the server's port,
 * whatever goes on inside it.
 *
 * @throws RangeError for a forwarding or a server that cannot be
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     gate: { address: '10.0.0.2/24', services: [sshServer(), pop3Server({ address: '127.0.0.1', mails: ['Hello!'] })] },
 *   },
 *   links: { lan: ['laptop', 'gate'] },
 * })
 * fetchMail(network, 'laptop', 'gate').result.outcome // 'refused'
 * // ssh -L 8110:localhost:110 gate
 * const started = spawn(network, 'laptop', sshClient({ to: 'gate', local: '8110:localhost:110' }))
 * fetchMail(settle(started.network).network, 'laptop', 'localhost:8110').result.mails // [ 'Hello!' ]
 */
export function sshClient(options: SshClientOptions): Program<TunnelClientState> {
  const anywhere = options.gatewayPorts === true ? '0.0.0.0' : LOOPBACK
  const here = [
    ...asList(options.local).map(parseForward),
    ...asList(options.dynamic).map(text => ({ ...parseDynamic(text), target: undefined })),
  ]
  const remote = asList(options.remote).map(parseForward)
  return tunnelClient({
    name: options.name ?? 'ssh',
    banner: 'SSH-2.0-OpenSSH_9.9\r\n',
    server: parseTarget(options.to, 22),
    localPorts: here.map(({ bind, port, target }) => ({ address: bind ?? anywhere, port, target })),
    requests: new Map(remote.map(forward => [forwardName(forward), forward.target])),
    alive: options.alive,
    reconnectMs: options.reconnectMs,
  })
}
