import { describe, expect, it } from 'vitest'
import { CtInfo } from '../../../src/conntrack/connection.ts'
import type { ConntrackHelper } from '../../../src/conntrack/context.ts'
import { amanda } from '../../../src/conntrack/helpers/amanda.ts'
import { findHelper, helperNames } from '../../../src/conntrack/helpers/index.ts'
import { irc } from '../../../src/conntrack/helpers/irc.ts'
import { sane } from '../../../src/conntrack/helpers/sane.ts'
import { tftp } from '../../../src/conntrack/helpers/tftp.ts'
import { createFirewall, parseRules, printRules, step, tcp, udp } from '../../../src/index.ts'
import { packet, skbOf, translated } from '../../nat/packets.ts'
import { context, text } from '../../nat/support.ts'

function session(helper: ConntrackHelper, before: string, after = before) {
  const tracker = context()
  const connection = translated(before, after)
  const say = (direction: 0 | 1, data: string) => {
    const ctInfo = direction === 0 ? CtInfo.ESTABLISHED : CtInfo.ESTABLISHED_REPLY
    const of = direction === 0 ? connection.original : connection.reply
    const skb = skbOf(packet(of, { data }), connection, ctInfo)
    const verdict = helper.help(skb, skb.transportOffset, connection, direction, ctInfo, tracker)
    const header = connection.original.protocol === 6 ? 20 : 8
    return { verdict, payload: String.fromCharCode(...skb.bytes.subarray(skb.transportOffset + header)) }
  }
  const expected = () => tracker.expectations.list().map(({ tuple, nat }) => [text(tuple), nat?.savedPort])
  return { say, expected }
}

describe('tftp', () => {
  const BEFORE = 'udp 10.6.0.2:1025>198.51.100.7:69'
  it.each([
    ['\0\x01file\0octet\0', 1],
    ['\0\x02file\0octet\0', 1],
    ['\0\x03\0\x01data', 0],
    ['\0\x05', 0],
    ['\0', 0],
  ])('%j announces %i answers', (data, count) => {
    const talk = session(tftp, BEFORE)
    expect(talk.say(0, data).verdict).toBe('accept')
    expect(talk.expected()).toHaveLength(count)
  })

  it('expects the answer from any port of the server, where NAT put the client', () => {
    const talk = session(tftp, BEFORE, 'udp 203.0.113.1:4000>198.51.100.7:69')
    talk.say(0, '\0\x01file\0octet\0')
    expect(talk.expected()).toEqual([['udp 198.51.100.7:0>203.0.113.1:4000', 1025]])
  })
})

describe('irc', () => {
  const BEFORE = 'tcp 10.6.0.2:1025>198.51.100.7:6667'
  const AFTER = 'tcp 203.0.113.1:1025>198.51.100.7:6667'
  // 10.6.0.2 is 168165378, 203.0.113.1 is 3405803777.
  const offer = (what: string) => `PRIVMSG bob :\x01DCC ${what}\x01\r\n`

  it.each([
    [offer('SEND file 168165378 4000 12345'), 1],
    [offer('CHAT chat 168165378 4000 1'), 1],
    [offer('TSEND file 168165378 4000 12345'), 1],
    [` \r\n${offer('SEND file 168165378 4000 12345')}`, 1],
    [offer('SEND file 168165379 4000 12345'), 0],
    [offer('SEND file 168165378 0 12345'), 0],
    [offer('RESUME file 168165378 4000 12345'), 0],
    ['NOTICE bob :\x01DCC SEND file 168165378 4000 12345\x01\r\n', 0],
    ['PRIVMSG bob :look: \x01DCC SEND file 168165378 4000 1\x01\r\n', 0],
  ])('%j announces %i connections', (line, count) => {
    const talk = session(irc, BEFORE)
    expect(talk.say(0, line).verdict).toBe('accept')
    expect(talk.expected()).toHaveLength(count)
  })

  it('does not read what the server says', () => {
    const talk = session(irc, BEFORE)
    talk.say(1, offer('SEND file 168165378 4000 12345'))
    expect(talk.expected()).toEqual([])
  })

  it('under NAT offers the outside address', () => {
    const talk = session(irc, BEFORE, AFTER)
    const { payload } = talk.say(0, offer('SEND file 168165378 4000 12345'))
    expect(payload).toBe(offer('SEND file 3405803777 4000 12345'))
    expect(talk.expected()).toEqual([['tcp 0.0.0.0:0>203.0.113.1:4000', 4000]])
  })
})

