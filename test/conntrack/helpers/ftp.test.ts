import { describe, expect, it } from 'vitest'
import { CtInfo, Status } from '../../../src/conntrack/connection.ts'
import { ftp } from '../../../src/conntrack/helpers/ftp.ts'
import { bindAsExpected } from '../../../src/nat/expected.ts'
import { packet, skbOf, translated } from '../../nat/packets.ts'
import { context, opened, text } from '../../nat/support.ts'

const BEFORE = 'tcp 10.6.0.2:1025>198.51.100.7:21'
const AFTER = 'tcp 203.0.113.1:1025>198.51.100.7:21'
const BEFORE6 = 'tcp [2001:db8:6::2]:1025>[2001:db8:1000::7]:21'

/** A control connection on which one line has been said in each direction, so that the next one counts. */
function dialogue(before = BEFORE, after = before) {
  const step = context()
  const connection = translated(before, after)
  connection.id = 0
  connection.helper = 'ftp'
  const next = [1, 1]
  const say = (direction: 0 | 1, line: string, at = next[direction]!) => {
    next[direction] = at + line.length
    const tuple = direction === 0 ? connection.original : connection.reply
    const ctInfo = direction === 0 ? CtInfo.ESTABLISHED : CtInfo.ESTABLISHED_REPLY
    const skb = skbOf(packet(tuple, { seq: at, data: line }), connection, ctInfo)
    const verdict = ftp.help(skb, skb.transportOffset, connection, direction, ctInfo, step)
    return { verdict, payload: String.fromCharCode(...skb.bytes.subarray(skb.transportOffset + 20)) }
  }
  const expected = () => step.expectations.list().map(({ tuple }) => text(tuple))
  return { step, connection, say, expected, next }
}

/** The same after a first line of both sides. */
function greeted(before = BEFORE, after = before) {
  const talk = dialogue(before, after)
  talk.say(1, '220 ready\r\n')
  talk.say(0, 'USER a\r\n')
  return talk
}

describe('commands that announce a data connection', () => {
  it.each([
    [0, 'PORT 10,6,0,2,4,1\r\n', 'tcp 198.51.100.7:0>10.6.0.2:1025'],
    [0, 'port 10,6,0,2,4,1\r\n', 'tcp 198.51.100.7:0>10.6.0.2:1025'],
    [0, 'EPRT |1|10.6.0.2|1025|\r\n', 'tcp 198.51.100.7:0>10.6.0.2:1025'],
    [0, 'EPRT !1!10.6.0.2!1025!\r\n', 'tcp 198.51.100.7:0>10.6.0.2:1025'],
    [1, '227 Entering (198,51,100,7,4,1)\r\n', 'tcp 10.6.0.2:0>198.51.100.7:1025'],
    [1, '227 Entering 198,51,100,7,4,1\r\n', 'tcp 10.6.0.2:0>198.51.100.7:1025'],
    [1, '229 Extended (|||1025|)\r\n', 'tcp 10.6.0.2:0>198.51.100.7:1025'],
  ] as const)('direction %i: %j', (direction, line, expected) => {
    const talk = greeted()
    expect(talk.say(direction, line)).toEqual({ verdict: 'accept', payload: line })
    expect(talk.expected()).toEqual([expected])
  })

  it.each([
    [0, 'EPRT |2|2001:db8:6::2|1025|\r\n', 'tcp [2001:db8:1000::7]:0>[2001:db8:6::2]:1025'],
    [1, '229 Extended (|||1025|)\r\n', 'tcp [2001:db8:6::2]:0>[2001:db8:1000::7]:1025'],
  ] as const)('of IPv6, direction %i: %j', (direction, line, expected) => {
    const talk = greeted(BEFORE6)
    expect(talk.say(direction, line).verdict).toBe('accept')
    expect(talk.expected()).toEqual([expected])
  })

  it.each([
    [0, 'RETR file\r\n', 'no such command'],
    [1, 'PORT 10,6,0,2,4,1\r\n', 'a command of the wrong side'],
    [0, 'PORT 10,6,0,99,4,1\r\n', "somebody else's address"],
    [0, 'XPORT 10,6,0,2,4,1\r\n', 'not at the start of the line'],
  ] as const)('are not: direction %i, %j (%s)', (direction, line, _why) => {
    const talk = greeted()
    expect(talk.say(direction, line).verdict).toBe('accept')
    expect(talk.expected()).toEqual([])
  })

  it.each([
    [0, 'PORT 10,6,0,2,4'],
    [0, 'PO'],
    [0, 'PORT 10,6,0,2,4\r\n'],
    [0, 'PORT\r\n'],
    [0, 'EPRT |1|10.6.0.2|0|\r\n'],
    [0, 'EPRT |2|::1|80|\r\n'],
    [1, '227 Entering\r\n'],
    [1, '229 Extended (||1025|)\r\n'],
  ] as const)('that are cut off or malformed are dropped: direction %i, %j', (direction, line) => {
    expect(greeted().say(direction, line).verdict).toBe('drop')
  })
})

