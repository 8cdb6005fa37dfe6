import { describe, expect, it } from 'vitest'
import {
  advance,
  createFirewall,
  type FirewallState,
  formatFate,
  type Outcome,
  parsePackets,
  type StepOptions,
  step,
} from '../../src/index.ts'
import { playThrough } from './script.ts'

const RULES = `*raw
-A PREROUTING -i wan0 -p tcp --dport 80 --syn -j CT --notrack
COMMIT
*filter
:FORWARD DROP [0:0]
-A INPUT -i wan0 -p tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
-A FORWARD -i wan0 -p tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`
const STRICT = { 'net.netfilter.nf_conntrack_tcp_loose': 0 }
/** As the kernel might have drawn it. */
const COOKIE: StepOptions = { chooseCookie: () => ({ sequence: 5000, timestamp: 64000 }) }

it('the trace tells what SYNPROXY does with each segment of a handshake', () => {
  const script = `
wan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000 mss=1460 sackok ts=700/0 wscale=7
wan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=7777 ts=750/64023
wan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=5001 ts=750/64023
lan0: tcp 10.6.0.5:80 > 203.0.113.9:4000 SA seq=90000 ack=1001 win=65160 mss=1460 sackok ts=333333/750 wscale=5
wan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 PA seq=1001 ack=5001 ts=760/64023 data="hi"
lan0: tcp 10.6.0.5:80 > 203.0.113.9:4000 RA seq=90001 ack=1003 ts=333340/760`
  const { text } = playThrough(RULES, script, { sysctls: STRICT }, COOKIE)
  expect(text).toMatchInlineSnapshot(`
    "
    wan0 → tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000 mss=1460 sackok ts=700/0 wscale=7
        raw/PREROUTING:1  match   -i wan0 -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack
        raw/PREROUTING:policy  ACCEPT
        conntrack  UNTRACKED
        filter/FORWARD:1  match   -i wan0 -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
        synproxy  answers for the server, with the cookie 5000; the SYN goes no further
      answer (SYN/ACK with a cookie): tcp 10.6.0.5:80 > 203.0.113.9:4000 SA seq=5000 ack=1001 win=0 mss=1460 sackok ts=64023/700 nop wscale=7 sum=0x4643 id=0
            raw/OUTPUT:policy  ACCEPT
            conntrack  created 10.6.0.5:80 > 203.0.113.9:4000
            conntrack  INVALID  SYN/ACK cannot open a connection
            filter/OUTPUT:policy  ACCEPT
        wan0 ← tcp 10.6.0.5:80 > 203.0.113.9:4000 SA seq=5000 ack=1001 win=0 mss=1460 sackok ts=64023/700 nop wscale=7 id=0
    = held by filter/FORWARD:1: SYNPROXY leads the handshake
    wan0 → tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=7777 ts=750/64023
        raw/PREROUTING:policy  ACCEPT
        conntrack  created 203.0.113.9:4000 > 10.6.0.5:80
        conntrack  INVALID  an ACK without connection, and tcp_loose is off
        filter/FORWARD:1  match   -i wan0 -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
        synproxy  7776 is no cookie for this client and these two minutes
    = dropped by filter/FORWARD:1
    wan0 → tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=5001 ts=750/64023
        raw/PREROUTING:policy  ACCEPT
        conntrack  created 203.0.113.9:4000 > 10.6.0.5:80
        conntrack  INVALID  an ACK without connection, and tcp_loose is off
        filter/FORWARD:1  match   -i wan0 -p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460
        synproxy  the cookie 5000 is good: the client is real, and the server hears of it
      answer (SYN to the server): tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000 ack=5000 mss=1460 sackok ts=750/64023 nop wscale=7 sum=0x4643 id=0
            raw/OUTPUT:policy  ACCEPT
            conntrack  created 203.0.113.9:4000 > 10.6.0.5:80
            conntrack  NEW original of 203.0.113.9:4000 > 10.6.0.5:80 [SYN_SENT]
            filter/OUTPUT:policy  ACCEPT
            synproxy  the client numbers what the server sends from 5000
            conntrack  confirmed 203.0.113.9:4000 > 10.6.0.5:80
        lan0 ← tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000 ack=5000 mss=1460 sackok ts=750/64023 nop wscale=7 id=0
    = held by filter/FORWARD:1: SYNPROXY leads the handshake
    lan0 → tcp 10.6.0.5:80 > 203.0.113.9:4000 SA seq=90000 ack=1001 win=65160 mss=1460 sackok ts=333333/750 wscale=5
        raw/PREROUTING:policy  ACCEPT
        conntrack  ESTABLISHED reply of 203.0.113.9:4000 > 10.6.0.5:80 [SYN_SENT → SYN_RECV]
        filter/FORWARD:3  match   -m conntrack --ctstate ESTABLISHED -j ACCEPT
        synproxy  both handshakes are done: from now on the server's sequence numbers are shifted by -85000
      answer (ACK to the server): tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=90001 nop nop ts=750/333333 sum=0x463b id=0
            raw/OUTPUT:policy  ACCEPT
            conntrack  ESTABLISHED original of 203.0.113.9:4000 > 10.6.0.5:80 [SYN_RECV → ESTABLISHED]
            filter/OUTPUT:policy  ACCEPT
        lan0 ← tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=90001 nop nop ts=750/602643 id=0
      answer (ACK to the client, with the server's window): tcp 10.6.0.5:80 > 203.0.113.9:4000 A seq=90001 ack=1001 win=2036 nop nop ts=333333/750 sum=0x463b id=0
            raw/OUTPUT:policy  ACCEPT
            filter/OUTPUT:policy  ACCEPT
        wan0 ← tcp 10.6.0.5:80 > 203.0.113.9:4000 A seq=5001 ack=1001 win=2036 nop nop ts=64023/750 id=0
    = held: SYNPROXY leads the handshake
    wan0 → tcp 203.0.113.9:4000 > 10.6.0.5:80 PA seq=1001 ack=5001 ts=760/64023 data="hi"
        raw/PREROUTING:policy  ACCEPT
        conntrack  ESTABLISHED original of 203.0.113.9:4000 > 10.6.0.5:80 [ESTABLISHED]
        filter/FORWARD:3  match   -m conntrack --ctstate ESTABLISHED -j ACCEPT
    lan0 ← tcp 203.0.113.9:4000 > 10.6.0.5:80 PA seq=1001 ack=90001 ts=760/333333 data="hi" ttl=63
    = forwarded by lan0
    lan0 → tcp 10.6.0.5:80 > 203.0.113.9:4000 RA seq=90001 ack=1003 ts=333340/760
        raw/PREROUTING:policy  ACCEPT
        conntrack  ESTABLISHED reply of 203.0.113.9:4000 > 10.6.0.5:80 [ESTABLISHED → CLOSE]
        filter/FORWARD:3  match   -m conntrack --ctstate ESTABLISHED -j ACCEPT
        synproxy  the server resets: in the numbers that the client knows
    wan0 ← tcp 10.6.0.5:80 > 203.0.113.9:4000 RA seq=5001 ack=1003 ts=64030/760 ttl=63
    = forwarded by wan0
    "
  `)
})