describe('amanda', () => {
  const BEFORE = 'udp 10.6.0.2:850>192.168.50.10:10080'
  it('announces a connection for each stream', () => {
    const talk = session(amanda, BEFORE)
    talk.say(1, 'CONNECT DATA 1234 MESG 1235 INDEX 1236\n')
    expect(talk.expected().map(([tuple]) => tuple)).toEqual([
      'tcp 10.6.0.2:0>192.168.50.10:1234',
      'tcp 10.6.0.2:0>192.168.50.10:1235',
      'tcp 10.6.0.2:0>192.168.50.10:1236',
    ])
  })

  it('reads nothing without an end of line', () => {
    const talk = session(amanda, BEFORE)
    talk.say(1, 'CONNECT DATA 1234')
    expect(talk.expected()).toEqual([])
  })
})

describe('sane', () => {
  it('reads the port from the answer to SANE_NET_START only', () => {
    const talk = session(sane, 'tcp 10.6.0.2:1025>192.168.50.10:6566')
    const answer = '\0\0\0\0\0\0\x04\x01'
    talk.say(1, answer)
    talk.say(0, '\0\0\0\x02\0\0\0\0')
    talk.say(1, answer)
    expect(talk.expected()).toEqual([])
    talk.say(0, '\0\0\0\x07\0\0\0\0')
    talk.say(1, answer)
    expect(talk.expected()).toEqual([['tcp 10.6.0.2:0>192.168.50.10:1025', undefined]])
  })
})

describe('CT --helper', () => {
  it.each([
    ['ftp', 4, 6, true],
    ['ftp', 6, 6, true],
    ['ftp', 4, 17, false],
    ['tftp', 6, 17, true],
    ['irc', 4, 6, true],
    ['irc', 6, 6, false],
    ['sip', 4, 17, true],
    ['H.245', 6, 17, true],
    ['snmp_trap', 4, 17, true],
    ['snmp_trap', 6, 17, false],
    ['nosuch', 4, 6, false],
    ['constructor', 4, 6, false],
  ] as const)('%s for IPv%i, protocol %i: %s', (name, family, protocol, found) => {
    expect(findHelper(name, family, protocol) !== undefined).toBe(found)
  })

  it.each([
    ['-p tcp', 'Q.931'],
    ['-p udp', 'RAS'],
    ['-p udp', 'H.245'],
  ])('%s --helper %s is read and printed, and no packet may come to it', (protocol, name) => {
    const rules = `*raw\n-A PREROUTING ${protocol} -j CT --helper ${name}\nCOMMIT\n`
    const { ruleset, diagnostics } = parseRules(rules, { family: 4 })
    expect(diagnostics).toEqual([])
    expect(printRules(ruleset!)).toContain(`-A PREROUTING ${protocol} -j CT --helper ${name}`)
    const firewall = createFirewall({ rules, interfaces: { eth0: ['192.0.2.1/24'] } })
    const send = (make: typeof tcp | typeof udp): unknown =>
      step(firewall, { device: 'eth0', packet: make({ from: '192.0.2.7:1719', to: '192.0.2.1:1719' }) })
    const [hit, miss] = protocol === '-p tcp' ? [tcp, udp] : [udp, tcp]
    expect(() => send(hit)).toThrow(
      new RangeError(`-j CT --helper ${name}: what this helper reads in payloads is not modelled`),
    )
    expect(() => send(miss)).not.toThrow()
  })

  it('knows the names of all the kernel has', () => {
    expect(helperNames()).toEqual(expect.arrayContaining(['amanda', 'ftp', 'irc', 'sane', 'tftp']))
  })
})
