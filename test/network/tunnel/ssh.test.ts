import { describe, expect, it } from 'vitest'
import {
  connect,
  createNetwork,
  curl,
  cutLink,
  editNode,
  fetchMail,
  flushConntrack,
  iptablesOn,
  type LogEntry,
  type Network,
  nc,
  netstat,
  nodeOf,
  pop3Server,
  push,
  received,
  type SshClientOptions,
  type SshServerOptions,
  spawn,
  ss,
  sshClient,
  sshServer,
  tick,
  webServer,
} from '../../../src/network/index.ts'
import { parseDynamic, parseForward } from '../../../src/network/tunnel/forwards.ts'
import { told } from '../fixtures.ts'

/** A laptop behind a firewall that lets only SSH out; at the other side a gate with a mail server beside it. */
function site(server: SshServerOptions = {}): Network {
  return createNetwork({
    nodes: {
      laptop: { address: '10.0.0.2/24', services: [webServer(), pop3Server({ mails: ['at home'] })] },
      printer: { address: '10.0.0.3/24' },
      fw: {
        interfaces: { lan0: '10.0.0.1/24', wan0: '203.0.113.1/24' },
        rules: `
          iptables -P FORWARD DROP
          iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
          iptables -A FORWARD -i lan0 -p tcp --dport 22 -m conntrack --ctstate NEW --syn -j ACCEPT
          iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE`,
      },
      gate: {
        address: '203.0.113.10/24',
        services: [sshServer(server), pop3Server({ mails: ['first', 'a line\n.dotted'] })],
      },
      mail: { address: '203.0.113.11/24', services: [pop3Server({ mails: ['beside'] })] },
    },
    links: { lan: ['laptop', 'printer', 'fw:lan0'], dmz: ['fw:wan0', 'gate', 'mail'] },
  })
}

function withSsh(options: Partial<SshClientOptions>, server: SshServerOptions = {}): Network {
  const { network } = spawn(site(server), 'laptop', sshClient({ to: 'gate', ...options }))
  return tick(network, 100).network
}

const listening = (network: Network, node: string): string[] =>
  ss(network, node, 'tln')
    .split('\n')
    .slice(1)
    .map(line => line.split(/\s+/)[3]!)

/** What a node forwards, without repetition. */
function connectionsAt(hops: readonly LogEntry[], node: string): string[] {
  const ends = hops.flatMap(({ packet, node: at }) =>
    at === node ? [String(packet).replace(/^(\S+ \S+ > \S+).*$/, '$1')] : [],
  )
  return [...new Set(ends)]
}

