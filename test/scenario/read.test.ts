import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic.ts'
import { readScenario, runScenario, scenario } from '../../src/scenario/index.ts'
import { OFFICE, runText, wrongWith } from './support.ts'

/** OFFICE has 16 lines in front of the steps. */
const steps = (text: string): string[] => wrongWith(OFFICE + text)

describe('what is wrong with a step', () => {
  it.each([
    [
      'unknown host',
      '- { curl: http://web/, from: labtop }',
      "17:30 steps.0.from: unknown host 'labtop' (did you mean 'laptop'?)",
    ],
    [
      'unknown target',
      '- { nc: wbe:80, from: laptop }',
      "17:9 steps.0.nc: unknown host 'wbe' (did you mean 'web'?)",
    ],
    [
      'impossible address',
      '- { ping: 10.6.0.300, from: laptop }',
      "17:11 steps.0.ping: impossible address '10.6.0.300'",
    ],
    [
      'misspelt kind',
      '- { crul: http://web/, from: laptop }',
      "17:5 steps.0.crul: this step does nothing (did you mean 'curl'?)",
    ],
    [
      'misspelt key',
      '- { nc: web:80, form: laptop, from: laptop }',
      "17:17 steps.0.form: unknown key 'form' (did you mean 'from'?)",
    ],
    ['missing key', '- { nc: web:80 }', "17:3 steps.0.from: 'from' is missing (a text)"],
    ['wrong type', '- { nc: 80, from: laptop }', '17:9 steps.0.nc: expected a text'],
    [
      'no port',
      '- { nc: web, from: laptop }',
      "17:9 steps.0.nc: not a host and a port: \"web\"; e.g. 'web:80' or '[2001:db8::1]:80'",
    ],
    ['duration', '- { wait: 5 seconds }', '17:11 steps.0.wait: not a duration: 300ms, 2.5s, 5min, 2h or 5d'],
    [
      'no such connection',
      '- { push: chat, data: hi }',
      "17:11 steps.0.push: no connection 'chat' (open it with connect: …, as: NAME)",
    ],
    ['no such link', '- { cut: lam }', "17:10 steps.0.cut: unknown link 'lam' (did you mean 'lan'?)"],
    [
      'listing',
      '- { look: "fw: contrack -L" }',
      '17:11 steps.0.look: not a listing: "fw: contrack -L"; "node: command" with ss, netstat, conntrack, nat, sessions, iptables-save, iptables, ipset',
    ],
    [
      'packet',
      '- { send: "tcp 10.6.0.2:1 > 10.6.0.1:2 Q", from: laptop }',
      '17:40 steps.0.send: unknown word Q',
    ],
    [
      'ports',
      '- { scan: web, from: laptop, ports: 90-80 }',
      '17:37 steps.0.ports: not ports: "90-80"; e.g. \'22,80,8000-8080\'',
    ],
    [
      'outcome',
      '- { nc: web:80, from: laptop, expect: { outcome: opne } }',
      '17:50 steps.0.expect.outcome: expected open, connecting, answered',
    ],
    [
      'place',
      '- { nc: web:80, from: laptop, expect: { packets: [{ at: fw, by: FORWARD }] } }',
      "17:65 steps.0.expect.packets.0.by: not a rule: 'FORWARD' (e.g. filter/FORWARD:3 or filter/INPUT:policy)",
    ],
    [
      'a sysctl that is not modelled',
      '- { sysctl: { net.ipv4.tcp_syncookies: 1 }, on: fw }',
      "17:40 steps.0.sysctl.net.ipv4.tcp_syncookies: sysctl 'net.ipv4.tcp_syncookies' is not modelled",
    ],
    [
      'a pipe into something else',
      '- { look: "fw: ss -tan | wc -l" }',
      "17:11 steps.0.look: only '| grep TEXT' may follow a command",
    ],
    ['no map', '- nothing', '17:3 steps.0: a step is a map (e.g. { curl: http://web/, from: laptop })'],
  ])('%s', (_, text, expected) => {
    const [found, ...more] = steps(text)
    expect(found?.slice(0, expected.length)).toBe(expected)
    expect(more).toEqual([])
  })

  it('a bad rule has its place within the block, and knows what came before', () => {
    const text = `
- iptables: |
    iptables -N web
    iptables -A web -j ACCEPT
  on: fw
- iptables: |
    iptables -A INPUT -j web
    iptables -A INPUT -p tcp --dprot 22 -j ACCEPT
    iptables -A INPUT -j wbe
  on: fw`
    expect(steps(text)).toEqual([
      "24:30 steps.1.iptables: unknown option '--dprot'",
      expect.stringMatching(/^25:26 steps.1.iptables: there is no chain and no target named 'wbe'/),
    ])
  })

  it('steps in branches, and branches that do not exist', () => {
    const text = `
- fork:
    a: []
    b: [{ nc: web:80, from: labtop }]
  each:
    - { nc: web:80, from: laptop, expect: { branch: c, outcome: open } }`
    expect(steps(text)).toEqual([
      "20:29 steps.0.fork.b.0.from: unknown host 'labtop' (did you mean 'laptop'?)",
      "22:53 steps.0.each.0.expect.branch: no branch 'c' here (there are a, b)",
    ])
  })

  it('a name that does not exist may be the point', () => {
    const text = '- { curl: http://no.such.host/, from: laptop, expect: { outcome: unreachable } }'
    expect(steps(text)).toEqual([])
    expect(runText(OFFICE + text).passed).toBe(true)
  })
})

