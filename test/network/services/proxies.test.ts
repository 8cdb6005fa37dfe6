import { describe, expect, it } from 'vitest'
import {
  connect,
  createNetwork,
  curl,
  forwardProxy,
  iptablesOn,
  type LogEntry,
  listener,
  type Network,
  nc,
  push,
  received,
  socksServer,
  tick,
  webServer,
  webSocketServer,
} from '../../../src/network/index.ts'
import { bytesToHex } from '../../../src/packet/hex.ts'

/** A client that may only talk to the proxy, and a web server beyond. */
function site(): Network {
  return createNetwork({
    nodes: {
      client: { address: '10.0.0.2/24' },
      fw: {
        interfaces: { lan0: '10.0.0.1/24', wan0: '203.0.113.1' },
        rules: `
          iptables -P FORWARD DROP
          iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
          iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
          iptables -A FORWARD -s 10.0.0.3 -j ACCEPT`,
      },
      proxy: {
        address: '10.0.0.3/24',
        services: [
          socksServer(),
          forwardProxy({
            allow: ['web', '*.example', '198.51.100.7'],
            forbid: ['/etc/passwd'],
            timeoutMs: 2000,
          }),
        ],
      },
      web: {
        address: '198.51.100.7',
        services: [
          webServer(),
          webServer({ port: 443 }),
          listener({ port: 25, greeting: 'mail here' }),
          webSocketServer({ port: 8080, path: '/feed', news: 'number {0}', everyMs: 10_000, pingMs: 4000 }),
        ],
      },
    },
    links: { lan: ['client', 'proxy', 'fw:lan0'], internet: ['fw:wan0', 'web'] },
    dns: { 'www.example': '198.51.100.7', 'www.elsewhere': '198.51.100.7' },
  })
}

/** What is said at a port of a node, in hex: `>` to it, `<` from it. */
function spoken(hops: readonly LogEntry[], node: string, port: number): string[] {
  return hops.flatMap(hop => {
    const { decoded } = hop.packet
    if (hop.kind !== 'hop' || hop.node !== node || decoded.kind !== 'tcp' || decoded.payload.length === 0)
      return []
    const hex = bytesToHex(decoded.payload)
    if (decoded.destinationPort === port && hop.device !== '') return [`> ${hex}`]
    return decoded.sourcePort === port && hop.device === '' ? [`< ${hex}`] : []
  })
}

describe('SOCKS5', () => {
  it('without the proxy the firewall lets nothing out', () => {
    expect(curl(site(), 'client', 'http://web/', { timeoutMs: 3000 }).result.outcome).toBe('filtered')
  })

  it('the handshake, byte for byte (RFC 1928)', () => {
    const { hops, result } = curl(site(), 'client', 'http://198.51.100.7/', { proxy: 'socks5://proxy' })
    expect(result.outcome).toBe('answered')
    expect(spoken(hops, 'proxy', 1080).slice(0, 4)).toEqual([
      '> 050100',
      '< 0500',
      '> 05010001c63364070050',
      '< 05000001000000000000',
    ])
  })

  it('names are sent as names', () => {
    const { hops, result } = curl(site(), 'client', 'http://web:25/', { proxy: 'socks5://proxy:1080' })
    expect(result.outcome).not.toBe('blocked')
    expect(spoken(hops, 'proxy', 1080)[2]).toBe('> 05010003037765620019')
  })

  it.each([
    ['refused', 'http://web:81/', '', '(5: connection refused)'],
    ['no such name', 'http://nowhere/', '', '(4: host unreachable)'],
    ['no route', 'http://192.0.2.1/', '', '(3: network unreachable)'],
    [
      'forbidden',
      'http://web/',
      'iptables -A OUTPUT -d 198.51.100.7 -j REJECT --reject-with icmp-admin-prohibited',
      '(4: host unreachable)',
    ],
  ])('the proxy says why: %s', (_, url, rules, text) => {
    const network = rules === '' ? site() : iptablesOn(site(), 'proxy', rules)
    const { result } = curl(network, 'client', url, { proxy: 'socks5://proxy', timeoutMs: 200_000 })
    expect(result).toMatchObject({ outcome: 'blocked', text: expect.stringContaining(text) })
  })

  it.each([
    ['another version', '\x04\x01', '< '],
    ['no method that would do', '\x05\x01\x02', '< 05ff'],
    ['a command it does not know', '\x05\x01\x00\x05\x02\x00\x01aaaa\x00\x50', '< 05070001000000000000'],
    [
      'a type of address it does not know',
      '\x05\x01\x00\x05\x01\x00\x09aaaa\x00\x50',
      '< 05080001000000000000',
    ],
  ])('refuses %s', (_, said, last) => {
    const { hops } = nc(site(), 'client', 'proxy:1080', { send: said })
    const heard = spoken(hops, 'proxy', 1080).filter(line => line.startsWith('<'))
    expect(heard.at(-1) ?? '< ').toBe(last)
  })

  it('the tunnel stays; the server speaks in it whenever it likes', () => {
    const opened = connect(site(), 'client', 'web:25', { proxy: 'socks5://proxy', servedBy: 'web' })
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    const { connection } = opened.result
    expect(connection.server.node).toBe('web')
    const later = tick(opened.network, 3_600_000).network
    const pushed = push(later, connection, ' and more', { from: 'server' })
    expect(pushed.result.outcome).toBe('delivered')
    expect(received(pushed.network, connection)).toBe('mail here and more')
  })
})