describe('-L: outgoing', () => {
  const network = withSsh({ local: ['8110:localhost:110', '8111:mail:110'] })

  it('without it the mail server cannot be reached', () => {
    expect(fetchMail(site(), 'laptop', 'gate', { timeoutMs: 5000 }).result.outcome).toBe('filtered')
  })

  it('the port is at the client, for the client only', () => {
    expect(listening(network, 'laptop')).toEqual([
      '0.0.0.0:80',
      '0.0.0.0:110',
      '127.0.0.1:8110',
      '127.0.0.1:8111',
    ])
    expect(nc(network, 'printer', 'laptop:8110').result.outcome).toBe('refused')
  })

  it('leads to the server itself, and to what it can reach', () => {
    expect(fetchMail(network, 'laptop', 'localhost:8110').result).toMatchObject({
      outcome: 'answered',
      mails: ['first', 'a line\n.dotted'],
    })
    expect(fetchMail(network, 'laptop', 'localhost:8111').result).toMatchObject({ mails: ['beside'] })
  })

  it('the firewall sees one connection to port 22, and no word of the mail', () => {
    const { hops } = fetchMail(network, 'laptop', 'localhost:8110')
    expect(connectionsAt(hops, 'fw')).toEqual([
      'tcp 10.0.0.2:40000 > 203.0.113.10:22',
      'tcp 203.0.113.10:22 > 203.0.113.1:40000',
    ])
    const outside = hops
      .filter(({ node }) => node === 'fw')
      .map(({ packet }) => new TextDecoder('latin1').decode(packet.bytes))
    expect(outside.join('')).not.toMatch(/first|POP3|RETR/)
    const inside = hops
      .filter(({ node }) => node === 'gate')
      .map(({ packet }) => new TextDecoder('latin1').decode(packet.bytes))
    expect(inside.join('')).toMatch(/first/)
  })

  it('the mail server takes the SSH server for its client', () => {
    const opened = connect(network, 'laptop', 'localhost:8111', { servedBy: 'mail' })
    expect(netstat(opened.network, 'mail', 'tn')).toMatch(
      /203\.0\.113\.11:110 +203\.0\.113\.10:40000 +ESTABLISHED/,
    )
  })

  it('a port that is taken here: a warning, and the rest works', () => {
    const clash = withSsh({ local: ['0.0.0.0:80:mail:110', '8111:mail:110'] })
    expect(nodeOf(clash, 'laptop').host.processes.at(-1)!.state).toMatchObject({ refused: ['0.0.0.0:80'] })
    expect(fetchMail(clash, 'laptop', 'localhost:8111').result.outcome).toBe('answered')
  })

  it('a port that nobody listens on over there: open, and then the end', () => {
    const dead = withSsh({ local: '8112:localhost:99' })
    expect(fetchMail(dead, 'laptop', 'localhost:8112').result.outcome).toBe('empty')
  })

  it.each<[string, Partial<SshClientOptions>]>([
    ['an address of its own', { local: '0.0.0.0:8111:mail:110' }],
    ['-g', { local: '8111:mail:110', gatewayPorts: true }],
    ['*', { local: '*:8111:mail:110' }],
  ])('off-host, with %s: other hosts reach the port', (_, options) => {
    const open = withSsh(options)
    expect(listening(open, 'laptop')).toContain('0.0.0.0:8111')
    expect(fetchMail(open, 'printer', 'laptop:8111').result).toMatchObject({ mails: ['beside'] })
  })
})

it('over IPv6, to addresses and from them', () => {
  const network = createNetwork({
    nodes: {
      laptop: {
        address: '2001:db8::1/64',
        services: [sshClient({ to: '[2001:db8::2]:22', local: '[::1]:8110:[2001:db8::3]:110' })],
      },
      gate: { address: '2001:db8::2/64', services: [sshServer()] },
      mail: { address: '2001:db8::3/64', services: [pop3Server({ mails: ['six'] })] },
    },
    links: { lan: ['laptop', 'gate', 'mail'] },
  })
  const up = tick(network, 100).network
  expect(listening(up, 'laptop')).toEqual(['[::1]:8110'])
  expect(fetchMail(up, 'laptop', '[::1]:8110').result).toMatchObject({ mails: ['six'] })
})

