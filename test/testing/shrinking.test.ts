/** What arbitraries and counterexamples shrink to: what a person would have written. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Packet } from '../../src/packet/packet.ts'
import { type Conversation, conversation, type History } from '../../src/testing/conversations.ts'
import { guideTo } from '../../src/testing/guided.ts'
import { play } from '../../src/testing/play.ts'
import { PLAIN } from '../../src/testing/point-history.ts'
import { simplerHistories } from '../../src/testing/simpler.ts'
import { GATEWAY } from '../../src/testing/site.ts'
import { ESTABLISHED, gateway } from './properties/gateway.ts'

const firewall = gateway(
  `${ESTABLISHED}\n-A FORWARD -i lan0 -j ACCEPT\n-A FORWARD -p udp --dport 500:510 -j ACCEPT`,
)
const { histories, sites } = guideTo(firewall)

/** The packets of the smallest history that still does something. */
function smallest(does: (packets: readonly string[]) => boolean, seed: number): readonly string[] {
  const linesOf = (history: History): readonly string[] =>
    play(firewall, history, { ids: 'plain' }).map(step =>
      step.kind === 'wait'
        ? `wait ${step.ms}`
        : `${'local' in step.arrival ? 'local' : step.arrival.device}: ${step.arrival.packet}`,
    )
  const { counterexample } = fc.check(
    fc.property(histories, history => !does(linesOf(history))),
    { seed, numRuns: 3000 },
  )
  return linesOf(counterexample![0])
}

describe('a history that sends … shrinks to', () => {
  it.each<[string, RegExp, readonly string[]]>([
    ['anything', /./, ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000']],
    ['a datagram', /udp/, ['lan0: udp 10.6.0.2:40000 > 198.51.100.7:80']],
    ['a datagram to one port', /udp.*:510\b/, ['lan0: udp 10.6.0.2:40000 > 198.51.100.7:510']],
    ['a ping', / icmp.*echo-request/, ['lan0: icmp 10.6.0.2 > 198.51.100.7 echo-request id=1 seq=1']],
    ['an odd TTL', /ttl=2\b/, ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000 ttl=2']],
    ['a FIN', /:80 FA? /, ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 FA seq=1000 ack=0']],
  ])('%s', (_, pattern, packets) => {
    for (const seed of [1, 2, 3])
      expect(smallest(lines => lines.some(line => pattern.test(line)), seed)).toEqual(packets)
  })

  it('an ICMP error: with the packet that it is about', () => {
    const about = (lines: readonly string[]): boolean => lines.some(line => /icmp.*\{/.test(line))
    expect(smallest(about, 1)).toEqual([
      'lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000',
      'wan0: icmp 198.51.100.7 > 10.6.0.2 port-unreachable { tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000 ttl=63 }',
    ])
  })

  it('two packets a while apart', () => {
    const apart = (lines: readonly string[]): boolean =>
      lines.length >= 3 && lines.slice(1, -1).some(line => line.startsWith('wait'))
    const found = smallest(apart, 1)
    expect(found).toHaveLength(3)
    expect(found).toContain('wait 1000')
  })
})

it('every step of shrinking is simpler: it ends', () => {
  fc.assert(
    fc.property(histories, fc.infiniteStream(fc.nat(30)), (history, choices) => {
      let now = history
      for (let steps = 0; ; steps++) {
        const simpler = [...simplerHistories(now, sites)]
        if (simpler.length === 0) return
        expect(steps).toBeLessThan(500)
        now = simpler[choices.next().value! % simpler.length]!
      }
    }),
    { numRuns: 50, seed: 1 },
  )
})

it('a conversation alone shrinks to the first of everything', () => {
  const isUdp = ({ protocol }: Conversation): boolean => protocol === 'udp'
  const details = fc.check(
    fc.property(conversation(GATEWAY, ['tcp', 'udp']), talk => !isUdp(talk)),
    { seed: 3 },
  )
  expect(details.counterexample![0]).toMatchObject({
    protocol: 'udp',
    client: { at: 'lan0', address: '10.6.0.2', port: 40000 },
    course: PLAIN.course,
    window: PLAIN.window,
    options: PLAIN.options,
  })
  // and a packet script has no more to say than what differs from the defaults
  expect(Packet.parse('udp 10.6.0.2:40000 > 198.51.100.7:80').bytes.length).toBe(28)
})