/** Steps of a client and its server, as lines; what was last answered. */
class Talk {
  outcome!: Outcome
  private state: FirewallState
  private readonly options: StepOptions

  constructor(options: StepOptions = {}, rules = RULES, sysctls: Record<string, number> = STRICT) {
    const interfaces = {
      lan0: ['10.6.0.1/16', '2001:db8:6::1/64'],
      wan0: ['203.0.113.1/24', '2001:db8:f::1/64'],
    }
    this.state = createFirewall({ interfaces, rules: { ipv4: rules, ipv6: rules }, sysctls })
    this.options = options
  }

  say(device: string, line: string): this {
    const packet = parsePackets(line).packets[0]!.packet
    const arrival = device === 'local' ? ({ local: true, packet } as const) : { device, packet }
    this.outcome = step(this.state, arrival, this.options)
    this.state = this.outcome.state
    return this
  }

  wait(ms: number): this {
    this.state = advance(this.state, ms)
    return this
  }

  /** What left, by device. */
  get sent(): string[] {
    return this.outcome.emitted.map(({ device, packet }) => `${device}: ${packet}`)
  }

  /** The number that the SYN/ACK just sent has. */
  get cookie(): number {
    const { decoded } = this.outcome.emitted[0]!.packet
    if (decoded.kind !== 'tcp') throw new Error(`no SYN/ACK: ${this.sent}`)
    return decoded.sequence
  }
}

const SYN = 'tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000'
const ack = (number: number): string => `tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1001 ack=${number >>> 0}`

