import { describe, expect, it } from 'vitest'
import { advance, createFirewall, ipset, ipsetSave, step, tcp } from '../../src/index.ts'

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
  ['hash:ip counters comment', ['1.1.1.1 comment "a b"'], ['1.1.1.1 packets 0 bytes 0 comment "a b"']],
]

describe('ipset text', () => {
  it.each(SAVED)('%s %j is saved as %j', (create, added, saved) => {
    expect(save([`create a ${create}`, ...added.map(words => `add a ${words}`)].join('\n'))).toEqual(saved)
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

  it('a set of the other family, or none, is refused', () => {
    expect(() => box('create s hash:ip family inet6', '-m set --match-set s src')).toThrowError(/Set s/)
    expect(() => box('', '-m set --match-set s src')).toThrowError(/Set s/)
  })
})
