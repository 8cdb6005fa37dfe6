import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFirewall, Packet, readCounters, step, tcp, udp } from '../../src/index.ts'

/**
 * Long chains are not scanned rule by rule: an index says which rules a packet could match. With a recorder attached
 * every rule is tried. Both must find the same: the rules that counted are those that the trace shows as matched.
 */

const ADDRESSES = ['10.6.0.2', '10.6.0.3', '10.6.1.0', '198.51.100.7', '8.8.8.8']
const PREFIXES = [
  '10.6.0.0/16',
  '10.6.0.2',
  '10.6.0.2/31',
  '0.0.0.0/0',
  '198.51.100.0/24',
  '10.0.0.3/255.0.0.255',
]
const PORTS = ['22', '53', '80:90', ':1023', '1024:', '443']

const negatable = (option: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.boolean(), option).map(([negated, text]) => (negated ? `! ${text}` : text))

const conditions = fc
  .tuple(
    fc.option(negatable(fc.constantFrom(...PREFIXES).map(prefix => `-s ${prefix}`)), { nil: '' }),
    fc.option(negatable(fc.constantFrom(...PREFIXES.slice(0, 3)).map(prefix => `-d ${prefix}`)), { nil: '' }),
    fc.option(negatable(fc.constantFrom('-i lan0', '-i lan+', '-i wan0', '-o wan0')), { nil: '' }),
    fc.oneof(
      fc.constantFrom('', '-p icmp', '! -p tcp', '-f'),
      fc
        .tuple(
          fc.constantFrom('tcp', 'udp'),
          negatable(fc.constantFrom(...PORTS).map(port => `--dport ${port}`)),
        )
        .map(([protocol, port]) => `-p ${protocol} -m ${protocol} ${port}`),
      negatable(fc.constantFrom('--dports 22,80', '--sports 1000:5000')).map(
        ports => `-p tcp -m multiport ${ports}`,
      ),
      fc.constant('-p tcp -m tcp --tcp-flags SYN,ACK SYN'),
      fc.constant('-m conntrack --ctstate NEW'),
      fc.constant('-m statistic --mode nth --every 3 --packet 1'),
      fc.constant('-m limit --limit 1/hour --limit-burst 2'),
    ),
  )
  .map(parts => parts.filter(part => part !== '').join(' '))

const targets = fc.constantFrom(
  '',
  '-j ACCEPT',
  '-j DROP',
  '-j RETURN',
  '-j LOG',
  '-j MARK --set-mark 1',
  '-j deep',
  '-g deep',
)
const rule = (chain: string, allowed: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(conditions, allowed).map(([condition, target]) => `-A ${chain} ${condition} ${target}`)
const plain = targets.filter(target => !target.includes('deep'))

const rulesets = fc
  .tuple(
    fc.array(rule('FORWARD', targets), { minLength: 4, maxLength: 60 }),
    fc.array(rule('deep', plain), { minLength: 1, maxLength: 30 }),
  )
  .map(([forward, deep]) => `*filter\n:deep - [0:0]\n${[...forward, ...deep].join('\n')}\nCOMMIT\n`)

const address = fc.constantFrom(...ADDRESSES)
const port = fc.constantFrom(22, 53, 80, 85, 91, 443, 1023, 1024, 40000)
const packets = fc.oneof(
  fc
    .tuple(address, port, address, port, fc.constantFrom('S', 'A', 'SA', 'R'))
    .map(([from, sport, to, dport, flags]) => tcp({ from: `${from}:${sport}`, to: `${to}:${dport}`, flags })),
  fc
    .tuple(address, port, address, port)
    .map(([from, sport, to, dport]) => udp({ from: `${from}:${sport}`, to: `${to}:${dport}` })),
  fc.constantFrom(
    Packet.parse('icmp 10.6.0.2 > 8.8.8.8 echo-request id=7 seq=1'),
    Packet.parse('proto tcp 10.6.0.2 > 8.8.8.8 data=0x0050'),
    Packet.parse('proto tcp 10.6.0.2 > 8.8.8.8 frag=8+ data=0x0000000000000000'),
    Packet.parse('proto udp 10.6.0.2 > 8.8.8.8 frag=1480 data=0x00'),
  ),
)

describe('the index of long chains', () => {
  it('finds what a scan finds: verdict, counters and trace agree', () => {
    fc.assert(
      fc.property(
        rulesets,
        fc.array(fc.tuple(packets, fc.constantFrom('lan0', 'wan0')), { minLength: 1, maxLength: 12 }),
        (rules, arrivals) => {
          let state = createFirewall({
            interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
            routes: ['default via 203.0.113.254 dev wan0'],
            rules,
            conntrack: 'auto',
          })
          const matched = new Map<string, number>()
          for (const [packet, device] of arrivals) {
            const outcome = step(state, { device, packet })
            for (const entry of outcome.trace.flatMap(({ steps }) => steps)) {
              if (entry.kind !== 'rule' || !entry.matched) continue
              const place = `${entry.chain}:${entry.number}`
              matched.set(place, (matched.get(place) ?? 0) + 1)
            }
            state = outcome.state
          }
          const counted = new Map<string, number>()
          for (const chain of ['FORWARD', 'deep', 'INPUT', 'OUTPUT'])
            readCounters(state, 4, 'filter', chain)!.rules.forEach(({ packets: count }, index) => {
              if (count > 0) counted.set(`${chain}:${index + 1}`, count)
            })
          expect(Object.fromEntries([...counted].sort())).toEqual(Object.fromEntries([...matched].sort()))
        },
      ),
      { numRuns: 400, seed: 11 },
    )
  })
})
