import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as core from '../../src/index.ts'
import { createFirewall, step, tcp } from '../../src/index.ts'
import * as networks from '../../src/network/index.ts'
import { createNetwork, datagramServer, listener, send, settle } from '../../src/network/index.ts'
import * as own from '../../src/testing/vitest.ts'
import { matchers } from '../../src/testing/vitest.ts'
import { codeBlocks, runBlock } from '../docs/code-blocks.ts'
import { runExample } from '../docs/docstrings.ts'

expect.extend(matchers)

const RULES = `
iptables -P FORWARD DROP
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A FORWARD -i lan0 -p tcp --dport 80 -j ACCEPT
iptables -A FORWARD -i lan0 -p tcp --dport 22 -j ACCEPT
iptables -A FORWARD -i lan0 -p udp --dport 53 -j ACCEPT
iptables -A FORWARD -i lan0 -p icmp -j REJECT
iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE
`

const network = createNetwork({
  nodes: {
    laptop: { address: '10.6.0.2/24' },
    fw: { interfaces: { lan0: '10.6.0.1/24', wan0: '203.0.113.1/32' }, rules: RULES },
    web: {
      address: ['198.51.100.7', '2001:db8::7'],
      services: [listener({ port: 80 }), listener({ port: 25 }), datagramServer({ port: 53, answer: '!' })],
    },
    client6: { address: '2001:db8:1::2' },
  },
  links: { lan: ['laptop', 'fw:lan0'], internet: ['fw:wan0', 'web', 'client6'] },
})

const syn = tcp({ from: '10.6.0.2:40000', to: '198.51.100.7:80', flags: 'S' })

/** What a failing expectation says. */
function messageOf(expectation: () => void): string {
  try {
    expectation()
  } catch (error) {
    return (error as Error).message
  }
  return 'it held'
}

describe('a network', () => {
  it.each([
    ['an open port', 'toReach', 'web:80', {}],
    ['a closed port', 'toRefuse', 'web:22', {}],
    ['no rule for it', 'toFilter', 'web:25', {}],
    ['a UDP server', 'toReach', 'web:53', { protocol: 'udp' }],
    ['UDP without a rule', 'toFilter', 'web:54', { protocol: 'udp' }],
    ['a ping', 'toReach', 'fw', {}],
  ] as const)('%s: %s %s', (_, name, target, options) => {
    for (const other of ['toReach', 'toRefuse', 'toFilter'] as const)
      if (other === name) expect(network)[other]('laptop', target, options)
      else expect(network).not[other]('laptop', target, options)
  })

  it('IPv6, with and without a port', () => {
    expect(network).toReach('client6', '[2001:db8::7]:80')
    expect(network).toReach('client6', '2001:db8::7')
  })

  it('what is unreachable is none of the three', () => {
    for (const name of ['toReach', 'toRefuse', 'toFilter'] as const)
      expect(network).not[name]('laptop', 'web')
    expect(messageOf(() => expect(network).toReach('laptop', 'web'))).toContain(
      'expected laptop to reach web, but it was unreachable',
    )
  })

  it('fails with the trace of the packet that was stopped', () => {
    expect(messageOf(() => expect(network).toReach('laptop', 'web:25'))).toContain(
      'filter/FORWARD:policy  DROP\n= dropped by filter/FORWARD:policy',
    )
  })

  it('fails, where nothing was stopped, with the whole way', () => {
    const message = messageOf(() => expect(network).not.toReach('laptop', 'web:80'))
    expect(message).toContain('expected laptop not to reach web:80, but it was')
    expect(message).toMatch(/at laptop:\n[\s\S]*at fw:\n[\s\S]*filter\/FORWARD:2 {2}match[\s\S]*at web:\n/)
  })
})

