import { describe, expect, it } from 'vitest'
import { advance, createFirewall, type FirewallState, ipsetSave, step, tcp, udp } from '../../src/index.ts'

/** A box whose INPUT drops what the rule matches. */
function box(sets: readonly string[], rules: string, family: 4 | 6 = 4): FirewallState {
  const interfaces = { eth0: ['192.0.2.1/24', '2001:db8::1/64'], eth1: ['198.51.100.1/24'] }
  return createFirewall({ interfaces, sets: sets.join('\n'), rules: family === 4 ? rules : { ipv6: rules } })
}

const to = { 4: '192.0.2.1:80', 6: '[2001:db8::1]:80' }
const syn = (from: string, macSource?: string, device = 'eth0') => {
  const isV6 = from.includes(':')
  const packet = tcp({ from: isV6 ? `[${from}]:1000` : `${from}:1000`, to: to[isV6 ? 6 : 4], flags: 'S' })
  return { device, packet, ...(macSource !== undefined && { macSource }) }
}

const added = (state: FirewallState): string[] =>
  ipsetSave(state)
    .split('\n')
    .filter(line => line.startsWith('add'))
    .map(line => line.slice(4))

describe('the MAC of a bitmap:ip,mac', () => {
  const mac = '02:00:00:00:00:0a'
  // as Linux 6.18 answers a frame from 10.0.0.2, 02:00:00:00:00:0a
  it.each([
    [
      'a 10.0.0.2',
      '-m set --match-set a src,src -j DROP',
      'dropped',
      ['a 10.0.0.2,02:00:00:00:00:0A packets 1 bytes 40'],
    ],
    [
      'a 10.0.0.2,2:0:0:0:0:a',
      '-m set --match-set a src,src -j DROP',
      'dropped',
      ['a 10.0.0.2,02:00:00:00:00:0A packets 1 bytes 40'],
    ],
    [
      'a 10.0.0.2,2:0:0:0:0:c',
      '-m set --match-set a src,src -j DROP',
      'delivered',
      ['a 10.0.0.2,02:00:00:00:00:0C packets 0 bytes 0'],
    ],
    [
      'a 10.0.0.2',
      '-m set --match-set a src,src --packets-gt 5 -j DROP',
      'dropped',
      ['a 10.0.0.2,02:00:00:00:00:0A packets 1 bytes 40'],
    ],
    ['a 10.0.0.2', '-m set --match-set a src -j DROP', 'delivered', ['a 10.0.0.2 packets 0 bytes 0']],
    ['', '-j SET --add-set a src,src', 'delivered', ['a 10.0.0.2,02:00:00:00:00:0A packets 1 bytes 40']],
    [
      'a 10.0.0.2,2:0:0:0:0:c',
      '-j SET --add-set a src,src',
      'delivered',
      ['a 10.0.0.2,02:00:00:00:00:0C packets 0 bytes 0'],
    ],
    [
      'a 10.0.0.2,2:0:0:0:0:c',
      '-j SET --add-set a src,src --exist',
      'delivered',
      ['a 10.0.0.2,02:00:00:00:00:0A packets 1 bytes 40'],
    ],
    ['a 10.0.0.2,2:0:0:0:0:c', '-j SET --del-set a src,src', 'delivered', []],
  ])('add %s, %s: %s, and then %j', (element, rule, fate, after) => {
    const create = 'create a bitmap:ip,mac range 10.0.0.0/24 counters'
    const state = box(element === '' ? [create] : [create, `add ${element}`], `iptables -A INPUT ${rule}`)
    const out = step(state, syn('10.0.0.2', mac))
    expect([out.fate.kind, added(out.state)]).toEqual([fate, after])
  })

  it('begins the time that the element was given, and forgets what else it was given', () => {
    const create = 'create a bitmap:ip,mac range 10.0.0.0/24 timeout 100 comment'
    const rule = 'iptables -A INPUT -m set --match-set a src,src -j DROP'
    const waiting = advance(box([create, 'add a 10.0.0.2 timeout 50 comment x'], rule), 90_000)
    expect(added(waiting)).toEqual(['a 10.0.0.2 timeout 50 comment "x"'])
    const { state } = step(waiting, syn('10.0.0.2', mac))
    expect(added(advance(state, 1000))).toEqual(['a 10.0.0.2,02:00:00:00:00:0A timeout 49'])
    expect(step(advance(state, 51_000), syn('10.0.0.2', mac)).fate.kind).toBe('delivered')
  })

  it('a packet without one is in no such set', () => {
    const sets = ['create a bitmap:ip,mac range 10.0.0.0/24', 'add a 10.0.0.2']
    const state = box(sets, 'iptables -A INPUT -m set --match-set a src,src -j DROP')
    expect(step(state, syn('10.0.0.2')).fate.kind).toBe('delivered')
  })
})

