import { describe, expect, it } from 'vitest'
import { answer, type Ends, request } from '../../../src/testing/sip-messages.ts'
import { playThrough } from '../../firewall/script.ts'
import { sdp, send } from './sip-script.ts'

/** The phone 10.6.0.2:5060 is 203.0.113.1:7000 outside. */
const RULES = `
*raw
-A PREROUTING -p udp --dport 5060 -j CT --helper sip
-A PREROUTING -p tcp --dport 5060 -j CT --helper sip
COMMIT
*nat
-A POSTROUTING -o wan0 -p udp -j SNAT --to-source 203.0.113.1:7000
-A POSTROUTING -o wan0 -p tcp -j SNAT --to-source 203.0.113.1:7000
COMMIT
`
const INSIDE: Ends = { from: '10.6.0.2', to: '198.51.100.7' }

/** What leaves after each packet: the payload's lines, without their ends. */
function said(rules: string, script: string): string[][] {
  return playThrough(rules, script)
    .text.split('\n')
    .filter(line => line.includes(' ← '))
    .map(line => JSON.parse(/data=("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? '""').split('\r\n'))
}

const outward = (message: string) => said(RULES, send('lan0', INSIDE, message))[0]!

describe('on the way out', () => {
  it('every place that names the phone names the gateway', () => {
    const headers = 'Contact: <sip:a@10.6.0.2:5060>;q=1, <sip:10.6.0.2>\r\nm: sip:a@10.6.0.2\r\n'
    expect(outward(request('OPTIONS', INSIDE, { headers }))).toEqual([
      'OPTIONS sip:b@198.51.100.7 SIP/2.0',
      'Via: SIP/2.0/UDP 203.0.113.1:7000;branch=z9hG4bK1',
      'From: <sip:a@203.0.113.1:7000>;tag=1',
      'To: <sip:b@198.51.100.7>',
      'Call-ID: 1@example.com',
      'CSeq: 1 OPTIONS',
      'Contact: <sip:a@203.0.113.1:7000>;q=1, <sip:203.0.113.1:7000>',
      'm: sip:a@203.0.113.1:7000',
      'Content-Length: 0',
      '',
      '',
    ])
  })

  it.each([
    ['Contact: <sip:a@10.6.0.2:5061>', 'another port'],
    ['Contact: <sip:a@10.6.0.9>', 'another phone'],
    ['Contact: <sips:a@10.6.0.2>', 'another scheme'],
    ['Contact: <sip:a@10.6.0.2.>', 'no address'],
    ['Contact: <sip:a@10.6.0.2:005060>', 'too many digits'],
    ['Contact: <sip:x@y>, <sip:a@10.6.0.2>', 'a list that begins with a name'],
    ['Contact-Info: <sip:a@10.6.0.2>', 'another header'],
    ['Max-Forwards: sip:10.6.0.2', 'a name that only begins like a compact one'],
    ['Record-Route: <sip:10.6.0.2;lr>', 'another header'],
  ])('%s stays: %s', header => {
    expect(outward(request('OPTIONS', INSIDE, { headers: `${header}\r\n` }))).toContain(header)
  })

  it.each([
    ['Contact:\r\n <sip:a@10.6.0.2>', ' <sip:a@203.0.113.1:7000>', 'folded'],
    ['CONTACT \t:  SIP:A@10.6.0.2', 'CONTACT \t:  SIP:A@203.0.113.1:7000', 'case and blanks'],
    [
      'Contact: <sip:a@10.6.0.2>, <sip:x@y>, <sip:10.6.0.2>',
      'Contact: <sip:a@203.0.113.1:7000>, <sip:x@y>, <sip:203.0.113.1:7000>',
      'a list',
    ],
    ['Contact: <sip:a@010.006.0.02>', 'Contact: <sip:a@203.0.113.1:7000>', 'leading zeros'],
  ])('%j becomes %j: %s', (header, line) => {
    expect(outward(request('OPTIONS', INSIDE, { headers: `${header}\r\n` }))).toContain(line)
  })

  it('a description names the gateway in o=, in c= and in the media, and its length follows', () => {
    const body = `${sdp('10.6.0.2', 'audio 5004')}c=IN IP4 10.6.0.2\r\n`
    expect(outward(request('INVITE', INSIDE, { body })).slice(6)).toEqual([
      'Content-Length: 113',
      '',
      'v=0',
      'o=- 1 1 IN IP4 203.0.113.1',
      's=-',
      'c=IN IP4 203.0.113.1',
      't=0 0',
      'm=audio 5004 RTP/AVP 0',
      'c=IN IP4 203.0.113.1',
      '',
    ])
  })

  it.each([
    ['without an owner', sdp('10.6.0.2', 'audio 5004').replace(/o=.*\r\n/, '')],
    ['whose owner is a name', sdp('10.6.0.2', 'audio 5004').replace('10.6.0.2', 'phone')],
  ])('a description %s cannot be rewritten', (_, body) => {
    expect(said(RULES, send('lan0', INSIDE, request('INVITE', INSIDE, { body })))).toEqual([])
  })

  it('of two phones that offer the same ports to one server, the second is dropped, as by the kernel', () => {
    const MASQUERADE = RULES.replaceAll('SNAT --to-source 203.0.113.1:7000', 'MASQUERADE')
    const invite = (phone: string, port: number) =>
      send(
        'lan0',
        { from: `${phone}:${port}`, to: INSIDE.to },
        request('INVITE', INSIDE, { body: sdp(phone, 'audio 5004') }),
      )
    expect(said(MASQUERADE, `${invite('10.6.0.2', 5060)}\n${invite('10.6.0.3', 6060)}`)).toHaveLength(1)
  })
})

describe('on the way back', () => {
  const FIRST = send('lan0', INSIDE, request('OPTIONS', INSIDE))
  const OUTSIDE: Ends = { from: '203.0.113.1:7000', to: '198.51.100.7' }
  const inward = (message: string) =>
    said(RULES, `${FIRST}\n${send('wan0', { from: '198.51.100.7', to: '203.0.113.1:7000' }, message)}`)[1]!

  it.each([
    [';received=203.0.113.1;rport=7000', ';received=10.6.0.2;rport=5060'],
    [';rport=7001;received=203.0.113.2', ';rport=7001;received=203.0.113.2'],
    [';rport', ';rport'],
    [', SIP/2.0/UDP 203.0.113.1:7000;rport=7000', ', SIP/2.0/UDP 203.0.113.1:7000;rport=7000'],
  ])('Via with %s becomes one with %s', (parameters, translated) => {
    const reply = answer(200, 'OPTIONS', OUTSIDE, { via: OUTSIDE.from }).replace(
      ';branch=z9hG4bK1',
      parameters,
    )
    expect(inward(reply)[1]).toBe(`Via: SIP/2.0/UDP 10.6.0.2:5060${translated}`)
  })

  it('what became shorter makes the next Contact header go unseen, as in the kernel', () => {
    const contact = '<sip:a@203.0.113.1:7000>'
    const reply = answer(200, 'OPTIONS', OUTSIDE, {
      via: OUTSIDE.from,
      headers: `Contact: ${contact}\r\nContact: ${contact}\r\nContact: ${contact}\r\n`,
    })
    expect(inward(reply).filter(line => line.startsWith('Contact'))).toEqual([
      'Contact: <sip:a@10.6.0.2:5060>',
      'Contact: <sip:a@203.0.113.1:7000>',
      'Contact: <sip:a@10.6.0.2:5060>',
    ])
  })
})

describe('TCP', () => {
  const ENDS = '10.6.0.2:5060 > 198.51.100.7:5060'
  const BACK = '198.51.100.7:5060 > 203.0.113.1:7000'
  const OPEN = [
    `lan0: tcp ${ENDS} S seq=0`,
    `wan0: tcp ${BACK} SA seq=0 ack=1`,
    `lan0: tcp ${ENDS} A seq=1 ack=1`,
  ]
  const options = (cseq: number) => request('OPTIONS', INSIDE, { cseq, transport: 'TCP' })
  const fields = (script: readonly string[]) =>
    playThrough(RULES, script.join('\n'))
      .text.split('\n')
      .filter(line => line.includes(' ← '))
      .slice(3)
      .map(line => line.replace(/ data=.*"/, '').replace(/.*(seq=\d+ ack=\d+).*/, '$1'))

  it('messages of one segment are all rewritten, and sequence numbers follow', () => {
    const both = options(1) + options(2)
    const longer =
      options(1).length + 2 * '203.0.113.1:7000'.length - '10.6.0.2:5060'.length - '10.6.0.2'.length
    const script = [
      ...OPEN,
      `lan0: tcp ${ENDS} PA seq=1 ack=1 data=${JSON.stringify(both)}`,
      `wan0: tcp ${BACK} A seq=1 ack=${1 + 2 * longer}`,
      `lan0: tcp ${ENDS} PA seq=${1 + both.length} ack=1 data=${JSON.stringify(options(3))}`,
    ]
    expect(fields(script)).toEqual([
      'seq=1 ack=1',
      `seq=1 ack=${1 + both.length}`,
      `seq=${1 + 2 * longer} ack=1`,
    ])
  })

  it('half a message passes as it is', () => {
    const half = options(1).slice(0, 60)
    const script = [...OPEN, `lan0: tcp ${ENDS} PA seq=1 ack=1 data=${JSON.stringify(half)}`]
    expect(said(RULES, script.join('\n')).at(-1)!.join('\r\n')).toBe(half)
  })
})

it('a phone that listens on another port than it speaks from gets its answers there', () => {
  const speaking: Ends = { from: '10.6.0.2:50000', to: '198.51.100.7' }
  const script = [
    send('lan0', speaking, request('OPTIONS', INSIDE)),
    send('wan0', { from: '198.51.100.7', to: '203.0.113.1:7000' }, answer(200, 'OPTIONS', INSIDE)),
  ]
  expect(playThrough(RULES, script.join('\n')).text).toContain(
    'lan0 ← udp 198.51.100.7:5060 > 10.6.0.2:5060 ',
  )
})
