import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFirewall, ipset, ipsetSave } from '../../src/index.ts'
import { GATEWAY } from '../../src/testing/fast-check.ts'
import { setsText } from '../../src/testing/sets.ts'
import { GATEWAY6 } from '../../src/testing/site.ts'

/** Lines of a text joined by `; `, as `ipset save` prints the sets afterwards without what every hash has. */
function restored(lines: string): string {
  const saved = ipsetSave(createFirewall({ sets: lines.replaceAll('; ', '\n') }))
  return saved
    .trimEnd()
    .replaceAll(/ (family inet|hashsize 1024|maxelem 65536|bucketsize 12|initval 0x0{8})(?= |$)/gm, '')
    .replaceAll('\n', '; ')
}

/** Every row was given to ipset 7.17 on Linux 6.18. */
const ACCEPTED: readonly (readonly [text: string, saved: string])[] = [
  // a word may be quoted in part, and only there
  [
    'create a hash:ip comment; add a "1.1.1.1" comment a"b c"d',
    'create a hash:ip comment; add a 1.1.1.1 comment "ab cd"',
  ],
  ['"create" a hash:ip', 'create a hash:ip'],
  // commands may be cut short, and have old names
  ['cr a hash:ip; ad a 1.1.1.1', 'create a hash:ip; add a 1.1.1.1'],
  ['-N a iphash; -A a 1.1.1.1; e a b', 'create b hash:ip; add b 1.1.1.1'],
  ['create a hash:ip; x', ''],
  ['create a hash:ip; q; add b', 'create a hash:ip'],
  // quit goes without sending what is not sent yet
  [
    'create a hash:ip; create b hash:ip; add a 1.1.1.1; add b 1.1.1.1; add b 1.1.1.2; quit',
    'create a hash:ip; add a 1.1.1.1; create b hash:ip',
  ],
  // -exist stays on; additions to one set are sent together, with what the first of them has
  ['create a hash:ip; add -exist a 1.1.1.1; add a 1.1.1.1', 'create a hash:ip; add a 1.1.1.1'],
  [
    'create a hash:ip; add a 1.1.1.1; create -exist a hash:ip; add a 1.1.1.1',
    'create a hash:ip; add a 1.1.1.1',
  ],
  ['create a hash:ip; create -exist a hash:ip family inet6', 'create a hash:ip'],
  // switches that are about printing mean nothing, wherever they stand
  ['create a hash:ip; add a 1.1.1.1 -q -o xml', 'create a hash:ip; add a 1.1.1.1'],
  ['create a hash:ip counters counters --timeout 010', 'create a hash:ip timeout 8 counters'],
  ['create a hash:ip -6', 'create a hash:ip family inet6'],
  ['create a hash:ip bitmask ffff:: family inet6', 'create a hash:ip family inet6 bitmask ffff::'],
  ['create a bitmap:ip from 10.0.0.1 to 10.0.0.9', 'create a bitmap:ip range 10.0.0.1-10.0.0.9'],
  ['create a ipmap --network 10.0.0.7/24', 'create a bitmap:ip range 10.0.0.0-10.0.0.255'],
  [
    'create a bitmap:ip range 10.0.0.5-10.0.0.77 netmask 28',
    'create a bitmap:ip range 10.0.0.0-10.0.0.79 netmask 28',
  ],
  ['create a bitmap:port range http-8080', 'create a bitmap:port range 80-8080'],
  ['create a list:set size 2', 'create a list:set size 4'],
  ['create a hash:ip; add a 10.6', 'create a hash:ip; add a 10.0.0.6'],
  // the end that is named first is cut to the netmask, whichever is the lower one
  [
    'create a hash:ip,port netmask 30; add a 10.6.0.9-10.6.0.6,udp:7',
    'create a hash:ip,port netmask 30; add a 10.6.0.6,udp:7; add a 10.6.0.7,udp:7; add a 10.6.0.8,udp:7',
  ],
  [
    'create a hash:ip counters; add -exist a 1.1.1.1 packets 7 bytes 9; add a 1.1.1.1 bytes 1',
    'create a hash:ip counters; add a 1.1.1.1 packets 7 bytes 1',
  ],
  // what is there ends a text with a warning
  ['create a hash:net; add a 10.0.0.0/8; test a 10.1.1.1; nonsense', 'create a hash:net; add a 10.0.0.0/8'],
  [
    'create a hash:ip; add a 10.0.0.1; test a 10.0.0.1-10.0.0.3; nonsense',
    'create a hash:ip; add a 10.0.0.1',
  ],
  // bitmap:ip,mac: an address may wait for its MAC
  [
    'create a macipmap range 10.0.0.0/30; add a 10.0.0.1; add a 10.0.0.2,2:0:0:0:0:A',
    'create a bitmap:ip,mac range 10.0.0.0-10.0.0.3; add a 10.0.0.1; add a 10.0.0.2,02:00:00:00:00:0A',
  ],
  [
    'create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1; add a 10.0.0.1,2:0:0:0:0:1',
    'create a bitmap:ip,mac range 10.0.0.0-10.0.0.3; add a 10.0.0.1,02:00:00:00:00:01',
  ],
  [
    'create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1,2:0:0:0:0:1; del a 10.0.0.1,2:0:0:0:0:2',
    'create a bitmap:ip,mac range 10.0.0.0-10.0.0.3',
  ],
  [
    'create a bitmap:ip,mac range 10.0.0.0/30 timeout 100; add a 10.0.0.1; add a 10.0.0.1 timeout 50',
    'create a bitmap:ip,mac range 10.0.0.0-10.0.0.3 timeout 100; add a 10.0.0.1 timeout 50',
  ],
  [
    'create a bitmap:ip,mac range 10.0.0.0/30 timeout 100; add a 10.0.0.1 timeout 30; add a 10.0.0.1,2:0:0:0:0:1',
    'create a bitmap:ip,mac range 10.0.0.0-10.0.0.3 timeout 100; add a 10.0.0.1,02:00:00:00:00:01 timeout 30',
  ],
  // members of a list, in the order they were put
  [
    'create a hash:ip; create b hash:ip; create l list:set; add l a; add l b before a',
    'create a hash:ip; create b hash:ip; create l list:set size 8; add l b; add l a',
  ],
]

