import { describe, expect, it } from 'vitest'
import { advance, createFirewall, edit, ipset, ipsetSave, parseRules, step, tcp } from '../../src/index.ts'

const save = (sets: string): string[] =>
  ipsetSave(createFirewall({ sets }))
    .split('\n')
    .filter(line => line.startsWith('add'))
    .map(line => line.replace(/^add \S+ /, ''))

/** Every row was given to ipset 7.17 on Linux 6.18: what is created, added, and printed by `save -sorted`. */
const SAVED: readonly (readonly [create: string, added: readonly string[], saved: readonly string[]])[] = [
  ['hash:ip', ['10.0.1.1-10.0.1.2', '9.0.0.1'], ['9.0.0.1', '10.0.1.1', '10.0.1.2']],
  ['hash:ip netmask 24', ['10.2.3.4'], ['10.2.3.0']],
  ['hash:net', ['10.0.0.0-10.0.0.5', '10.0.0.0/8'], ['10.0.0.0/30', '10.0.0.0/8', '10.0.0.4/31']],
  ['hash:net', ['10.6.0.3/32 nomatch'], ['10.6.0.3 nomatch']],
  ['hash:ip,port', ['10.0.0.1,80', '10.0.0.1,icmp:8/0'], ['10.0.0.1,tcp:80', '10.0.0.1,icmp:echo-request']],
  ['hash:net,iface', ['10.0.0.0/8,lan10', '10.0.0.0/8,wan0'], ['10.0.0.0/8,wan0', '10.0.0.0/8,lan10']],
  ['bitmap:port range 0-9', ['3-4', 'udp:6'], ['3', '4', '6']],
  ['bitmap:port range 0-99', ['gopher-72', '[ftp-data]-ftp'], ['20', '21', '70', '71', '72']],
  ['bitmap:port range 8079-8081', ['8081-http-alt'], ['8080', '8081']],
  ['hash:ip,port', ['10.0.0.1,udp:[netbios-ns]'], ['10.0.0.1,udp:137']],
  ['hash:net', ['[10.0.0.0]/24'], ['10.0.0.0/24']],
  ['bitmap:ip range 10.0.0.0/24', ['10.0.0.9-10.0.0.10'], ['10.0.0.9', '10.0.0.10']],
  ['bitmap:ip range 10.0.0.0/16 netmask 24', ['10.0.7.9'], ['10.0.7.0']],
  ['hash:net family inet6', ['2001:db8::1/32', '::1'], ['::1', '2001:db8::/32']],
  ['hash:ip skbinfo', ['1.1.1.1 skbmark 0x1/0xff skbprio 1:2'], ['1.1.1.1 skbmark 0x1/0xff skbprio 1:2']],
  ['hash:ip counters comment', ['1.1.1.1 comment "a b"'], ['1.1.1.1 packets 0 bytes 0 comment "a b"']],
]

describe('ipset text', () => {
  it.each(SAVED)('%s %j is saved as %j', (create, added, saved) => {
    expect(save([`create a ${create}`, ...added.map(words => `add a ${words}`)].join('\n'))).toEqual(saved)
  })

  it.each([
    ['hash:ip', '10.0.0.1-10.0.0.2-10.0.0.3'],
    ['hash:ip', '10.0.0.0/24/25'],
    ['hash:net', '[10.0.0.1'],
    ['hash:net', '[10.0.0.0/24]'],
    ['bitmap:port range 0-99', '80-81-82'],
    ['bitmap:port range 0-99', 'ftp-data'],
    ['bitmap:port range 0-99', '[ftp]x-http'],
    ['bitmap:port range 0-99', '[80]'],
    ['bitmap:port range 0-99', '100'],
  ])('as ipset does, %s refuses %s', (create, element) => {
    expect(() => save(`create a ${create}\nadd a ${element}`)).toThrowError(/^<text>:2:\d+: error/)
  })

  it.each(SAVED)('what is saved of %s %j can be restored', (create, added) => {
    const text = [`create a ${create}`, ...added.map(words => `add a ${words}`)].join('\n')
    const saved = ipsetSave(createFirewall({ sets: text }))
    expect(ipsetSave(createFirewall({ sets: saved }))).toBe(saved)
  })

  it('names everything that is wrong, with its place', () => {
    const sets = 'create a hash:ip\nadd a 0.0.0.0\nadd b 1.1.1.1\ncreate c hash:mac\nadd a 1.1.1.1,80'
    expect(() => createFirewall({ sets })).toThrowError(
      /2:7.*\n.*\n?.*3:5[\s\S]*4:10[\s\S]*not modelled[\s\S]*5:15/,
    )
  })

  it('does not destroy what a rule names', () => {
    const box = createFirewall({
      sets: 'create a hash:ip',
      rules: 'iptables -A INPUT -j SET --add-set a src',
    })
    expect(() => ipset(box, 'destroy a')).toThrowError(/in use/)
  })
})

