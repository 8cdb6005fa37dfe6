import { describe, expect, it } from 'vitest'
import {
  connect,
  createNetwork,
  curl,
  cutLink,
  echo,
  iptablesOn,
  listener,
  mendLink,
  nc,
  push,
  runProgram,
  scan,
  telnet,
  tick,
  webServer,
} from '../../src/network/index.ts'
import { office, pair } from './fixtures.ts'

describe('open, refused, filtered: as the caller sees it', () => {
  const rule = (text: string) => ({ rules: `iptables ${text}` })
  it.each([
    ['a listening port', {}, {}, 80, 'open'],
    ['a closed port', {}, {}, 81, 'refused'],
    ['DROP in INPUT', rule('-A INPUT -p tcp --dport 80 -j DROP'), {}, 80, 'filtered'],
    ['policy DROP', rule('-P INPUT DROP'), {}, 80, 'filtered'],
    ['REJECT with ICMP', rule('-A INPUT -p tcp --dport 80 -j REJECT'), {}, 80, 'refused'],
    ['REJECT with a RST', rule('-A INPUT -p tcp -j REJECT --reject-with tcp-reset'), {}, 80, 'refused'],
    ['host prohibited', rule('-A INPUT -j REJECT --reject-with icmp-host-prohibited'), {}, 80, 'unreachable'],
    ['the answer dropped', rule('-A OUTPUT -p tcp --sport 80 -j DROP'), {}, 80, 'filtered'],
    ['dropped in the caller’s own OUTPUT', {}, rule('-A OUTPUT -p tcp --dport 80 -j DROP'), 80, 'filtered'],
    ['rejected in the caller’s own OUTPUT', {}, rule('-A OUTPUT -p tcp --dport 80 -j REJECT'), 80, 'refused'],
    ['a silent host, closed port', { stack: 'silent' as const }, {}, 81, 'filtered'],
  ])('%s', (_, server, client, port, expected) => {
    expect(nc(pair(server, client), 'client', `server:${port}`).result.outcome).toBe(expected)
  })

  it('listening on 127.0.0.1 is not reachable from outside', () => {
    const network = pair({ services: [webServer({ address: '127.0.0.1' })] })
    expect(nc(network, 'client', 'server:80').result.outcome).toBe('refused')
    expect(nc(network, 'server', '127.0.0.1:80').result.outcome).toBe('open')
    expect(nc(network, 'server', 'localhost:80').result.outcome).toBe('open')
  })

  it('no route, and no such name', () => {
    expect(nc(pair(), 'client', '8.8.8.8:80').result).toMatchObject({
      outcome: 'unreachable',
      error: 'network-unreachable',
      text: 'nc: connect to 8.8.8.8 port 80 (tcp) failed: Network is unreachable',
    })
    expect(nc(pair(), 'client', 'nowhere:80').result).toMatchObject({ error: 'unknown-host' })
  })

  it('nobody has the address: told after three seconds of asking', () => {
    const ran = nc(pair(), 'client', '10.0.0.77:80')
    expect(ran.result).toMatchObject({ outcome: 'unreachable', error: 'host-unreachable' })
    expect(ran.network.nowMs).toBe(3000)
  })
})

describe('curl', () => {
  it.each([
    ['http://server/', { outcome: 'answered', text: 'home' }],
    ['http://server/other', { outcome: 'answered', text: 'not found' }],
    ['server:80', { outcome: 'answered', text: 'home' }],
    [
      'http://server:81/',
      { text: 'curl: (7) Failed to connect to server port 81 after 2 ms: Connection refused' },
    ],
    ['http://nowhere/', { text: 'curl: (6) Could not resolve host: nowhere' }],
  ])('%s', (url, expected) => {
    const network = pair({ services: [webServer({ pages: { '/': 'home' } })] })
    expect(curl(network, 'client', url).result).toMatchObject(expected)
  })

  it('stalls when the connection stands and data is dropped', () => {
    const network = pair({ rules: 'iptables -A INPUT -p tcp -m length --length 61: -j DROP' })
    const { result } = curl(network, 'client', 'http://server/', { timeoutMs: 5000 })
    expect(result).toMatchObject({ outcome: 'stalled', afterMs: 5000 })
  })
})

it('telnet shows what the server says first', () => {
  const network = pair({ services: [listener({ port: 22, greeting: 'SSH-2.0-OpenSSH_9.2\r\n' })] })
  expect(telnet(network, 'client', 'server:22').result.text).toContain('SSH-2.0-OpenSSH_9.2')
})

