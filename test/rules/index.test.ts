import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCounters } from '../../src/counters.ts'
import { createFirewall } from '../../src/firewall.ts'
import type { Arrival } from '../../src/outcome.ts'
import { icmp, icmp6, tcp, udp } from '../../src/packet/constructors.ts'
import { arrive, PATH } from '../../src/path.ts'
import { MIN_INDEXED_RULES } from '../../src/rules/rule-index.ts'
import type { FirewallState } from '../../src/state.ts'
import { TraceRecorder } from '../../src/trace.ts'
import { Transaction } from '../../src/transaction.ts'

/**
 * A long chain is walked by its index, unless somebody records: then every rule is tried, one after the other. Both
 * must do the same: to the packets, to the counters, and to what stateful matches remember.
 */
describe('a chain walked by its index does what a scan does', () => {
  const few = <T>(...values: T[]) => fc.constantFrom(...values)
  const perhaps = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), text)
  const negatable = (option: string, value: fc.Arbitrary<string>) =>
    fc.tuple(few('', '', '! '), value).map(([not, text]) => `${not}${option} ${text}`)

  const port = few('80', '81', '80:82', '0', '65535', '0:65535', '1024:', ':80')
  const ports = few('80', '22,80,443', '80:90,81', '1:1023,8080')
  const transport = fc.oneof(
    fc.constant(''),
    few('-p icmp', '-p 6', '-p udp', '-p icmp -m icmp --icmp-type echo-request'),
    negatable('-p', few('tcp', 'udp', '47')),
    fc
      .tuple(few('tcp', 'udp'), perhaps(negatable('--sport', port)), perhaps(negatable('--dport', port)))
      .map(([name, sport, dport]) => `-p ${name} -m ${name} ${sport} ${dport}`),
    negatable('--dports', ports).map(text => `-p tcp -m multiport ${text}`),
    few(
      '-p tcp -m tcp --syn',
      '-p tcp -m statistic --mode nth --every 2 --packet 0 -m tcp --dport 80',
      '-p tcp -m tcp --tcp-option 5 -m multiport --sports 80,81',
      '-p tcp -m state --state UNTRACKED,INVALID -m tcp --dport 80:443',
    ),
  )
  const state = few(
    '',
    '',
    '-m statistic --mode nth --every 2 --packet 0',
    '-m limit --limit 1/min --limit-burst 3',
    '-m quota --quota 200',
    '-m mark --mark 1',
    '-m length --length 0:60',
  )
  const header = (net: fc.Arbitrary<string>) =>
    fc
      .tuple(
        perhaps(negatable('-s', net)),
        perhaps(negatable('-d', net)),
        perhaps(negatable('-i', few('lan0', 'lan+', 'wan0', '+'))),
        perhaps(negatable('-o', few('wan0', 'w+', 'lan0'))),
      )
      .map(parts => parts.join(' '))
  const net4 = few(
    '10.0.0.2',
    '10.0.0.0/24',
    '0.0.0.0/0',
    '198.51.100.0/24',
    '10.0.0.2/255.0.0.255',
    '240.0.0.0/4',
  )
  const net6 = few('2001:db8::2', '2001:db8::/64', '2001:db8:0:1::/64', '::/0', '2001:db8::2/ffff::ffff')
  /** Mostly rules that go on, so that packets get far. */
  const onward = few('', '', '', '', '', '-j MARK --set-mark 1')
  const lastTarget = fc.oneof({ weight: 8, arbitrary: onward }, few('-j ACCEPT', '-j DROP', '-j RETURN'))
  const target = fc.oneof({ weight: 3, arbitrary: lastTarget }, few('-j a', '-g a', '-j b', '-g b'))

  const rules = (net: fc.Arbitrary<string>, chain: string, targets: fc.Arbitrary<string>) =>
    fc
      .tuple(header(net), transport, state, targets)
      .map(([head, proto, memory, goal]) => [`-A ${chain}`, head, proto, memory, goal].join(' '))
  const chains = (net: fc.Arbitrary<string>) =>
    fc
      .tuple(
        fc.array(rules(net, 'FORWARD', target), {
          minLength: MIN_INDEXED_RULES,
          maxLength: 120,
          size: 'max',
        }),
        fc.array(rules(net, 'a', lastTarget), { maxLength: 40, size: 'max' }),
        fc.array(rules(net, 'b', lastTarget), { maxLength: 12 }),
      )
      .map(lists => `*mangle\n:a -\n:b -\n${lists.flat().join('\n')}\nCOMMIT\n`)

  const from4 = few('10.0.0.2', '10.0.0.3', '10.7.7.2')
  const from6 = few('2001:db8::2', '2001:db8:0:1::9')
  const numbers = few(80, 81, 443, 22, 1024, 0, 65535)
  const packets = (family: 4 | 6) =>
    fc
      .record({
        from: family === 4 ? from4 : from6,
        sport: numbers,
        dport: numbers,
        kind: few('tcp', 'syn', 'udp', 'icmp'),
        /** How much of it is there: a header may be cut off. */
        length: few(2000, 2000, 2000, 27, 44, 47, 50),
        /** In units of 8 bytes; 1 is what TCP rules drop. In IPv6: an extension header that is not all there. */
        fragment: few(0, 0, 0, 1, 20),
      })
      .map(({ from, sport, dport, kind, length, fragment }): Arrival => {
        const to = family === 4 ? '198.51.100.7' : '2001:db8:f::7'
        const ends =
          family === 4
            ? { from: `${from}:${sport}`, to: `${to}:${dport}` }
            : { from: `[${from}]:${sport}`, to: `[${to}]:${dport}` }
        const whole =
          kind === 'udp'
            ? udp({ ...ends, data: 4 })
            : kind === 'icmp'
              ? (family === 4 ? icmp : icmp6)({ from, to })
              : tcp({ ...ends, flags: kind === 'syn' ? 'S' : 'A' })
        const bytes = whole.bytes.slice(0, length)
        if (family === 4) cutIpv4(bytes, fragment)
        else cutIpv6(bytes, fragment)
        return { device: 'lan0', packet: bytes }
      })

  it.each([4, 6] as const)('IPv%i', family => {
    fc.assert(
      fc.property(
        chains(family === 4 ? net4 : net6),
        fc.array(packets(family), { minLength: 1, maxLength: 12 }),
        (text, arrivals) => {
          const firewall = createFirewall({
            interfaces: {
              lan0: ['10.0.0.1/8', '2001:db8::1/48'],
              wan0: ['203.0.113.1/24', '2001:db8:f::1/64'],
            },
            routes: ['default via 203.0.113.254 dev wan0'],
            rules: family === 4 ? { ipv4: text } : { ipv6: withIcmpv6(text) },
            conntrack: 'auto',
          })
          expect(play(firewall, arrivals, undefined)).toEqual(play(firewall, arrivals, new TraceRecorder()))
        },
      ),
      { numRuns: 150 },
    )
  })
})