describe('a cookie', () => {
  it.each([
    [
      '10.6.0.5',
      4,
      [0, 535, 536, 1299, 1300, 1439, 1440, 1459, 1460, 9000],
      [536, 536, 536, 536, 1300, 1300, 1440, 1440, 1460, 1460],
    ],
    [
      '2001:db8:6::5',
      6,
      [0, 1219, 1220, 1419, 1420, 1439, 1440, 8939, 8940],
      [1220, 1220, 1220, 1220, 1420, 1420, 1440, 1440, 8940],
    ],
  ])(
    'to %s carries one of four segment sizes (IPv%i): of %j the server hears %j',
    (to, family, announced, heard) => {
      const ends = family === 4 ? `203.0.113.9:4000 > ${to}:80` : `[2001:db8:f::9]:4000 > [${to}]:80`
      const told = announced.map(mss => {
        const talk = new Talk().say('wan0', `tcp ${ends} S seq=1000 ${mss === 0 ? '' : `mss=${mss}`}`)
        talk.say('wan0', `tcp ${ends} A seq=1001 ack=${(talk.cookie + 1) >>> 0}`)
        return Number(/ S .*mss=(\d+)/.exec(talk.sent[0]!)?.[1])
      })
      expect(told).toEqual(heard)
    },
  )

  it.each([
    [0, 119_999, true],
    [0, 120_000, false],
    [59_999, 60_000, true],
    [59_999, 60_001, false],
    [60_000, 119_999, true],
  ])('made at %i ms and brought back %i ms later is good: %j', (at, later, isGood) => {
    const talk = new Talk().wait(at).say('wan0', SYN)
    talk.wait(later).say('wan0', ack(talk.cookie + 1))
    expect(talk.outcome.fate.kind).toBe(isGood ? 'held' : 'dropped')
  })

  it('belongs to one client, one server and one sequence number', () => {
    const talk = new Talk().say('wan0', SYN)
    const good = ack(talk.cookie + 1)
    for (const wrong of [
      good.replace(':4000', ':4001'),
      good.replace('203.0.113.9', '203.0.113.8'),
      good.replace('10.6.0.5', '10.6.0.6'),
      good.replace('seq=1001', 'seq=2001'),
      ack(talk.cookie),
    ])
      expect([wrong, talk.say('wan0', wrong).outcome.fate.kind]).toEqual([wrong, 'dropped'])
    expect(talk.say('wan0', good).sent).toEqual([
      expect.stringContaining('lan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000'),
    ])
  })

  it('that somebody else chose counts instead of our own, for two minutes', () => {
    let own = 0
    const options: StepOptions = {
      chooseCookie({ proposal, source, sport, sequence }) {
        own = proposal.sequence
        expect([String(source), sport, sequence]).toEqual(['203.0.113.9', 4000, 1000])
        return { sequence: 123 }
      },
    }
    const talk = new Talk(options).say('wan0', SYN)
    expect(talk.cookie).toBe(123)
    expect(talk.say('wan0', ack(own + 1)).outcome.fate.kind).toBe('dropped')
    expect(talk.say('wan0', ack(124)).outcome.fate.kind).toBe('held')
    expect(talk.wait(120_000).say('wan0', ack(124)).outcome.fate.kind).toBe('dropped')
  })

  it('of our own counts again once nobody chooses any more', () => {
    let chosen: { sequence: number } | undefined = { sequence: 123 }
    const talk = new Talk({ chooseCookie: () => chosen }).say('wan0', SYN)
    chosen = undefined
    talk.say('wan0', SYN)
    expect(talk.say('wan0', ack(124)).outcome.fate.kind).toBe('dropped')
    talk.say('wan0', SYN)
    expect(talk.say('wan0', ack(talk.cookie + 1)).outcome.fate.kind).toBe('held')
  })
})

it('a server that resets does so in the numbers of the client', () => {
  const talk = new Talk(COOKIE).say('wan0', SYN).say('wan0', ack(5001))
  talk.say('lan0', 'tcp 10.6.0.5:80 > 203.0.113.9:4000 RA seq=0 ack=1001 win=0')
  expect(talk.sent).toEqual(['wan0: tcp 10.6.0.5:80 > 203.0.113.9:4000 RA seq=5001 ack=1001 win=0 ttl=63'])
})

it("a client's keepalive opens to the server once more", () => {
  const rules = RULES.replace('--ctstate ESTABLISHED', '--ctstate ESTABLISHED,NEW')
  const talk = new Talk(COOKIE, rules).say('wan0', `${SYN} mss=1300`).say('wan0', ack(5001))
  // its sequence number is one less than that of the ACK, and so the cookie tells of the next size up
  talk.say('wan0', 'tcp 203.0.113.9:4000 > 10.6.0.5:80 A seq=1000 ack=5001')
  expect(talk.sent).toEqual(['lan0: tcp 203.0.113.9:4000 > 10.6.0.5:80 S seq=1000 ack=5000 mss=1440 id=0'])
})

it('with tcp_loose an ACK with a good cookie is the beginning of a connection, and no affair of the rule', () => {
  const talk = new Talk(COOKIE, RULES, {}).say('wan0', SYN).say('wan0', ack(5001))
  expect(formatFate(talk.outcome.fate)).toBe('dropped by filter/FORWARD:policy')
})

it('rules that take its own segments over lo for those of a client keep the kernel busy for ever, and us for a while', () => {
  const rules = `*raw
-A PREROUTING -p tcp --dport 80 -j CT --notrack
COMMIT
*filter
-A INPUT -p tcp --dport 80 -j SYNPROXY --mss 1460
COMMIT
`
  const talk = new Talk({ chooseCookie: () => ({ sequence: 700_000_000 }) }, rules)
  for (const line of [
    'wan0: 203.0.113.9:4000 > 203.0.113.1:80 S seq=1000',
    'wan0: 203.0.113.9:4000 > 203.0.113.1:80 A seq=1001 ack=700000001',
    'wan0: 203.0.113.9:4000 > 203.0.113.1:80 S seq=1000',
    'local: 203.0.113.1:80 > 203.0.113.9:4000 SA seq=90000 ack=1001',
    'wan0: 203.0.113.9:4000 > 203.0.113.1:80 A seq=1001 ack=700000001',
  ]) {
    const [device = '', text = ''] = line.split(': ')
    talk.say(device, `tcp ${text}`)
  }
  // of 1000 segments every fourth is an ACK to the client
  expect(talk.sent).toHaveLength(250)
})
