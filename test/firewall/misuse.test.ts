import { describe, expect, it } from 'vitest'
import {
  conntrackList,
  createFirewall,
  type FirewallOptions,
  ipsetSave,
  iptablesSave,
  natTableText,
  Packet,
  parseRules,
  step,
  tcp,
  udp,
} from '../../src/index.ts'

const RULES = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n'

describe('what JavaScript lets through, and would make a firewall without rules', () => {
  it.each<[string, unknown, string]>([
    ['the rules for the options', RULES, 'createFirewall({ rules, interfaces, routes })'],
    ['bytes', { rules: new TextEncoder().encode(RULES) }, "read the file as 'utf8'"],
    ['a list of lines', { rules: RULES.split('\n') }, "join the lines with '\\n'"],
    ["parseRules' whole answer", { rules: parseRules(RULES, { family: 4 }) }, 'pass its .ruleset'],
    ['no family', { rules: { v4: RULES } }, '{ ipv4, ipv6 } of these, not { v4 }'],
    ['nothing', { rules: null }, 'not null'],
    ['a misspelt option', { rule: RULES }, "no option 'rule': did you mean 'rules'?"],
    ['another', { interface: { eth0: ['192.0.2.1/24'] } }, "did you mean 'interfaces'?"],
    ['a misspelt sysctl', { sysctls: { 'net.ipv4.ip_forwrd': 1 } }, "did you mean 'net.ipv4.ip_forward'?"],
  ])('%s', (_, options, message) => {
    expect(() => createFirewall(options as FirewallOptions)).toThrow(message)
  })

  it('but whoever spreads an object of his own into the options may', () => {
    expect(createFirewall({ ...{ rules: RULES, owner: 'ops' } }).config.rules.ipv4).toBeDefined()
  })
})

it('a device with one address needs no list', () => {
  const box = createFirewall({ interfaces: { eth0: '192.0.2.1/24' } })
  expect(box.config).toEqual(createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } }).config)
})

it('routes that were read from a file may end with a blank line', () => {
  const routes = 'default via 192.0.2.254 dev eth0\n\n'.split('\n')
  const { config } = createFirewall({ interfaces: { eth0: '192.0.2.1/24' }, routes })
  expect(config.routes).toEqual(['default via 192.0.2.254 dev eth0'])
})

const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
const query = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' })

it.each<[string, unknown]>([
  ['a packet without a device', query],
  ['a text that nobody has parsed', { device: 'eth0', packet: String(query) }],
  ['no packet', { local: true }],
])('an arrival that is none, %s: said with what it is', (_, arrival) => {
  expect(() => step(box, arrival as never)).toThrow(/an arrival is \{ device, packet \}.*Packet\.parse/)
})

it('the same packet, parsed, arrives', () => {
  expect(step(box, { device: 'eth0', packet: Packet.parse(String(query)) }).fate.kind).toBe('delivered')
})

it.each(['from', 'to'])('a constructor names the end that is missing: %s', end => {
  const ends = { from: '192.0.2.7:5000', to: '192.0.2.1:53', [end]: undefined } as never
  expect(() => tcp(ends)).toThrow(`${end}: tcp needs an address with a port`)
})

it.each<[string, (state: never) => unknown]>([
  ['conntrackList', conntrackList],
  ['natTableText', natTableText],
  ['iptablesSave', iptablesSave],
  ['ipsetSave', ipsetSave],
])('%s of an outcome or a network: told where the state is', (_, list) => {
  expect(() => list(step(box, { device: 'eth0', packet: query }) as never)).toThrow(
    /of an outcome its \.state/,
  )
  expect(() => list({ nodes: [] } as never)).toThrow(/of a network firewallOf\(network, node\)/)
})