describe('-R: incoming', () => {
  it.each<[NonNullable<SshServerOptions['gatewayPorts']>, string, string, string]>([
    ['no', '8080:localhost:80', '127.0.0.1:8080', 'refused'],
    ['no', '0.0.0.0:8080:localhost:80', '127.0.0.1:8080', 'refused'],
    ['yes', '8080:localhost:80', '0.0.0.0:8080', 'open'],
    ['clientspecified', '8080:localhost:80', '127.0.0.1:8080', 'refused'],
    ['clientspecified', '0.0.0.0:8080:localhost:80', '0.0.0.0:8080', 'open'],
  ])(
    'GatewayPorts %s, -R %s: the server listens on %s, others find it %s',
    (gatewayPorts, remote, port, outcome) => {
      const network = withSsh({ remote }, { gatewayPorts })
      expect(listening(network, 'gate')).toContain(port)
      expect(nc(network, 'mail', 'gate:8080').result.outcome).toBe(outcome)
      expect(curl(network, 'gate', 'http://localhost:8080/').result.outcome).toBe('answered')
    },
  )

  it('the client listens on nothing for it; the firewall lets nothing new in', () => {
    const network = withSsh({ remote: '8080:localhost:80' })
    expect(listening(network, 'laptop')).toEqual(listening(site(), 'laptop'))
    const { hops } = curl(network, 'gate', 'http://localhost:8080/')
    expect(hops.some(({ node, packet }) => node === 'fw' && / S /.test(String(packet)))).toBe(false)
  })

  it('leads to other hosts near the client, too', () => {
    const network = withSsh({ remote: '8110:laptop:110' })
    expect(fetchMail(network, 'gate', 'localhost:8110').result).toMatchObject({ mails: ['at home'] })
  })

  it.each<[string, string, SshServerOptions]>([
    ['a port that is taken', '110:localhost:80', {}],
    ['AllowTcpForwarding no', '8080:localhost:80', { forwarding: false }],
  ])('%s: the server says no, the connection goes on', (_, remote, server) => {
    const network = withSsh({ remote }, server)
    expect(listening(network, 'gate')).toEqual(['0.0.0.0:22', '0.0.0.0:110'])
    const client = nodeOf(network, 'laptop').host.processes.at(-1)!
    expect(client.state).toMatchObject({ refused: [`tcpip-forward :${parseForward(remote).port}`] })
  })
})

describe('-D', () => {
  const network = withSsh({ dynamic: '1080' })
  const proxy = 'socks5://localhost:1080'

  it('goes wherever the client says, from the server', () => {
    const opened = connect(network, 'laptop', 'mail:110', { proxy, servedBy: 'mail' })
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    expect(received(opened.network, opened.result.connection)).toBe('+OK POP3 server ready\r\n')
  })

  it('says so when nobody is there', () => {
    expect(curl(network, 'laptop', 'http://mail/', { proxy }).result).toMatchObject({
      outcome: 'blocked',
      text: expect.stringContaining('connection refused'),
    })
  })
})

describe('the tunnel dies', () => {
  const alive = { intervalMs: 10_000, countMax: 2 }
  /** An hour-long conversation through the tunnel. */
  function talking(options: Partial<SshClientOptions>, server: SshServerOptions = {}) {
    const network = withSsh({ local: '8110:mail:110', ...options }, server)
    const opened = connect(network, 'laptop', 'localhost:8110', { servedBy: 'mail' })
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    return { network: opened.network, connection: opened.result.connection }
  }

  it('as long as it lives the mail server can speak in it', () => {
    const { network, connection } = talking({})
    const pushed = push(tick(network, 3_600_000).network, connection, 'psst', { from: 'server' })
    expect(received(pushed.network, connection)).toContain('psst')
  })

  it.each<[string, (network: Network) => Network]>([
    ['the firewall has forgotten it', network => flushConntrack(network, 'fw')],
    ['egress is blocked', network => iptablesOn(network, 'fw', 'iptables -I FORWARD -j DROP')],
    ['the cable is cut', network => cutLink(network, 'dmz', 'gate')],
  ])('%s: with ServerAlive the client notices, and everything in the tunnel breaks', (_, harm) => {
    const { network, connection } = talking({ alive })
    const after = tick(harm(network), 60_000).network
    expect(listening(after, 'laptop')).toEqual(listening(site(), 'laptop'))
    expect(push(after, connection, 'anybody?').result.outcome).toBe('broken')
    expect(nodeOf(after, 'laptop').host.processes.map(({ program }) => program.name)).not.toContain('ssh')
  })

  it('without ServerAlive nobody notices until somebody speaks', () => {
    const { network } = talking({})
    const after = tick(flushConntrack(network, 'fw'), 600_000).network
    expect(listening(after, 'laptop')).toContain('127.0.0.1:8110')
    expect(fetchMail(after, 'laptop', 'localhost:8110', { timeoutMs: 30_000 }).result.outcome).toBe('stalled')
  })

  it('the server that asks (ClientAlive) closes the ports it had opened', () => {
    const network = withSsh({ remote: '8080:localhost:80' }, { alive })
    const after = tick(flushConntrack(network, 'fw'), 60_000).network
    expect(listening(after, 'gate')).toEqual(['0.0.0.0:22', '0.0.0.0:110'])
  })

  it.each([
    ['questions and answers keep it alive', { alive }, 'delivered'],
    ['silence does not', {}, 'unacknowledged'],
  ])('through a firewall that forgets after a minute: %s', (_, options, outcome) => {
    const { network, connection } = talking(options)
    const short = editNode(network, 'fw', config => {
      config.sysctls = { 'net.netfilter.nf_conntrack_tcp_timeout_established': 60 }
    })
    // The timeout counts from the next packet on.
    const used = push(short, connection, 'NOOP\r\n').network
    const idle = tick(used, 600_000).network
    const pushed = push(idle, connection, 'still here', { from: 'server' })
    expect(received(tick(pushed.network, 1000).network, connection)?.includes('still here')).toBe(
      outcome === 'delivered',
    )
  })

  it('tries again when it is told to, and is there again', () => {
    const { network } = talking({ alive, reconnectMs: 5000, local: '8110:mail:110' })
    const down = tick(cutLink(network, 'dmz', 'gate'), 200_000)
    const syns = down.hops.filter(
      ({ node, packet }) => node === 'laptop' && /> 203.0.113.10:22 S /.test(String(packet)),
    )
    expect(syns.length).toBeGreaterThan(2)
  })
})

