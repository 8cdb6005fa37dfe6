import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../../../src/network/bytes.ts'
import {
  appServer,
  createNetwork,
  database,
  forwardProxy,
  loadBalancer,
  type Network,
  nc,
  type Program,
  pop3Server,
  reverseProxy,
  socksServer,
  ss,
  sshServer,
  tick,
  toBytes,
  tunnelEdge,
  webServer,
  webSocketServer,
} from '../../../src/network/index.ts'
import { FRAME, type FrameType, writeFrame } from '../../../src/network/tunnel/frames.ts'

const SERVERS: Readonly<Record<string, readonly [port: number, program: Program]>> = {
  web: [80, webServer()],
  app: [3000, appServer({ routes: { '/': { calls: ['http://server/'] } } })],
  database: [5432, database()],
  mail: [110, pop3Server({ mails: ['hello'] })],
  'reverse proxy': [81, reverseProxy({ port: 81, routes: { '/': 'server:80' } })],
  'application proxy': [3128, forwardProxy()],
  'load balancer': [82, loadBalancer({ port: 82, backends: ['server:80'] })],
  socks: [1080, socksServer()],
  'web socket': [83, webSocketServer({ port: 83 })],
  ssh: [22, sshServer({ gatewayPorts: 'clientspecified' })],
  'edge, visitors': [443, tunnelEdge()],
  'edge, agents': [7844, tunnelEdge({ port: 444 })],
}

function serving(program: Program): Network {
  return createNetwork({
    nodes: { client: { address: '10.0.0.1/24' }, server: { address: '10.0.0.2/24', services: [program] } },
    links: { lan: ['client', 'server'] },
  })
}

/** Beginnings that get a program somewhere before the nonsense starts. */
const openings = fc.constantFrom(
  '',
  'GET / HTTP/1.1\r\nHost: server\r\n\r\n',
  'GET http:// HTTP/1.1\r\n\r\n',
  'CONNECT :::: HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1\r\nUpgrade: websocket\r\nContent-Length: -5\r\n\r\n',
  'USER x\r\nRETR -1\r\n',
  'SSH-2.0-x\r\n',
  '\x05\x01\x00',
  '\x05\x01\x00\x05\x01\x00\x03\x03a:b\x00\x50',
)
const frames = fc
  .array(
    fc.record({
      type: fc.constantFrom<FrameType>(...Object.values(FRAME)),
      channel: fc.constantFrom(0, 0, 1, 2, 3),
      payload: fc.oneof(
        fc.constantFrom(
          'tcpip-forward :8080',
          'tcpip-forward x',
          'tcpip-forward [::1]:0',
          'server:22',
          'nobody:1',
          'x',
        ),
        fc.string(),
      ),
    }),
  )
  .map(list =>
    list.map(each => writeFrame(each.type, each.channel, each.payload)).reduce(concat, new Uint8Array(0)),
  )
const noise = fc
  .tuple(openings, fc.uint8Array({ maxLength: 200 }))
  .map(([opening, rest]) => concat(toBytes(opening), rest))
/** For the servers of tunnels: what is well formed, and means nothing. */
const nonsense = frames.map(rest => concat(toBytes('SSH-2.0-x\r\n'), rest))
const TUNNELS: readonly string[] = ['ssh', 'edge, agents']

describe('whatever is said to it', () => {
  it.each(Object.entries(SERVERS))('%s goes on and serves the next one', (name, [port, program]) => {
    const start = serving(program)
    const garbage = TUNNELS.includes(name) ? fc.oneof(noise, nonsense) : noise
    fc.assert(
      fc.property(garbage, data => {
        const said = nc(start, 'client', `server:${port}`, { send: data, readMs: 50 })
        const later = tick(said.network, 200_000).network
        expect(ss(later, 'server', 'tln')).toContain(`:${port} `)
        expect(nc(later, 'client', `server:${port}`).result.outcome).toBe('open')
      }),
      { numRuns: 60 },
    )
  })
})