describe('an application proxy', () => {
  const through = (url: string, options = {}) =>
    curl(site(), 'client', url, { proxy: 'http://proxy:3128', ...options }).result

  it.each([
    ['a page', 'http://web/', 200],
    ['a name below one that is allowed', 'http://www.example/', 200],
    ['https, by CONNECT', 'https://web/', 200],
    ['a host that is not allowed', 'http://www.elsewhere/', 403],
    ['what it must not contain', 'http://web/?file=/etc/passwd', 403],
    ['nobody listens', 'http://web:81/', 502],
  ])('%s: %s %i', (_, url, status) => {
    expect(through(url)).toMatchObject({ outcome: 'answered', response: { status } })
  })

  it('CONNECT to a host that is not allowed', () => {
    expect(through('https://www.elsewhere/')).toEqual({
      outcome: 'blocked',
      text: 'curl: (97) CONNECT tunnel failed, response 403',
    })
  })

  it('the firewall sees its connection, not the client’s', () => {
    const { hops } = curl(site(), 'client', 'http://web/', { proxy: 'http://proxy:3128' })
    const atFirewall = hops.filter(({ node, packet }) => node === 'fw' && / S /.test(String(packet)))
    expect(atFirewall.map(({ packet }) => String(packet).split(' S')[0])).toEqual([
      'tcp 10.0.0.3:40000 > 198.51.100.7:80',
    ])
  })

  it('a request that is none for a proxy: 400', () => {
    expect(curl(site(), 'client', 'http://proxy:3128/').result).toMatchObject({ response: { status: 400 } })
  })
})

describe('a web socket', () => {
  const direct = (): Network => iptablesOn(site(), 'fw', 'iptables -A FORWARD -s 10.0.0.2 -p tcp -j ACCEPT')

  it('the server pushes unasked, for as long as the connection lives', () => {
    const opened = connect(direct(), 'client', 'ws://web:8080/feed')
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    const later = tick(opened.network, 30_000).network
    expect(received(later, opened.result.connection)).toBe('number 1number 2number 3')
  })

  it('what either end says goes in frames', () => {
    const opened = connect(direct(), 'client', 'ws://web:8080/feed')
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    const said = push(opened.network, opened.result.connection, 'hi')
    expect(spoken(said.hops, 'web', 8080)).toContain('> 8182000000006869')
    const answered = push(said.network, opened.result.connection, 'ho', { from: 'server' })
    expect(received(answered.network, opened.result.connection)).toBe('ho')
  })

  it.each([
    ['another path', 'ws://web:8080/other', 'blocked'],
    ['a server that knows no web sockets', 'ws://web/feed', 'blocked'],
  ])('%s: %s', (_, url, outcome) => {
    expect(connect(direct(), 'client', url, { timeoutMs: 3000 }).result.outcome).toBe(outcome)
  })

  it('through an application proxy as well', () => {
    const opened = connect(site(), 'client', 'ws://web:8080/feed', { proxy: 'http://proxy:3128' })
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    expect(received(tick(opened.network, 11_000).network, opened.result.connection)).toBe('number 1')
  })
})
