import { describe, expect, it } from 'vitest'
import {
  type AppServerState,
  appServer,
  createNetwork,
  curl,
  cutLink,
  database,
  formatRequest,
  iptablesOn,
  type LoadBalancerState,
  loadBalancer,
  type Network,
  nc,
  nodeOf,
  type Program,
  query,
  reverseProxy,
  runProgram,
  type SocketId,
  tick,
  toText,
  type WebServerState,
  webServer,
} from '../../../src/network/index.ts'

/** A client in front of a proxy, an application, a database and a partner that wants to be told. */
function shop(): Network {
  return createNetwork({
    nodes: {
      client: { address: '10.0.0.1/24' },
      proxy: {
        address: '10.0.0.2/24',
        services: [
          reverseProxy({
            routes: { '/': 'app:3000', '/static/': 'files', '/down/': 'client:81' },
            methods: ['GET', 'POST'],
            forbid: ['../', '<script'],
            timeoutMs: 2000,
          }),
        ],
      },
      files: { address: '10.0.0.3/24', services: [webServer({ pages: { '/static/logo': 'a picture' } })] },
      app: {
        address: '10.0.0.4/24',
        services: [
          appServer({
            routes: {
              '/': { body: 'welcome' },
              '/order': {
                body: 'ordered',
                calls: ['http://files/static/logo', 'postgres://db/SELECT name FROM items'],
                notifies: ['http://partner/hook'],
              },
              '/broken': { calls: ['http://files/nothing'] },
              '/refused': { calls: ['http://files:99/'] },
            },
            timeoutMs: 1000,
          }),
        ],
      },
      db: {
        address: '10.0.0.5/24',
        services: [database({ rows: { 'SELECT name FROM items': ['apple', 'pear'] } })],
      },
      partner: { address: '10.0.0.6/24', services: [webServer()] },
    },
    links: { lan: ['client', 'proxy', 'files', 'app', 'db', 'partner'] },
  })
}

function stateOf<State>(network: Network, node: string): State {
  return nodeOf(network, node).host.processes[0]!.state as State
}

describe('a reverse proxy', () => {
  it.each([
    ['the root goes to the application', '/', 200, 'welcome'],
    ['the longest prefix counts', '/static/logo', 200, 'a picture'],
    ["the server's own 404", '/static/none', 404, 'not found'],
    ['nobody listens behind it', '/down/', 502, 'Connection refused'],
    ['what is forbidden', '/static/../secret', 403, 'forbidden: ../'],
    ['… however it is written', '/static/%2e%2E/secret', 403, 'forbidden: ../'],
    ['… in whatever case', '/?q=%3CSCRIPT', 403, 'forbidden: <script'],
  ])('%s: %s is %i', (_, path, status, body) => {
    const { result } = curl(shop(), 'client', `http://proxy${path}`)
    expect(result).toMatchObject({ outcome: 'answered', response: { status, body } })
  })

  it('a method that is not allowed: 405', () => {
    const { result } = curl(shop(), 'client', 'http://proxy/', { method: 'DELETE' })
    expect(result).toMatchObject({ response: { status: 405 } })
  })

  it('a server behind it that keeps quiet: 504 after its timeout', () => {
    const { network, result } = curl(cutLink(shop(), 'lan', 'app'), 'client', 'http://proxy/')
    expect(result).toMatchObject({ response: { status: 504, body: 'Connection timed out' } })
    expect(network.nowMs).toBeGreaterThanOrEqual(2000)
  })

  it('what is no HTTP: 400, and nothing goes on', () => {
    const { hops, result } = nc(shop(), 'client', 'proxy:80', { send: 'EHLO spammer\r\n' })
    expect(result).toMatchObject({ received: expect.stringContaining('400 Bad Request') })
    expect(hops.map(({ node }) => node)).not.toContain('app')
  })

  it('is the client of the server behind it: the client sends no packet there', () => {
    const { network, hops } = curl(shop(), 'client', 'http://proxy/static/logo')
    const toFiles = hops.filter(
      ({ node, kind, packet }) =>
        kind === 'hop' && node === 'files' && String(packet).includes('> 10.0.0.3:80'),
    )
    expect(toFiles.length).toBeGreaterThan(3)
    expect(toFiles.every(({ packet }) => String(packet).includes('10.0.0.2:40000 > '))).toBe(true)
    const [{ from, request }] = stateOf<WebServerState>(network, 'files').requests as [
      WebServerState['requests'][0],
    ]
    expect(from).toBe('10.0.0.2:40000')
    expect(request.headers.get('x-forwarded-for')).toBe('10.0.0.1')
    expect(request.headers.get('host')).toBe('files')
  })
})

describe('an application whose answer needs others', () => {
  it('asks them one after the other, answers, and tells the webhook', () => {
    const { network, result } = curl(shop(), 'client', 'http://app:3000/order')
    expect(result).toMatchObject({ outcome: 'answered', text: 'ordered\na picture\napple\npear' })
    const later = tick(network, 100).network
    expect(stateOf<WebServerState>(later, 'partner').requests).toMatchObject([
      { request: { method: 'POST', path: '/hook', body: 'GET /order' }, status: 200 },
    ])
    expect(stateOf<AppServerState>(later, 'app').notices).toEqual(['http://partner/hook: 200'])
  })

  it.each([
    ['/broken', 502, 'http://files/nothing: 404'],
    ['/refused', 502, 'http://files:99/: Connection refused'],
    ['/none', 404, 'not found'],
  ])('%s: %i', (path, status, body) => {
    expect(curl(shop(), 'client', `http://app:3000${path}`).result).toMatchObject({
      response: { status, body },
    })
  })

  it('an egress filter that drops the call makes the answer a 504', () => {
    const network = iptablesOn(shop(), 'app', 'iptables -A OUTPUT -p tcp --dport 5432 -j DROP')
    expect(curl(network, 'client', 'http://app:3000/order').result).toMatchObject({
      response: { status: 504, body: 'postgres://db/SELECT name FROM items: Connection timed out' },
    })
  })

  it('nobody waits for a webhook', () => {
    const network = iptablesOn(shop(), 'app', 'iptables -A OUTPUT -d 10.0.0.6 -j DROP')
    const told = curl(network, 'client', 'http://app:3000/order')
    expect(told.result).toMatchObject({ response: { status: 200 } })
    const later = tick(told.network, 2000).network
    expect(stateOf<AppServerState>(later, 'app').notices).toEqual([
      'http://partner/hook: Connection timed out',
    ])
  })
})

