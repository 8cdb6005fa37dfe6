import { describe, expect, it } from 'vitest'
import {
  attemptsOf,
  explainPacket,
  formatFailure,
  formatReport,
  markdownReport,
  mermaid,
  outboundOf,
  packetsOf,
  reportJson,
} from '../../src/scenario/index.ts'
import { EXAMPLES, OFFICE, runExample, runText } from './support.ts'

const SHORT = `${OFFICE}
- name: out through NAT
  nc: web:80
  from: laptop
  expect: { outcome: open }
  show: "fw: nat"
- name: nobody asked for this
  fork:
    as it is: []
    FORWARD open:
      - { iptables: iptables -P FORWARD ACCEPT, on: fw }
  each:
    - send: "tcp 198.51.100.7:1 > 10.6.0.2:2 S"
      from: fw
      device: wan0
`

describe('a report as text', () => {
  it('is a diagram with what the devices did, the branches side by side, and tables', () => {
    expect(formatReport(runText(SHORT))).toMatchInlineSnapshot(`
      "office

      1. out through NAT
         laptop$ nc -zv web 80
                      laptop    fw       web
         1      0 ms  ├─────────●────────▶      SYN
             tcp 10.6.0.2:40000 > 198.51.100.7:80
             fw: forwarded by filter/FORWARD:2, NEW; source 10.6.0.2:40000 → 203.0.113.1:40000
         2     11 ms  ◀─────────●────────┤      SYN-ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED; destination 203.0.113.1:40000 →
               10.6.0.2:40000
         3     22 ms  ├─────────●────────▶      ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED; source 10.6.0.2:40000 → 203.0.113.1:40000
         4     22 ms  ├─────────●────────▶      FIN-ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED; source 10.6.0.2:40000 → 203.0.113.1:40000
         5     33 ms  ◀─────────●────────┤      FIN-ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED; destination 203.0.113.1:40000 →
               10.6.0.2:40000
         6     44 ms  ├─────────●────────▶      ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED; source 10.6.0.2:40000 → 203.0.113.1:40000
         > Connection to web 80 port [tcp/*] succeeded!
         = open
         fw: nat
           protocol  kind  inside          outside            remote           state      timeout
           tcp       SNAT  10.6.0.2:40000  203.0.113.1:40000  198.51.100.7:80  TIME_WAIT  120
         ✓ outcome: open

      2. nobody asked for this
                                                     as it is                   FORWARD open
         fw$ send tcp 198.51.100.7:1 > 10.6.0.2:2 S  sent                       sent
         fw# iptables -P FORWARD ACCEPT                                         done
         They part here:
           as it is: packet 7, SYN at fw: dropped by filter/FORWARD:policy, NEW
           FORWARD open: packet 8, SYN at fw: forwarded by filter/FORWARD:policy, NEW

      --- as it is
      2.as it is.1. fw$ send tcp 198.51.100.7:1 > 10.6.0.2:2 S
                      fw
         7     55 ms  ✗     SYN
             tcp 198.51.100.7:1 > 10.6.0.2:2
             fw: dropped by filter/FORWARD:policy, NEW
         = sent

      --- FORWARD open
      2.FORWARD open.1. fw# iptables -P FORWARD ACCEPT

      2.FORWARD open.2. fw$ send tcp 198.51.100.7:1 > 10.6.0.2:2 S
                      laptop    fw       web
         8     55 ms  ◀─────────┤        │      SYN
             tcp 198.51.100.7:1 > 10.6.0.2:2
             fw: forwarded by filter/FORWARD:policy, NEW
         9     56 ms  ├─────────●────────▶      RST-ACK
             fw: forwarded by filter/FORWARD:1, ESTABLISHED
         = sent

      Summary
        connection type     direction            initiated by  default  verdict            count
        Outbound-initiated  Internal → External  internal      DENY     ALLOWED            1
            10.6.0.2:40000 → 198.51.100.7:80
        Response traffic    External → Internal  internal      DENY     ALLOWED (tracked)  1
            198.51.100.7:80 → 10.6.0.2:40000
        Inbound-initiated   External → Internal  external      DENY     DENIED             1
            198.51.100.7:1 → 10.6.0.2:2
        Inbound-initiated   External → Internal  external      ALLOW    ALLOWED            1
            198.51.100.7:1 → 10.6.0.2:2
        Response traffic    Internal → External  external      ALLOW    ALLOWED (tracked)  1
            10.6.0.2:2 → 198.51.100.7:1

      Audit: every connection attempt
        time   step              proto  from            to               verdict  decided by
        0 ms   1                 tcp    10.6.0.2:40000  198.51.100.7:80  allowed  fw filter/FORWARD:2
        55 ms  2.as it is.1      tcp    198.51.100.7:1  10.6.0.2:2       denied   fw filter/FORWARD:policy
        55 ms  2.FORWARD open.2  tcp    198.51.100.7:1  10.6.0.2:2       allowed  fw filter/FORWARD:policy

      1 expectation held"
    `)
  })

  it('shows what was lost on the way', () => {
    const run = runText(`${OFFICE}
- { drop: lan, match: { flags: SA }, nth: 1 }
- { nc: "web:80", from: laptop }`)
    const lines = formatReport(run, { tables: [] }).split('\n')
    expect(lines.slice(5, 16)).toMatchInlineSnapshot(`
      [
        "                laptop    fw       web",
        "   1      0 ms  ├─────────●────────▶      SYN",
        "       tcp 10.6.0.2:40000 > 198.51.100.7:80",
        "       fw: forwarded by filter/FORWARD:2, NEW; source 10.6.0.2:40000 → 203.0.113.1:40000",
        "   2     11 ms  │     ✗───●────────┤      SYN-ACK",
        "       fw: forwarded by filter/FORWARD:1, ESTABLISHED; destination 203.0.113.1:40000 →",
        "         10.6.0.2:40000",
        "       lost: dropped by the link",
        "   3   1000 ms  ├─────────●────────▶      SYN",
        "       fw: forwarded by filter/FORWARD:1, ESTABLISHED; source 10.6.0.2:40000 → 203.0.113.1:40000",
        "   4   1011 ms  ◀─────────●────────┤      SYN-ACK",
      ]
    `)
  })

  it('of one branch only', () => {
    const text = formatReport(runText(SHORT), { branch: 'FORWARD open', tables: [] })
    expect(text).toContain('--- FORWARD open')
    expect(text).not.toContain('--- as it is')
  })

  it.each(['hairpin-nat', '002-audit', '000-handshake'])('%s, whole', async name => {
    const run = runExample(`examples/${name}.yaml`)
    await expect(formatReport(run)).toMatchFileSnapshot(`reports/${name}.txt`)
    await expect(markdownReport(run)).toMatchFileSnapshot(`reports/${name}.md`)
  })

  it('has colour where it is asked for, and nothing else changes', () => {
    const colour = (text: string): string => `\u001b[1m${text}\u001b[0m`
    const style = { good: colour, bad: colour, strong: colour, dim: colour }
    const [plain, coloured] = [{}, { style }].map(options => formatReport(runText(SHORT), options))
    expect(plain).not.toContain('\u001b')
    expect(coloured).toContain('\u001b[1moffice\u001b[0m')
    expect(coloured!.replaceAll('\u001b[1m', '').replaceAll('\u001b[0m', '')).toBe(plain)
  })

  it.each(EXAMPLES)('%s fits 100 columns', file => {
    const lines = formatReport(runExample(file), {
      tables: ['summary', 'audit', 'outbound'],
    }).split('\n')
    expect(lines.filter(line => line.length > 100)).toEqual([])
  })

  it('what differed comes with its place and the trace', () => {
    const run = runText(`${OFFICE}
- nc: web:22
  from: laptop
  timeout: 1s
  expect: { outcome: open }`)
    expect(formatFailure(run.failures[0]!, run)).toMatchInlineSnapshot(`
      "test.yaml:21:22: error: outcome: expected open, but it was filtered
          at fw, 1001 ms:
          lan0 → tcp 10.6.0.2:40000 > 198.51.100.7:22 S seq=1000000 win=64240 mss=1460 id=2
              conntrack  created 10.6.0.2:40000 > 198.51.100.7:22
              conntrack  NEW original of 10.6.0.2:40000 > 198.51.100.7:22 [SYN_SENT]
              nat/PREROUTING:policy  ACCEPT
              filter/FORWARD:policy  DROP
          = dropped by filter/FORWARD:policy"
    `)
    expect(formatReport(run, { tables: [] })).toContain('1 of 1 expectation did not hold')
  })
})