describe('-j SET', () => {
  it.each([
    ['skbmark 0x5', '0xf05', '0x5'],
    ['skbmark 0x5/0xf', '0xf00', '0xf05'],
    ['skbmark 0x5/0xf', '0xf0f', '0xf05'],
    // a mark that was never given is 0, and takes away nothing
    ['skbprio 1:10', '0xf00', '0xf00'],
  ])('--map-set --map-mark of %s makes %s into %s', (info, before, after) => {
    const rules = `*mangle
-A INPUT -j MARK --set-mark ${before}
-A INPUT -j SET --map-set m src --map-mark
COMMIT
*filter
-A INPUT -m mark --mark ${after} -j DROP
COMMIT
`
    const state = box(['create m hash:ip skbinfo', `add m 10.0.0.2 ${info}`], rules)
    expect(step(state, syn('10.0.0.2')).fate.kind).toBe('dropped')
  })

  it.each([
    ['-t mangle -A FORWARD', '--map-prio --map-queue', undefined],
    ['-t mangle -A PREROUTING', '--map-mark', undefined],
    ['-t mangle -A PREROUTING', '--map-prio', /allowed only from OUTPUT, FORWARD and POSTROUTING/],
    ['-t mangle -A INPUT', '--map-mark --map-queue', /allowed only from OUTPUT, FORWARD and POSTROUTING/],
    ['-A FORWARD', '--map-mark', /only usable from the mangle table/],
    ['-t mangle -A FORWARD', '', /You must specify flags/],
  ])('%s -j SET --map-set m src %s', (place, words, refusal) => {
    const load = () => box(['create m hash:ip skbinfo'], `iptables ${place} -j SET --map-set m src ${words}`)
    if (refusal === undefined) expect(load).not.toThrow()
    else expect(load).toThrowError(refusal)
  })

  it('--exist renews the time of what is there; without, it runs on', () => {
    const left = (words: string): string[] => {
      const state = box(['create t hash:ip timeout 60'], `iptables -A INPUT -j SET --add-set t src ${words}`)
      return added(step(advance(step(state, syn('10.0.0.2')).state, 20_000), syn('10.0.0.2')).state)
    }
    expect(left('')).toEqual(['t 10.0.0.2 timeout 40'])
    expect(left('--exist')).toEqual(['t 10.0.0.2 timeout 60'])
    expect(left('--exist --timeout 9')).toEqual(['t 10.0.0.2 timeout 9'])
    expect(left('--exist --timeout 0')).toEqual(['t 10.0.0.2 timeout 0'])
  })

  it.each([
    ['maxelem 2', ['s 10.0.0.1', 's 10.0.0.2']],
    ['maxelem 2 forceadd', ['s 10.0.0.1', 's 10.0.0.2']],
    ['maxelem 2 timeout 5', ['s 10.0.0.1 timeout 5', 's 10.0.0.2 timeout 5']],
  ])('a set that is full (%s) takes no more', (options, after) => {
    let state = box([`create s hash:ip ${options}`], 'iptables -A INPUT -j SET --add-set s src')
    for (const from of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) state = step(state, syn(from)).state
    expect(added(state)).toEqual(after)
    if (options.includes('timeout'))
      expect(added(step(advance(state, 6000), syn('10.0.0.9')).state)).toHaveLength(1)
  })

  it('forceadd makes room in a table whose buckets are in use', () => {
    const full = Array.from({ length: 64 }, (_, at) => `add s 10.1.0.${at}`)
    const state = box(
      ['create s hash:ip hashsize 64 maxelem 64 forceadd', ...full],
      'iptables -A INPUT -j SET --add-set s src',
    )
    const after = added(step(state, syn('10.0.0.3')).state)
    expect(after).toHaveLength(64)
    expect(after).toContain('s 10.0.0.3')
  })

  it('adds to the first member of a list that takes it', () => {
    const sets = [
      'create p bitmap:port range 0-9',
      'create h hash:ip',
      'create l list:set',
      'add l p',
      'add l h',
    ]
    const state = box(sets, 'iptables -A INPUT -j SET --add-set l src')
    expect(added(step(state, syn('10.0.0.2')).state)).toEqual(['h 10.0.0.2', 'l p', 'l h'])
  })
})