describe('a network with a tunnel is a value', () => {
  const story = (): Network => {
    const network = withSsh({ local: '8110:mail:110', alive: { intervalMs: 10_000 }, reconnectMs: 5000 })
    const used = fetchMail(network, 'laptop', 'localhost:8110').network
    return tick(flushConntrack(used, 'fw'), 120_000).network
  }

  it('the same calls make the same log', () => {
    const [once, again] = [story(), story()]
    expect(once.log.length).toBeGreaterThan(50)
    expect(told([...again.log])).toEqual(told([...once.log]))
  })

  it('what is done to it leaves the old one as it was', () => {
    const start = withSsh({ local: '8110:mail:110' })
    const killed = tick(
      iptablesOn(start, 'fw', 'iptables -I FORWARD -p tcp -j REJECT --reject-with tcp-reset'),
      1000,
    ).network
    expect(fetchMail(killed, 'laptop', 'localhost:8110').result.outcome).not.toBe('answered')
    expect(fetchMail(start, 'laptop', 'localhost:8110').result.outcome).toBe('answered')
    expect(fetchMail(start, 'laptop', 'localhost:8110').result.outcome).toBe('answered')
  })
})

describe('forwardings as they are written', () => {
  it.each([
    ['8110:localhost:110', { bind: undefined, port: 8110, target: { host: 'localhost', port: 110 } }],
    ['0.0.0.0:80:web:8080', { bind: '0.0.0.0', port: 80, target: { host: 'web', port: 8080 } }],
    ['*:80:web:8080', { bind: '0.0.0.0', port: 80, target: { host: 'web', port: 8080 } }],
    ['[::]:80:[2001:db8::1]:8080', { bind: '::', port: 80, target: { host: '2001:db8::1', port: 8080 } }],
  ])('%s', (text, expected) => {
    expect(parseForward(text)).toEqual(expected)
  })

  it.each(['', '8110', 'localhost:110', '8110:localhost', '70000:a:1', '1:a:0', 'a:b:c:d'])(
    '%j is none',
    text => {
      expect(() => parseForward(text)).toThrow(RangeError)
    },
  )

  it('1080 and 0.0.0.0:1080 for -D', () => {
    expect([parseDynamic('1080'), parseDynamic('0.0.0.0:1080')]).toEqual([
      { bind: undefined, port: 1080 },
      { bind: '0.0.0.0', port: 1080 },
    ])
  })
})