describe('scan', () => {
  const rules = 'iptables -A INPUT -p tcp --dport 81 -j DROP\niptables -A INPUT -p tcp --dport 82 -j REJECT'

  it('tells open, closed and filtered ports apart', () => {
    const { result } = scan(pair({ rules }), 'client', 'server', '79-82')
    expect(result.text).toMatchInlineSnapshot(`
      "scan report for server
      PORT      STATE    REASON
      79/tcp    closed   reset
      80/tcp    open     syn-ack
      81/tcp    filtered no-response
      82/tcp    filtered port-unreachable from 10.0.0.2"
    `)
  })

  it('sees nothing behind a default DROP, and what a rule opens', () => {
    const closed = pair({ rules: 'iptables -P INPUT DROP' })
    expect(scan(closed, 'client', 'server', '1-100').result).toMatchObject({ open: [], closed: [] })
    const opened = iptablesOn(closed, 'server', 'iptables -A INPUT -p tcp --dport 80 -j ACCEPT')
    expect(scan(opened, 'client', 'server', '1-100').result.open).toEqual([80])
  })
})

describe('a cut link', () => {
  it('loses everything until it is mended; a connection survives', () => {
    const opened = connect(pair({ services: [echo({ port: 80 })] }), 'client', 'server:80')
    if (opened.result.outcome !== 'open') throw new Error('not open')
    const { connection } = opened.result
    const cut = cutLink(opened.network, 'lan', 'server')
    const pushed = push(cut, connection, 'hello')
    expect(pushed.result.outcome).toBe('unacknowledged')
    const mended = tick(mendLink(pushed.network, 'lan'), 10_000).network
    expect(push(mended, connection, 'again').result.outcome).toBe('delivered')
  })
})

describe('UDP', () => {
  const asker = (port: number) => ({
    name: 'asker',
    start(api: Parameters<Parameters<typeof runProgram>[2]['start']>[0]) {
      api.sendTo(api.openUdp(), 'server', port, 'ping')
      api.setTimer('wait', 2000)
      return null
    },
    handle(
      state: null,
      event: Parameters<Parameters<typeof runProgram>[2]['handle']>[1],
      api: Parameters<Parameters<typeof runProgram>[2]['handle']>[2],
    ) {
      api.exit(event.kind)
      return state
    },
  })
  it.each([
    ['an echo server answers', 7, '', 'datagram'],
    ['a closed port: ICMP port unreachable', 9, '', 'datagram-error'],
    ['dropped: silence', 7, 'iptables -A INPUT -p udp -j DROP', 'timer'],
  ])('%s', (_, port, rules, expected) => {
    const network = pair({ services: [echo()], ...(rules !== '' && { rules }) })
    expect(runProgram(network, 'client', asker(port)).result).toBe(expected)
  })

  it('dropped in the own OUTPUT: sendto fails with EPERM', () => {
    const network = pair({ services: [echo()] }, { rules: 'iptables -A OUTPUT -p udp -j DROP' })
    expect(runProgram(network, 'client', asker(7)).result).toBe('datagram-error')
  })
})

it('the same world seen from inside and outside: behind NAT nobody gets in', () => {
  const network = office()
  expect(curl(network, 'a', 'http://example.com/').result.outcome).toBe('answered')
  expect(nc(network, 'attacker', '10.6.34.100:80').result.outcome).toBe('unreachable')
  expect(nc(network, 'attacker', '203.0.113.1:80').result.outcome).toBe('refused')
})

it('a server that is unplugged is filtered, not refused', () => {
  expect(nc(cutLink(office(), 'internet', 'web'), 'a', 'web:80', { timeoutMs: 3000 }).result.outcome).toBe(
    'filtered',
  )
})

it('two networks with the same private addresses do not meet', () => {
  const home = {
    interfaces: { lan0: '192.168.1.1/24', wan0: '203.0.113.1' },
    rules: 'iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE',
  }
  const network = createNetwork({
    nodes: {
      one: { address: '192.168.1.5/24' },
      gw1: home,
      two: { address: '192.168.1.5/24' },
      gw2: { ...home, interfaces: { lan0: '192.168.1.1/24', wan0: '203.0.113.2' } },
      web: { address: '198.51.100.7', services: [webServer()] },
    },
    links: {
      lan1: ['one', 'gw1:lan0'],
      lan2: ['two', 'gw2:lan0'],
      internet: ['gw1:wan0', 'gw2:wan0', 'web'],
    },
  })
  expect(curl(network, 'one', 'http://web/').result.outcome).toBe('answered')
  expect(curl(network, 'two', 'http://web/').result.outcome).toBe('answered')
})