/** As ipset 7.17 refuses them: the text, and where the fault is. */
const REFUSED: readonly (readonly [text: string, place: string])[] = [
  ['create a hash:ip comment; add a 1.1.1.1 comment "a', '2:23'],
  ['create a hash:ip comment; add a 1.1.1.1 comment ""', '2:15'],
  ['create a hash:ip # remark', '1:18'],
  ['create a hash:ip timeout 5 timeout 6', '1:28'],
  ['create a hash:ip counters; add a 1.1.1.1 packets 5 packets 6', '2:25'],
  ['create a hash:ip counters; add a 1.1.1.1 bytes 18446744073709551615', '2:21'],
  ['create a hash:ip; add a 1.1.1.1; add -exist a 1.1.1.1', '3:14'],
  ['create a hash:ip; create -exist a hash:ip maxelem 5', '2:15'],
  ['create a hash:ip; test a 1.1.1.1', '2:8'],
  ['create a hash:net; add a 10.0.0.0/8; test a 10.0.0.1-10.0.0.3', '3:8'],
  ['create a hash:ip; N b hash:ip', '2:1'],
  ['create a hash:ip; version', '2:1'],
  ['create a hash:ip family any', '1:25'],
  ['create a hash:ip netmask 24 bitmask 255.0.0.0', '1:26'],
  ['create a bitmap:port range 80', '1:28'],
  ['create a bitmap:ip range 10.0.0.1', '1:26'],
  ['create a bitmap:ip range 10.0.0.0/15', '1:10'],
  ['create a bitmap:ip range 10.0.0.0/24 netmask 24', '1:10'],
  ['create a bitmap:ip from 10.0.0.1 10.0.0.9', '1:34'],
  ['create a hash:ip; create l list:set; add l a; destroy', '4:1'],
  ['create a hash:ip; create l list:set; add l a; destroy a', '4:9'],
  ['create l list:set; add l l', '2:7'],
  ['create a hash:ip; create l list:set; add -exist l a; add l a before a', '4:16'],
  ['create a hash:ip; create b hash:ip; create l list:set; add l a; del -exist l a before b', '5:14'],
  ['create a hash:ip,port,ip; add a 1.1.1.1,80,2.2.2.2/32', '2:18'],
  ['create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1; add a 10.0.0.1', '3:7'],
  ['create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1,2-0-0-0-0-1', '2:16'],
  ['create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1/32', '2:7'],
  ['create a bitmap:ip,mac range 10.0.0.0/30; add a 10.0.0.1-10.0.0.2', '2:7'],
]

describe('a text for ipset restore', () => {
  it.each(ACCEPTED)('%s', (text, saved) => {
    expect(restored(text)).toBe(saved)
  })

  it.each(REFUSED)('refused: %s, at %s', (text, place) => {
    expect(() => restored(text)).toThrowError(new RegExp(`^<text>:${place}: error`))
  })

  it('says so where -exist comes too late', () => {
    const text = 'create a hash:ip; add a 1.1.1.1; add -exist a 1.1.1.1'
    expect(() => restored(text)).toThrowError(/hint: .* the -exist of the first/)
  })

  it('is refused as a whole, with all that is wrong in it', () => {
    const box = createFirewall({ sets: 'create a hash:ip maxelem 1' })
    const text =
      'add a 1.1.1.1\nadd a 1.1.1.2\nadd a 1.1.1\nadd c 1.1.1.1\ncreate d hash:net,net\nadd a 1.1.1.300 x'
    let message = ''
    try {
      ipset(box, text)
    } catch (error) {
      message = (error as Error).message
    }
    expect(message.split('\n')).toEqual([
      '<text>:2:7: error: the set is full',
      '    hint: maxelem is 1',
      '<text>:3:7: error: the set is full',
      '    hint: maxelem is 1',
      "<text>:4:5: error: there is no set 'c'",
      '    hint: create it first',
      '<text>:5:10: error: set type hash:net,net is not modelled',
      "<text>:6:17: error: unknown argument 'x' (expected timeout, packets, bytes, comment, skbmark, skbprio, skbqueue, nomatch, wildcard, before, after)",
    ])
    expect(ipsetSave(box)).not.toContain('add')
  })

  it.each([GATEWAY, GATEWAY6])('whatever is in the sets, what is saved restores them (IPv$family)', site => {
    fc.assert(
      fc.property(setsText(site), text => {
        const saved = ipsetSave(createFirewall({ sets: text }))
        expect(ipsetSave(createFirewall({ sets: saved }))).toBe(saved)
        expect(saved.split('\n').filter(line => line.startsWith('create'))).toHaveLength(
          text.split('\n').filter(line => line.startsWith('create')).length,
        )
      }),
      { numRuns: 60 },
    )
  })
})