describe('where a line begins', () => {
  it('the first line of a direction is never read', () => {
    const talk = dialogue()
    talk.say(0, 'PORT 10,6,0,2,4,1\r\n')
    expect(talk.expected()).toEqual([])
  })

  it('a line behind half a line is not read', () => {
    const talk = greeted()
    talk.say(0, 'NOOP')
    talk.say(0, 'PORT 10,6,0,2,4,1\r\n')
    expect(talk.expected()).toEqual([])
  })

  it.each([
    ['the line before', 1, 1],
    ['one from before that', 2, 0],
  ])('a retransmission of %s (%i lines ago) announces %i connections', (_, linesAgo, count) => {
    const talk = greeted()
    const starts = [talk.next[0]!]
    talk.say(0, 'NOOP\r\n')
    starts.unshift(talk.next[0]!)
    talk.say(0, 'NOOP\r\n')
    talk.say(0, 'PORT 10,6,0,2,4,1\r\n', starts[linesAgo - 1])
    expect(talk.expected()).toHaveLength(count)
  })

  it('nothing is read before both sides have spoken', () => {
    const talk = greeted()
    const skb = skbOf(packet(BEFORE, { data: 'PO' }), talk.connection, CtInfo.NEW)
    expect(ftp.help(skb, 20, talk.connection, 0, CtInfo.NEW, talk.step)).toBe('accept')
  })
})

describe('under NAT', () => {
  it('the client announces the address that the server can reach', () => {
    const talk = greeted(BEFORE, AFTER)
    expect(talk.say(0, 'PORT 10,6,0,2,4,1\r\n').payload).toBe('PORT 203,0,113,1,4,1\r\n')
    expect(talk.expected()).toEqual(['tcp 198.51.100.7:0>203.0.113.1:1025'])
    expect(talk.connection.sequenceAdjustments[0]).toMatchObject({ offsetAfter: 3 })
  })

  it('so it does in the other notations', () => {
    expect(greeted(BEFORE, AFTER).say(0, 'EPRT |1|10.6.0.2|1025|\r\n').payload).toBe(
      'EPRT |1|203.0.113.1|1025|\r\n',
    )
    const inward = greeted('tcp 198.51.100.7:1025>203.0.113.1:21', 'tcp 198.51.100.7:1025>192.168.50.10:21')
    expect(inward.say(1, '227 Entering (192,168,50,10,4,1)\r\n').payload).toBe(
      '227 Entering (203,0,113,1,4,1)\r\n',
    )
    const six = greeted(BEFORE6, BEFORE6.replace('2001:db8:6::2', '2001:db8:ffff::1'))
    expect(six.say(0, 'EPRT |2|2001:db8:6::2|1025|\r\n').payload).toBe(
      'EPRT |2|2001:0db8:ffff:0000:0000:0000:0000:0001|1025|\r\n',
    )
  })

  it('a port that another master expects already is passed over', () => {
    const talk = greeted(BEFORE, AFTER)
    const other = translated('tcp 10.6.0.3:1026>198.51.100.7:21', 'tcp 203.0.113.1:1026>198.51.100.7:21')
    other.id = 1
    talk.say(0, 'PORT 10,6,0,2,4,1\r\n')
    const [expectation] = talk.step.expectations.list()
    talk.step.expectations.remove(expectation!)
    talk.step.expectations.add({ ...expectation!, maxExpected: 1, timeoutMs: 1 }, other, 1_000_000)
    expect(talk.say(0, 'PORT 10,6,0,2,4,1\r\n').payload).toBe('PORT 203,0,113,1,4,2\r\n')
  })

  it('the data connection is translated like its master, without a rule', () => {
    const talk = greeted(BEFORE, AFTER)
    talk.say(0, 'PORT 10,6,0,2,4,1\r\n')
    const [expectation] = talk.step.expectations.list()
    talk.connection.id = -1
    talk.connection.expiresAtMs = 2_000_000
    talk.step.sessions.insert(talk.connection)
    const data = opened('tcp 198.51.100.7:20>203.0.113.1:1025')
    bindAsExpected(data, { ...expectation!, masterId: talk.connection.id }, talk.step)
    expect(text(data.reply)).toBe('tcp 10.6.0.2:1025>198.51.100.7:20')
    expect(data.status).toBe(Status.DST_NAT | Status.SRC_NAT_DONE | Status.DST_NAT_DONE)
  })
})