function play(firewall: FirewallState, arrivals: readonly Arrival[], recorder: TraceRecorder | undefined) {
  const transaction = new Transaction(firewall, PATH, {}, recorder)
  const fates = arrivals.map(arrival => arrive(transaction, arrival).fate)
  const state = transaction.commit()
  const family = firewall.config.rules.ipv4 === undefined ? 6 : 4
  const counters = ['FORWARD', 'a', 'b'].map(chain => readCounters(state, family, 'mangle', chain))
  return { fates, counters, memory: [...state.memory] }
}

function withIcmpv6(rules: string): string {
  return rules.replaceAll('-p icmp', '-p icmpv6').replaceAll('-m icmp --icmp-type', '-m icmp6 --icmpv6-type')
}

/** Makes the header fit the bytes that are there. */
function cutIpv4(bytes: Uint8Array, fragment: number): void {
  bytes.set([0, bytes.length, 0, 1, 0, fragment], 2)
  bytes.set([0, 0], 10)
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!
  const checksum = 0xffff - ((sum & 0xffff) + (sum >>> 16))
  bytes.set([checksum >> 8, checksum & 255], 10)
}

function cutIpv6(bytes: Uint8Array, fragment: number): void {
  bytes.set([0, Math.max(0, bytes.length - 40)], 4)
  const DESTINATION_OPTIONS = 60
  if (fragment === 1) bytes[6] = DESTINATION_OPTIONS
}
