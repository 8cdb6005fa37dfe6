import { describe, expect, it } from 'vitest'
import { hostResolver } from '../../src/rules/hosts.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

const resolveHost = hostResolver(`# what iptables-legacy 1.8.9 with glibc 2.36 answered for this file
192.0.2.1   alpha Alpha2 alpha.example alpha # trailing
192.0.2.2\tbeta
192.0.2.3 alpha
2001:db8::1 alpha six
::1 loop
::ffff:192.0.2.9 mapped
192.0.2.1 alpha
192.0.2.11 a_b x.y.
`)

describe('names of a hosts file', () => {
  it.each([
    ['alpha', ['192.0.2.1', '192.0.2.3', '192.0.2.1'], ['2001:db8::1']],
    ['ALPHA', ['192.0.2.1', '192.0.2.3', '192.0.2.1'], ['2001:db8::1']],
    ['alpha2', ['192.0.2.1'], []],
    ['alpha.example.', [], []],
    ['beta', ['192.0.2.2'], []],
    ['six', [], ['2001:db8::1']],
    ['loop', ['127.0.0.1'], ['::1']],
    ['mapped', ['192.0.2.9'], ['::ffff:192.0.2.9']],
    ['a_b', ['192.0.2.11'], []],
    ['x.y', [], []],
    ['localhost', [], []],
  ])('%s', (name, ipv4, ipv6) => {
    expect(resolveHost(name, 4).map(String)).toEqual(ipv4)
    expect(resolveHost(name, 6).map(String)).toEqual(ipv6)
  })

  it('make a rule for each address, where iptables makes one', () => {
    const { ruleset } = parseRules('iptables -A INPUT -s alpha,beta -j DROP', { family: 4, resolveHost })
    const rules = printRules(ruleset!).match(/-s \S+/g)
    expect(rules).toEqual(['-s 192.0.2.1/32', '-s 192.0.2.3/32', '-s 192.0.2.1/32', '-s 192.0.2.2/32'])
    const said = (name: string): string[] =>
      parseRules(`iptables -A INPUT -m conntrack --ctorigsrc ${name}`, {
        family: 4,
        resolveHost,
      }).diagnostics.map(({ message }) => message)
    expect(said('beta')).toEqual([])
    expect(said('alpha')).toEqual(["'alpha' resolves to more than one address"])
  })
})