describe('packets', () => {
  const syn = (from: string) => ({
    device: 'eth0',
    packet: tcp({ from: `${from}:1000`, to: '192.0.2.1:22', flags: 'S' }),
  })
  const box = (sets: string, rule: string) =>
    createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, sets, rules: `iptables -A INPUT ${rule}` })

  it('the most specific network decides, and nomatch excepts', () => {
    const state = box(
      'create n hash:net\nadd n 10.0.0.0/8\nadd n 10.1.0.0/16 nomatch\nadd n 10.1.1.0/24',
      '-m set --match-set n src -j DROP',
    )
    const fates = ['10.2.0.1', '10.1.2.1', '10.1.1.1', '11.0.0.1'].map(a => step(state, syn(a)).fate.kind)
    expect(fates).toEqual(['dropped', 'delivered', 'dropped', 'delivered'])
  })

  it('an added address runs out, and the state before it stays as it was', () => {
    const state = box('create t hash:ip timeout 5 counters', '-j SET --add-set t src')
    const next = step(state, syn('10.0.0.1')).state
    expect(ipsetSave(next)).toContain('add t 10.0.0.1 timeout 5 packets 1 bytes 40')
    expect(ipsetSave(advance(next, 6000))).not.toContain('add t')
    expect(ipsetSave(state)).not.toContain('add t')
  })

  it('a ruleset that is no text is refused, too, when it names a set that is not there', () => {
    const { ruleset } = parseRules('iptables -A INPUT -m set --match-set s src -j DROP', { family: 4 })
    expect(() => createFirewall({ rules: ruleset! })).toThrowError(/^a rule names the ipset 's'/)
    const name = (sets: string) =>
      edit(createFirewall({ sets }), config => {
        config.rules.ipv4 = ruleset as never
      })
    expect(() => name('create s hash:ip family inet6')).toThrowError(RangeError)
    expect(name('create s hash:ip').state.config.rules.ipv4).toBeDefined()
  })

  it.each([
    ['--packets-eq 2', [false, false, true, false]],
    ['! --packets-eq 2', [true, true, false, true]],
    ['--packets-lt 2', [true, true, false, false]],
    ['--packets-gt 2', [false, false, false, true]],
    ['--bytes-eq 40', [false, true, false, false]],
    ['--bytes-lt 41', [true, true, false, false]],
    ['--bytes-gt 40', [false, false, true, true]],
  ])('%s sees the counters as they were before the packet', (comparison, matched) => {
    let state = box(
      'create c hash:ip counters\nadd c 10.0.0.1',
      `-m set --match-set c src ! --update-counters ${comparison} -j DROP`,
    )
    const seen = matched.map((_, packets) => {
      const sets = `-exist add c 10.0.0.1 packets ${packets} bytes ${40 * packets}`
      state = ipset(state, sets)
      return step(state, syn('10.0.0.1')).fate.kind === 'dropped'
    })
    expect(seen).toEqual(matched)
  })

  it('a list:set matches what any of its members holds', () => {
    const state = box(
      'create a hash:ip\ncreate b hash:net\ncreate l list:set\nadd a 10.0.0.1\nadd b 10.1.0.0/16\nadd l a\nadd l b',
      '-m set --match-set l src -j DROP',
    )
    const fates = ['10.0.0.1', '10.1.9.9', '10.0.0.2'].map(from => step(state, syn(from)).fate.kind)
    expect(fates).toEqual(['dropped', 'dropped', 'delivered'])
  })

  it('a set of the other family, or none, is refused', () => {
    expect(() => box('create s hash:ip family inet6', '-m set --match-set s src')).toThrowError(/Set s/)
    expect(() => box('', '-m set --match-set s src')).toThrowError(/Set s/)
  })
})