describe('list:set', () => {
  const nets = [
    'create n hash:net',
    'add n 10.0.0.0/8',
    'add n 10.1.0.0/16 nomatch',
    'create h hash:ip',
    'add h 10.1.0.5',
    'create l list:set timeout 100 counters',
  ]
  const rule = (words = '') => `iptables -A INPUT -m set --match-set l src ${words} -j DROP`

  it.each([
    ['an exception of one member is in another', '10.1.0.5', '', 'dropped'],
    ['an exception is in no member', '10.1.0.6', '', 'delivered'],
    [
      '--return-nomatch finds exceptions, and of types without them what is there',
      '10.1.0.6',
      '--return-nomatch',
      'dropped',
    ],
    ['--return-nomatch does not find what is no exception', '10.2.0.1', '--return-nomatch', 'delivered'],
  ])('%s', (_, from, words, fate) => {
    expect(step(box([...nets, 'add l n', 'add l h'], rule(words)), syn(from)).fate.kind).toBe(fate)
  })

  it('counts the member that decided, in its order', () => {
    const state = step(
      box([...nets, 'add l n', 'add l h before n', 'add h 10.9.9.9'], rule()),
      syn('10.9.9.9'),
    ).state
    expect(added(state).slice(-2)).toEqual([
      'l h timeout 100 packets 1 bytes 40',
      'l n timeout 100 packets 0 bytes 0',
    ])
  })

  it('members run out on the clock', () => {
    const state = box([...nets, 'add l n timeout 5', 'add l h'], rule())
    expect(step(advance(state, 4000), syn('10.2.0.1')).fate.kind).toBe('dropped')
    expect(step(advance(state, 6000), syn('10.2.0.1')).fate.kind).toBe('delivered')
    expect(added(advance(state, 6000)).at(-1)).toBe('l h timeout 94 packets 0 bytes 0')
    expect(added(advance(state, 6000)).some(line => line.startsWith('l n'))).toBe(false)
  })
})

describe('IPv6', () => {
  it.each([
    ['hash:ip', '2001:db8::7', 'src'],
    ['hash:ip netmask 64', '2001:db8::', 'src'],
    ['hash:net', '2001:db8::/48', 'src'],
    ['hash:ip,port', '2001:db8::7,tcp:80', 'src,dst'],
    ['hash:net,port', '2001:db8::/48,80', 'src,dst'],
    ['hash:ip,port,ip', '2001:db8::7,80,2001:db8::1', 'src,dst,dst'],
    ['hash:ip,port,net', '2001:db8::7,80,2001:db8::/64', 'src,dst,dst'],
    ['hash:net,iface', '2001:db8::/64,eth0', 'src,src'],
    ['hash:net,iface', '2001:db8::/64,eth wildcard', 'src,src'],
  ])('%s with %s holds a packet by %s', (type, element, directions) => {
    const sets = [`create s ${type} family inet6`, `add s ${element}`]
    const state = box(sets, `-A INPUT -m set --match-set s ${directions} -j DROP`, 6)
    expect(step(state, syn('2001:db8::7')).fate.kind).toBe('dropped')
    expect(step(state, syn('2001:dead::7')).fate.kind).toBe(
      step(box(sets, '', 6), syn('2001:dead::7')).fate.kind,
    )
  })

  it.each([
    ['bitmap:port range 0-99', '80', 'dst'],
    ['list:set', 'other', 'src'],
  ])('%s, which is of no family, too', (type, element, directions) => {
    const sets = [
      'create other hash:ip family inet6',
      'add other 2001:db8::7',
      `create s ${type}`,
      `add s ${element}`,
    ]
    const state = box(sets, `-A INPUT -m set --match-set s ${directions} -j DROP`, 6)
    expect(step(state, syn('2001:db8::7')).fate.kind).toBe('dropped')
  })
})

it('a device that is the beginning of a name holds all that begin with it', () => {
  const sets = ['create s hash:net,iface', 'add s 10.0.0.0/8,eth wildcard', 'add s 10.1.0.0/16,eth1']
  const state = box(sets, 'iptables -A INPUT -m set --match-set s src,src -j DROP')
  const fates = [
    ['10.2.0.1', 'eth0'],
    ['10.1.0.1', 'eth1'],
    ['10.1.0.1', 'eth0'],
  ] as const
  // the narrower network is there, with another device: wider ones are not asked
  expect(fates.map(([from, device]) => step(state, syn(from, undefined, device)).fate.kind)).toEqual([
    'dropped',
    'dropped',
    'delivered',
  ])
})

it('a counter of a set that is asked twice in one rule counts twice', () => {
  const sets = ['create c hash:ip counters', 'add c 10.0.0.2']
  const twice = '-m set --match-set c src -m set --match-set c src'
  const state = step(box(sets, `iptables -A INPUT ${twice} -j DROP`), {
    device: 'eth0',
    packet: udp({ from: '10.0.0.2:1', to: '192.0.2.1:2', data: 'x' }),
  }).state
  expect(added(state)).toEqual(['c 10.0.0.2 packets 2 bytes 58'])
})
