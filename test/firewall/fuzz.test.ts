import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createFirewall,
  formatTrace,
  icmp,
  icmp6,
  Packet,
  sctp,
  step,
  tcp,
  traceLines,
  udp,
} from '../../src/index.ts'

/** A ruleset that looks at everything, so that every parser of headers gets to see the bytes. */
const rules = (v6: boolean): string => `
*raw
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp
COMMIT
*mangle
-A PREROUTING -m string --algo bm --string GET -j MARK --set-mark 1
-A PREROUTING -m u32 --u32 "0>>22&0x3C@8>>24=1" -j MARK --set-mark 2
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -p tcp -m tcp --tcp-option 8 -m tcpmss --mss 1:1400 -j TCPOPTSTRIP --strip-options timestamp
-A POSTROUTING -j ${v6 ? 'HL --hl-set 9' : 'TTL --ttl-set 9'}
COMMIT
*nat
-A PREROUTING -p tcp -m multiport --dports 80,443 -j DNAT --to-destination ${v6 ? '[fd00::9]' : '10.6.0.9'}
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
-A INPUT -m conntrack --ctstate INVALID -j REJECT
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -p sctp -m sctp --chunk-types any INIT -j LOG --log-ip-options --log-tcp-options --log-tcp-sequence
-A FORWARD -m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets -j ACCEPT
-A FORWARD -m recent --name all --set -j LOG --log-ip-options --log-tcp-options
-A FORWARD -m conntrack --ctstate RELATED -j NFLOG
COMMIT
`

const firewall = createFirewall({
  interfaces: { lan0: ['10.6.0.1/16', 'fd00:6::1/64'], wan0: ['203.0.113.1/24', '2001:db8::1/64'] },
  routes: ['default via 203.0.113.254 dev wan0', 'default via 2001:db8::fe dev wan0'],
  rules: { ipv4: rules(false), ipv6: rules(true) },
})

const SEEDS = [
  tcp({ from: '10.6.0.2:40000', to: '8.8.8.8:80', flags: 'S', options: [{ kind: 'mss', size: 1460 }] }),
  tcp({
    from: '10.6.0.2:40000',
    to: '8.8.8.8:21',
    flags: 'PA',
    seq: 9,
    ack: 9,
    data: 'PORT 10,6,0,2,4,1\r\n',
  }),
  udp({ from: '10.6.0.2:4000', to: '10.6.0.1:69', data: '\0\u0001file\0octet\0' }),
  icmp({ from: '10.6.0.2', to: '8.8.8.8', type: 'echo-request', id: 7, seq: 1 }),
  sctp({ from: '10.6.0.2:1', to: '10.6.0.1:2', tag: 0 }),
  tcp({
    from: '[fd00:6::2]:40000',
    to: '[2001:db8:9::9]:80',
    flags: 'S',
    options: [{ kind: 'mss', size: 1460 }],
  }),
  icmp6({ from: 'fd00:6::2', to: '2001:db8:9::9', type: 'echo-request', id: 7, seq: 1 }),
  Packet.parse('icmp 8.8.8.8 > 10.6.0.2 port-unreachable { udp 10.6.0.2:4000 > 8.8.8.8:53 len=4 }'),
]

const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
    fc.nat(90),
    fc.boolean(),
  )
  .map(([seed, changes, length, cut]) => {
    const bytes = cut ? seed.bytes.slice(0, length) : seed.bytes.slice()
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return repaired(bytes)
  })

/** With a right IPv4 header checksum, or everything would end at the door. */
function repaired(bytes: Uint8Array): Uint8Array {
  const length = (bytes[0]! & 15) * 4
  if (bytes[0]! >> 4 !== 4 || length > bytes.length || length < 20) return bytes
  bytes[10] = 0
  bytes[11] = 0
  let sum = 0
  for (let i = 0; i < length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  bytes[10] = ~sum >>> 8
  bytes[11] = ~sum
  return bytes
}

describe('no bytes make the engine throw', () => {
  it.each([
    ['random bytes', fc.uint8Array({ maxLength: 120 }).map(repaired)],
    ['mutated packets', mutated],
  ] as const)('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom('lan0', 'wan0', 'local'), (bytes, device) => {
        const arrival =
          device === 'local' ? { local: true as const, packet: bytes } : { device, packet: bytes }
        const outcome = step(firewall, arrival)
        expect(formatTrace(outcome)).toContain('= ')
        expect(traceLines(outcome)).toBeInstanceOf(Array)
        // and once more on the state that it left
        expect(step(outcome.state, arrival).fate.kind).toBeTypeOf('string')
      }),
      { numRuns: 10_000, seed: 7 },
    )
  })
})