describe('an outcome', () => {
  const gateway = createFirewall({
    interfaces: { lan0: ['10.6.0.1/24'], wan0: ['203.0.113.1/24'] },
    routes: ['default via 203.0.113.254 dev wan0'],
    rules: RULES,
  })
  const outcome = step(gateway, { device: 'lan0', packet: syn })
  const dropped = step(gateway, { device: 'wan0', packet: tcp({ from: '192.0.2.9:1', to: '10.6.0.2:22' }) })

  it('by a rule, by a policy, as a hop', () => {
    expect(outcome).toBeDecidedBy('filter/FORWARD:2')
    expect(outcome).not.toBeDecidedBy('filter/FORWARD:1')
    expect(dropped).toBeDecidedBy('filter/FORWARD:policy')
    const { hops } = settle(send(network, 'laptop', syn).network)
    expect(hops.find(({ node }) => node === 'fw')).toBeDecidedBy('filter/FORWARD:2')
    expect(() => expect(outcome).toBeDecidedBy('FORWARD')).toThrow(RangeError)
  })

  it('translated, or not', () => {
    expect(outcome).toHaveTranslated()
    expect(outcome).toHaveTranslated({ source: '203.0.113.1:40000' })
    expect(outcome).toHaveTranslated({ source: '203.0.113.1' })
    expect(outcome).not.toHaveTranslated({ source: '203.0.113.2' })
    expect(outcome).not.toHaveTranslated({ destination: '198.51.100.7:80' })
    expect(dropped).not.toHaveTranslated()
  })

  it('says what was instead, with the trace', () => {
    expect(messageOf(() => expect(outcome).toBeDecidedBy('filter/FORWARD:1'))).toMatchInlineSnapshot(`
      "expected filter/FORWARD:1 to decide, but filter/FORWARD:2 did

      lan0 → tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=0
          conntrack  created 10.6.0.2:40000 > 198.51.100.7:80
          conntrack  NEW original of 10.6.0.2:40000 > 198.51.100.7:80 [SYN_SENT]
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -p tcp -m tcp --dport 80 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:40000 > 198.51.100.7:80 becomes 203.0.113.1:40000 > 198.51.100.7:80
          nat  source 10.6.0.2:40000 → 203.0.113.1:40000
          conntrack  confirmed 10.6.0.2:40000 > 198.51.100.7:80
      wan0 ← tcp 203.0.113.1:40000 > 198.51.100.7:80 S seq=0 ttl=63
      = forwarded by wan0"
    `)
    expect(
      messageOf(() => expect(outcome).toHaveTranslated({ destination: '10.9.0.5' })).split('\n')[0],
    ).toBe(
      'expected NAT to translate destination to 10.9.0.5; it was source 10.6.0.2:40000 → 203.0.113.1:40000, destination 198.51.100.7:80 → 198.51.100.7:80',
    )
  })
})

describe('docs/matchers.md', () => {
  const modules = {
    vitest: { expect },
    'netfilter-sim': core,
    'netfilter-sim/network': networks,
    'netfilter-sim/vitest': own,
  }
  it.each(codeBlocks('docs/matchers.md', 'ts').map(block => [block.line, block] as const))(
    'line %i holds',
    async (_, block) => {
      await expect(runBlock(block, modules)).resolves.toEqual([])
    },
  )

  it('shows what a failure says', async () => {
    const [block] = codeBlocks('docs/matchers.md', 'ts')
    const failing = block!.code.replace("toFilter('laptop', 'web:25')", "toReach('laptop', 'web:25')")
    const message = await runBlock({ ...block!, code: failing }, modules).catch(
      (error: Error) => error.message,
    )
    expect(message).toBe(codeBlocks('docs/matchers.md', 'text')[0]!.code)
  })
})

describe('the docstrings', () => {
  const source = ['network', 'outcome']
    .map(name => readFileSync(`src/testing/matchers/${name}.ts`, 'utf8'))
    .join('')
  const docs = [...source.matchAll(/^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(\w+)[:(]/gm)]
  const examples = new Map(
    docs.map(([, doc, name]) => [name!, doc!.replace(/^ *\* ?/gm, '').split('@example\n')[1]]),
  )

  it.each(Object.keys(matchers))('%s has an example, which holds', name => {
    const example = examples.get(name)
    expect(example).toContain(`.${name}(`)
    runExample(example!, { ...core, ...networks, expect })
  })
})

describe('what would make a negation hold for ever is refused', () => {
  const outcome = step(
    createFirewall({ interfaces: { eth0: '192.0.2.1/24' }, rules: 'iptables -A INPUT -j DROP' }),
    {
      device: 'eth0',
      packet: tcp({ from: '192.0.2.7:40000', to: '192.0.2.1:22', flags: 'S' }),
    },
  )
  it.each<[string, () => void, string]>([
    [
      'a host',
      () => expect(network).not.toReach('laptop', 'wbe:80'),
      "no host 'wbe' in this network: did you mean 'web'?",
    ],
    [
      'a host to ping',
      () => expect(network).not.toReach('laptop', 'printer'),
      "no host 'printer' in this network: there are",
    ],
    ['a chain', () => expect(outcome).not.toBeDecidedBy('filter/INPT:1'), 'this firewall has no filter/INPT'],
    ['a rule', () => expect(outcome).not.toBeDecidedBy('filter/INPUT:2'), 'filter/INPUT has 1 rule'],
    [
      'a table',
      () => expect(outcome).not.toBeDecidedBy('nat/POSTROUTING:policy'),
      'this firewall has no nat/POSTROUTING',
    ],
  ])('%s that is not there', (_, expectation, message) => {
    expect(messageOf(expectation)).toContain(message)
  })

  it('an address is a host, whoever has it', () => {
    expect(network).not.toReach('laptop', '192.0.2.250:80', { timeoutMs: 1000 })
  })

  it.each([[undefined], [network], ['forwarded']])('%o is no outcome', given => {
    expect(messageOf(() => expect(given as never).toBeDecidedBy('filter/INPUT:1'))).toContain(
      'the outcome of a step',
    )
  })
})
