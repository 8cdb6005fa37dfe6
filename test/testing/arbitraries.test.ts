import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { step } from '../../src/firewall.ts'
import { Packet, quotedPacket } from '../../src/packet/packet.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'
import {
  arrivals,
  GATEWAY,
  GATEWAY6,
  icmpErrors,
  icmpExchange,
  play,
  rulesetDraft,
  rulesetEdits,
  rulesetText,
  tcpDialogue,
  timedArrivals,
  udpExchange,
} from '../../src/testing/fast-check.ts'
import { ESTABLISHED, gateway } from './properties/gateway.ts'

const firewall = gateway(`
${ESTABLISHED}
-A FORWARD -s 10.6.4.0/22 -o wan0 -p tcp -m tcp --dport 500:510 -j ACCEPT
-A FORWARD -i guest0 -p udp -j DROP`)

describe('packets for a firewall', () => {
  const texts = fc
    .sample(arrivals(firewall), { numRuns: 8000, seed: 7 })
    .map(arrival => `${'local' in arrival ? 'local' : arrival.device}: ${arrival.packet}`)
  const some = (pattern: RegExp): boolean => texts.some(text => pattern.test(text))

  it.each<[string, RegExp]>([
    ['the first address of a prefix', / 10\.6\.4\.0[: ]/],
    ['its last', / 10\.6\.7\.255[: ]/],
    ['the one before it', / 10\.6\.3\.255[: ]/],
    ['the one behind it', / 10\.6\.8\.0[: ]/],
    ['the first port of a range', /:500 /],
    ['its last', /:510 /],
    ['the port before it', /:499 /],
    ['the port behind it', /:511 /],
    ['a lone SYN', / S seq/],
    ['all flags', / SFRPAUEC /],
    ['none', / - seq/],
    ['the device that a rule names', /^guest0: /],
    ['one that none names', /^dmz0: /],
    ['the box itself', /^local: /],
    ['an ICMP query', /icmp .*echo-request/],
    ['an expiring TTL', /ttl=1\b/],
    ['a wrong checksum', /badsum/],
  ])('try %s', (_, pattern) => {
    expect(some(pattern)).toBe(true)
  })

  it('have times that never go back', () => {
    fc.assert(
      fc.property(timedArrivals(firewall), list => {
        const times = list.map(({ atMs }) => atMs)
        expect(times).toEqual([...times].sort((a, b) => a - b))
      }),
    )
  })
})

describe('dialogues', () => {
  const open = gateway('-P FORWARD ACCEPT\n-P INPUT ACCEPT')
  const isInvalid = (trace: ReturnType<typeof step>['trace']): boolean =>
    trace.some(({ steps }) => steps.some(each => each.kind === 'conntrack' && each.ctState === 'INVALID'))

  it.each([
    ['TCP', tcpDialogue],
    ['UDP', udpExchange],
    ['ICMP', icmpExchange],
  ])('%s: without mutations every packet that a host sends is as it should be', (_, dialogue) => {
    fc.assert(
      fc.property(dialogue(GATEWAY, { mutated: 0 }), history => {
        const isStraight = history.happenings.every(
          each => each.kind === 'next' && Object.keys(each.twist).length === 0,
        )
        expect(isStraight).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('TCP: with mutations packets are lost, overtaken, doubled, reset, and some are INVALID', () => {
    const histories = fc.sample(tcpDialogue(GATEWAY, { mutated: 5 }), { numRuns: 300, seed: 5 })
    const twists = histories.flatMap(({ happenings }) =>
      happenings.map(each =>
        each.kind === 'next' ? Object.entries(each.twist).flat().join(' ') : each.kind,
      ),
    )
    for (const wanted of ['lost true', 'late true', 'again', 'flags R', 'window 0'])
      expect(twists, wanted).toContain(wanted)
    const outcomes = histories.flatMap(history => play(open, history)).filter(each => each.kind === 'arrival')
    expect(outcomes.some(({ outcome }) => isInvalid(outcome.trace))).toBe(true)
  })
})

it('ICMP errors quote the packet that they are about', () => {
  const about = Packet.parse('udp 10.6.0.2:40000 > 198.51.100.7:53 data="who?"')
  fc.assert(
    fc.property(icmpErrors(about), error => {
      const quoted = quotedPacket(error)!
      expect(about.toHex().startsWith(quoted.toHex())).toBe(true)
      expect(`${error}`).toMatch(/^icmp 198\.51\.100\.7 > 10\.6\.0\.2 /)
    }),
  )
})

describe('rulesets', () => {
  const tables = ['raw', 'mangle', 'nat', 'filter'] as const

  it.each([
    [4, GATEWAY],
    [6, GATEWAY6],
  ] as const)('of IPv%s are valid by construction', (family, site) => {
    fc.assert(
      fc.property(rulesetDraft(site, { tables }), draft => {
        const { diagnostics } = parseRules(rulesetText(draft), { family, format: 'restore' })
        expect(diagnostics.map(({ message }) => message)).toEqual([])
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  it('shrink to the one rule that matters', () => {
    const { counterexample } = fc.check(
      fc.property(rulesetDraft(GATEWAY, { tables }), draft => !/FORWARD.*-j DROP/.test(rulesetText(draft))),
      { seed: 2, numRuns: 1000 },
    )
    const rules = counterexample![0].tables.flatMap(table => table.rules)
    expect(rules).toEqual([{ chain: 'FORWARD', words: '-j DROP' }])
  })
})

describe('edits of a ruleset', () => {
  const { ruleset } = parseRules(
    '*filter\n-A INPUT -p tcp -j ACCEPT\n-A FORWARD -s 10.0.0.0/8 -j DROP\nCOMMIT\n',
    {
      family: 4,
    },
  )
  const edits = rulesetEdits(ruleset!, GATEWAY, { tables: ['filter'], extensions: ['tcp', 'udp'] })

  it('touch one rule or policy', () => {
    const before = printRules(ruleset!).split('\n')
    fc.assert(
      fc.property(edits, edit => {
        const after = printRules(edit.ruleset).split('\n')
        const touched = [
          ...before.filter(line => !after.includes(line)),
          ...after.filter(line => !before.includes(line)),
        ]
        expect(touched.length, edit.change).toBeLessThanOrEqual(2)
      }),
    )
  })

  it('take away, change and put in', () => {
    const changes = fc.sample(edits, { numRuns: 200, seed: 1 }).map(({ change }) => change)
    for (const wanted of [/rule dropped/, /widened/, /became/, /new: /])
      expect(changes.some(change => wanted.test(change))).toBe(true)
  })

  it('shrink to the first rule taken away', () => {
    const { counterexample } = fc.check(
      fc.property(edits, edit => edit.change === ''),
      { seed: 9 },
    )
    expect(counterexample![0].change).toBe('filter/INPUT:1 rule dropped')
  })
})