describe('other forms', () => {
  it('Mermaid: an arrow a link, a note where something was decided', () => {
    const [syn] = packetsOf(runText(SHORT))
    expect(mermaid([syn!])).toMatchInlineSnapshot(`
      "sequenceDiagram
        participant n0 as laptop
        participant n1 as fw
        participant n2 as internet
        participant n3 as web
        n0->>n1: 1. SYN (0 ms)
        Note over n1: fw: forwarded by filter/FORWARD:2, NEW, source 10.6.0.2:40000 → 203.0.113.1:40000
        n1->>n2: SYN
        n2->>n3: SYN"
    `)
  })

  it('nothing in a Mermaid text ends a statement', () => {
    const lines = EXAMPLES.flatMap(file => mermaid(packetsOf(runExample(file))).split('\n'))
    const known =
      /^(sequenceDiagram| {2}participant n\d+ as [^;]+| {2}n\d+(->>|-x)n\d+: [^;]+| {2}Note over n\d+: [^;]+)$/
    expect(lines.filter(line => !known.test(line.replaceAll('#35;', '')))).toEqual([])
  })

  it('Markdown', () => {
    const text = markdownReport(runText(SHORT))
    expect(text.match(/^#+ .*$/gm)).toEqual([
      '# office',
      '## 1. out through NAT',
      '## 2. nobody asked for this',
      '### as it is',
      '#### 2.as it is.1. fw$ send tcp 198.51.100.7:1 > 10.6.0.2:2 S',
      '### FORWARD open',
      '#### 2.FORWARD open.1. fw# iptables -P FORWARD ACCEPT',
      '#### 2.FORWARD open.2. fw$ send tcp 198.51.100.7:1 > 10.6.0.2:2 S',
      '## Summary',
      '## Audit: every connection attempt',
    ])
    expect(text).toContain('```mermaid\nsequenceDiagram\n')
  })

  it('JSON can be written and read', () => {
    const json = JSON.parse(JSON.stringify(reportJson(runText(SHORT))))
    expect(json).toMatchObject({ title: 'office', passed: true, expectations: 1 })
    expect(json.steps.map(({ kind }: { kind: string }) => kind)).toEqual(['step', 'fork'])
    expect(json.steps[0].packets[0].hops[1]).toMatchObject({
      node: 'fw',
      verdict: 'forwarded',
      rule: 'filter/FORWARD:2',
      ctState: 'NEW',
      before: { source: '10.6.0.2:40000' },
      after: { source: '203.0.113.1:40000' },
    })
  })

  it('explain: every rule that was asked, at each device', () => {
    const text = explainPacket(runText(SHORT), 1)
    expect(text).toContain('filter/FORWARD:1  no     --ctstate RELATED,ESTABLISHED  (ctstate NEW)')
    expect(() => explainPacket(runText(SHORT), 99)).toThrow(RangeError)
  })
})

describe('connection attempts', () => {
  const attempts = attemptsOf(runExample('examples/002-hospital.yaml'))

  it('each with who began, where to, verdict and rule', () => {
    expect(attempts.slice(0, 2)).toMatchObject([
      { initiator: 'internal', target: 'external', type: 'Outbound-initiated', verdict: 'allowed', tries: 1 },
      {
        from: '203.0.113.99:48721',
        to: '10.6.23.50:443',
        initiator: 'external',
        type: 'Inbound-initiated',
        verdict: 'denied',
        by: 'fw filter/FORWARD:4 (policy line 7)',
        defaultPolicy: 'DENY',
        tries: 7,
      },
    ])
  })

  it('those that leave', () => {
    expect(outboundOf(attempts).every(({ target }) => target === 'external')).toBe(true)
    expect(outboundOf(attempts).length).toBeLessThan(attempts.length)
  })

  it('a DMZ is neither inside nor outside, and a port forward leads into it', () => {
    const [first] = attemptsOf(runExample('examples/002-patient-portal.yaml'))
    expect(first).toMatchObject({ type: 'DMZ services', to: '203.0.113.1:443', finalTo: '10.9.0.5:443' })
  })
})