describe('what is wrong with a network', () => {
  it('everything at once, with line and column', () => {
    const text = `title: wrong
network:
  nodes:
    laptop: { adress: 10.0.0.2/24 }
    phone: { address: 10.0.0.300/24 }
    fw:
      interfaces: { lan0: 10.0.0.1/24 }
      rules: |
        iptables -A INPUT -p tcp --dprot 22 -j ACCEPT
        iptables -A INPUT -p tcp --dport 22 -j ACEPT
      mtu: "big"
      policy: ALOW src=ANY
      services: [{ wbe: {} }]
  links: { lan: [laptop, phone, "fw:lan0"] }
steps:
  - { curl: "http://10.0.0.1/", from: labtop }
`
    expect(wrongWith(text)).toEqual([
      "4:15 network.nodes.laptop.adress: unknown key 'adress' (did you mean 'address'?)",
      expect.stringContaining('5:23 network.nodes.phone.address: not an address: "10.0.0.300/24"'),
      "9:34 network.nodes.fw.rules: unknown option '--dprot'",
      expect.stringContaining("10:48 network.nodes.fw.rules: there is no chain and no target named 'ACEPT'"),
      '11:12 network.nodes.fw.mtu: expected a number',
      "12:15 network.nodes.fw.policy: unknown action 'ALOW' (did you mean 'ALLOW'?)",
      "13:20 network.nodes.fw.services.0.wbe: unknown key 'wbe' (did you mean 'web'?)",
      "16:39 steps.0.from: unknown host 'labtop' (did you mean 'laptop'?)",
    ])
  })

  it('links and zones', () => {
    const text = `title: wrong
network:
  nodes:
    a: { address: 10.0.0.2/24 }
    fw:
      interfaces: { lan0: 10.0.0.1/24, wan0: 10.0.1.1/24 }
      zones: { inside: { devices: [lan0] }, outside: { devices: [wan0] } }
      zonePairs:
        - { from: insid, to: outside, policy: ALLOW }
        - from: inside
          to: outside
          policy: |
            ALLOW port=x
  links: { lan: [a, "fw:lan1"], wan: ["fw:wan0"] }
steps: []
`
    expect(wrongWith(text)).toEqual(
      [
        expect.stringContaining('6:7 network.nodes.fw: device lan0 of fw is on no link'),
        "9:19 network.nodes.fw.zonePairs.0.from: no zone 'insid' (did you mean 'inside'?)",
        "13:24 network.nodes.fw.zonePairs.1.policy: not a port: 'x'",
        expect.stringContaining("14:21 network.links.lan.1: fw has no device 'lan1'"),
      ].map(line => line),
    )
  })

  it('broken YAML', () => {
    expect(wrongWith('title: x\nsteps: [\n')[0]).toMatch(/^3:1 /)
    expect(wrongWith('')[0]).toBe('1:1 expected a map')
  })
})

describe('a scenario in TypeScript', () => {
  const network = {
    nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24', services: [{ web: {} }] } },
    links: { lan: ['a', 'b'] },
  }

  it('is the same data and takes the same runner', () => {
    const run = runScenario(
      scenario({
        title: 'two hosts',
        network,
        steps: [
          { nc: 'b:81', from: 'a', expect: { outcome: 'refused' } },
          { curl: 'http://b/', from: 'a', expect: { outcome: 'answered', status: 200 } },
        ],
      }),
    )
    expect(run).toMatchObject({ passed: true, checkCount: 3 })
  })

  it('throws with everything that is wrong', () => {
    const wrong = () => scenario({ title: '', network, steps: [{ nc: 'c:81', from: 'x' }] })
    expect(wrong).toThrow(DiagnosticError)
    expect(wrong).toThrow(/steps\.0\.from[\s\S]*steps\.0\.nc/)
  })
})

it('rules in a file, and a file that cannot be read here', () => {
  const text = OFFICE.replace(/ {6}rules: \|\n( {8}.*\n)+/, '      rulesFile: fw.rules\n').replace(
    'steps:',
    'steps: []',
  )
  const read = (path: string): string => (path === 'fw.rules' ? 'iptables -A FORWARD -j BOGUS' : '')
  expect(readScenario(text, { readFile: read }).diagnostics[0]?.message).toContain('BOGUS')
  expect(readScenario(text).diagnostics[0]?.message).toBe(
    'network.nodes.fw.rulesFile: files cannot be read here',
  )
})