describe('a database', () => {
  it.each([
    ['SELECT name FROM items', ['apple', 'pear']],
    ['SELECT nothing', []],
  ])('%s: %j', (sql, rows) => {
    expect(query(shop(), 'client', 'db', sql).result).toMatchObject({ outcome: 'answered', rows })
  })

  it.each([
    ['nobody listens', 'partner:5432', '', 'refused'],
    ['no such host', 'nowhere:5432', '', 'unreachable'],
    ['dropped', 'db:5432', 'iptables -A INPUT -j DROP', 'filtered'],
    [
      'the answer is dropped',
      'db:5432',
      'iptables -A OUTPUT -m length --length 45: -p tcp --sport 5432 -j DROP',
      'stalled',
    ],
  ])('%s: %s, %s: %s', (_, target, rules, outcome) => {
    const network = rules === '' ? shop() : iptablesOn(shop(), 'db', rules)
    expect(query(network, 'client', target, 'SELECT 1', { timeoutMs: 5000 }).result.outcome).toBe(outcome)
  })
})

describe('a load balancer', () => {
  const cluster = (): Network =>
    createNetwork({
      nodes: {
        client: { address: '10.0.0.1/24' },
        lb: {
          address: '10.0.0.2/24',
          services: [
            loadBalancer({
              backends: ['a:8080', 'b:8080'],
              check: { path: '/health', intervalMs: 5000, timeoutMs: 1000, fall: 2 },
            }),
          ],
        },
        a: {
          address: '10.0.0.11/24',
          services: [webServer({ port: 8080, pages: { '/': 'from a', '/health': 'ok' } })],
        },
        b: {
          address: '10.0.0.12/24',
          services: [webServer({ port: 8080, pages: { '/': 'from b', '/health': 'ok' } })],
        },
      },
      links: { lan: ['client', 'lb', 'a', 'b'] },
    })
  const ask = (network: Network) => curl(network, 'client', 'http://lb/')
  const textsOf = (network: Network, count: number): string[] => {
    const texts: string[] = []
    let now = network
    for (let i = 0; i < count; i++) {
      const ran = ask(now)
      now = ran.network
      texts.push(ran.result.outcome === 'answered' ? ran.result.text : ran.result.outcome)
    }
    return texts
  }
  const healthy = (network: Network): boolean[] =>
    stateOf<LoadBalancerState>(network, 'lb').backends.map(backend => backend.healthy)

  it('goes round', () => {
    expect(textsOf(cluster(), 3)).toEqual(['from a', 'from b', 'from a'])
  })

  it('checks of itself: nobody has asked for anything', () => {
    const { hops } = tick(cluster(), 6000)
    const syns = hops.filter(
      ({ node, kind, packet }) => kind === 'hop' && node === 'lb' && / S /.test(String(packet)),
    )
    expect(syns.map(({ atMs }) => atMs)).toEqual([0, 0, 5000, 5000])
  })

  it.each<[string, (network: Network) => Network]>([
    ['is unplugged', network => cutLink(network, 'lan', 'a')],
    ['drops the checks', network => iptablesOn(network, 'a', 'iptables -A INPUT -s 10.0.0.2 -j DROP')],
    [
      'refuses them',
      network => iptablesOn(network, 'a', 'iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset'),
    ],
  ])('leaves out a backend that %s, after two failures', (_, harm) => {
    const first = tick(harm(tick(cluster(), 100).network), 6500).network
    expect(healthy(first)).toEqual([true, true])
    const second = tick(first, 5000).network
    expect(healthy(second)).toEqual([false, true])
    expect(textsOf(second, 2)).toEqual(['from b', 'from b'])
  })

  it('takes it back when it answers again', () => {
    const harmed = iptablesOn(tick(cluster(), 100).network, 'a', 'iptables -A INPUT -j DROP')
    const down = tick(harmed, 20_000).network
    expect(healthy(down)).toEqual([false, true])
    expect(healthy(tick(iptablesOn(down, 'a', 'iptables -F INPUT'), 6000).network)).toEqual([true, true])
  })

  it('passes on what a client says that ends at once, before its own connection stands', () => {
    const hasty: Program<SocketId> = {
      name: 'hasty',
      start: api => api.connect('lb', 80),
      handle(socket, event, api) {
        if (event.kind === 'connected') {
          api.send(socket, formatRequest('GET', '/', 'lb'))
          api.close(socket)
        }
        if (event.kind === 'data') api.exit(toText(event.data))
        if (event.kind === 'closed' || event.kind === 'reset') api.exit(event.kind)
        return socket
      },
    }
    expect(runProgram(cluster(), 'client', hasty).result).toContain('from a')
  })

  it('hangs up when no backend is left', () => {
    const harmed = iptablesOn(
      tick(cluster(), 100).network,
      'lb',
      'iptables -A OUTPUT -p tcp --dport 8080 -j DROP',
    )
    expect(ask(tick(harmed, 20_000).network).result.outcome).toBe('empty')
  })
})
