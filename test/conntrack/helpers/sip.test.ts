import { describe, expect, it } from 'vitest'
import { conntrackList, expectationList } from '../../../src/index.ts'
import { answer, type Ends, request } from '../../../src/testing/sip-messages.ts'
import { play, playThrough } from '../../firewall/script.ts'
import { sdp, send } from './sip-script.ts'

const FILTER = `
*raw
-A PREROUTING -p udp --dport 5060 -j CT --helper sip
-A PREROUTING -p tcp --dport 5060 -j CT --helper sip
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -p udp --dport 5060 -j ACCEPT
-A FORWARD -i lan0 -p tcp --dport 5060 -j ACCEPT
COMMIT
`
const MASQUERADE = `${FILTER}
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`
const PHONE = '10.6.0.2'
const PROXY = '198.51.100.7'
const GATEWAY = '203.0.113.1'
const INSIDE: Ends = { from: PHONE, to: PROXY }
/** The same call as the proxy sees it. */
const OUTSIDE: Ends = { from: GATEWAY, to: PROXY }

const up = (message: string) => send('lan0', INSIDE, message)
const down = (message: string, to = PHONE) => send('wan0', { from: PROXY, to }, message)
const rtp = (device: string, from: string, to: string) => `${device}: udp ${from} > ${to} data="rtp"`

const INVITE = up(request('INVITE', INSIDE, { body: sdp(PHONE, 'audio 5004') }))
const RINGING = (ends: Ends) => down(answer(180, 'INVITE', ends), ends.from)
const OK = (ends: Ends) => down(answer(200, 'INVITE', ends, { body: sdp(PROXY, 'audio 6000') }), ends.from)
const BYE = up(request('BYE', INSIDE, { cseq: 2 }))

const fates = (rules: string, script: string) =>
  playThrough(rules, script)
    .text.split('\n')
    .filter(line => line.startsWith('='))
/** The expectations as `conntrack -L expect` prints them, without what is the same for all. */
const expected = (rules: string, script: string) =>
  expectationList(playThrough(rules, script).state).map(line =>
    line.replace(/ mask-src=.*dport=5060/, '').replace(' helper=sip', ''),
  )

describe('a call', () => {
  it('without NAT: media of both sides are RELATED from the description on', () => {
    expect(expected(FILTER, [INVITE, RINGING(INSIDE), OK(INSIDE)].join('\n'))).toEqual([
      '180 proto=17 src=198.51.100.7 dst=10.6.0.2 sport=0 dport=5004 class=1',
      '180 proto=17 src=198.51.100.7 dst=10.6.0.2 sport=0 dport=5005 class=1',
      '180 proto=17 src=10.6.0.2 dst=198.51.100.7 sport=0 dport=6000 class=1',
      '180 proto=17 src=10.6.0.2 dst=198.51.100.7 sport=0 dport=6001 class=1',
    ])
    expect(
      fates(
        FILTER,
        [
          INVITE,
          OK(INSIDE),
          rtp('wan0', `${PROXY}:6000`, `${PHONE}:5004`),
          rtp('lan0', `${PHONE}:5005`, `${PROXY}:6001`),
        ].join('\n'),
      ).slice(2),
    ).toEqual(['= forwarded by lan0', '= forwarded by wan0'])
  })

  it('through a gateway: the description names the gateway, and its media are translated', () => {
    const script = [
      INVITE,
      OK(OUTSIDE),
      rtp('lan0', `${PHONE}:5004`, `${PROXY}:6000`),
      rtp('wan0', `${PROXY}:6000`, `${GATEWAY}:5004`),
    ].join('\n')
    expect(play(MASQUERADE, script)).toMatchInlineSnapshot(`
      "
      lan0 → udp 10.6.0.2:5060 > 198.51.100.7:5060 data="INVITE sip:b@198.51.100.7 SIP/2.0\\r\\nVia: SIP/2.0/UDP 10.6.0.2:5060;branch=z9hG4bK1\\r\\nFrom: <sip:a@10.6.0.2>;tag=1\\r\\nTo: <sip:b@198.51.100.7>\\r\\nCall-ID: 1@example.com\\r\\nCSeq: 1 INVITE\\r\\nContent-Length: 85\\r\\n\\r\\nv=0\\r\\no=- 1 1 IN IP4 10.6.0.2\\r\\ns=-\\r\\nc=IN IP4 10.6.0.2\\r\\nt=0 0\\r\\nm=audio 5004 RTP/AVP 0\\r\\n"
          raw/PREROUTING:1  match   -p udp -m udp --dport 5060 -j CT --helper sip
          raw/PREROUTING:policy  ACCEPT
          conntrack  created 10.6.0.2:5060 > 198.51.100.7:5060
          conntrack  NEW original of 10.6.0.2:5060 > 198.51.100.7:5060
          nat/PREROUTING:policy  ACCEPT
          filter/FORWARD:2  match   -i lan0 -p udp -m udp --dport 5060 -j ACCEPT
          nat/POSTROUTING:1  match   -o wan0 -j MASQUERADE
          nat  source mapped: 10.6.0.2:5060 > 198.51.100.7:5060 becomes 203.0.113.1:5060 > 198.51.100.7:5060
          nat  source 10.6.0.2:5060 → 203.0.113.1:5060
          conntrack  confirmed 10.6.0.2:5060 > 198.51.100.7:5060
      wan0 ← udp 203.0.113.1:5060 > 198.51.100.7:5060 data="INVITE sip:b@198.51.100.7 SIP/2.0\\r\\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK1\\r\\nFrom: <sip:a@203.0.113.1:5060>;tag=1\\r\\nTo: <sip:b@198.51.100.7>\\r\\nCall-ID: 1@example.com\\r\\nCSeq: 1 INVITE\\r\\nContent-Length: 91\\r\\n\\r\\nv=0\\r\\no=- 1 1 IN IP4 203.0.113.1\\r\\ns=-\\r\\nc=IN IP4 203.0.113.1\\r\\nt=0 0\\r\\nm=audio 5004 RTP/AVP 0\\r\\n" ttl=63
      = forwarded by wan0
      wan0 → udp 198.51.100.7:5060 > 203.0.113.1:5060 data="SIP/2.0 200 Whatever\\r\\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK1\\r\\nFrom: <sip:a@203.0.113.1>;tag=1\\r\\nTo: <sip:b@198.51.100.7>\\r\\nCall-ID: 1@example.com\\r\\nCSeq: 1 INVITE\\r\\nContent-Length: 93\\r\\n\\r\\nv=0\\r\\no=- 1 1 IN IP4 198.51.100.7\\r\\ns=-\\r\\nc=IN IP4 198.51.100.7\\r\\nt=0 0\\r\\nm=audio 6000 RTP/AVP 0\\r\\n"
          raw/PREROUTING:1  match   -p udp -m udp --dport 5060 -j CT --helper sip
          raw/PREROUTING:policy  ACCEPT
          conntrack  ESTABLISHED reply of 10.6.0.2:5060 > 198.51.100.7:5060
          nat  destination 203.0.113.1:5060 → 10.6.0.2:5060
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      lan0 ← udp 198.51.100.7:5060 > 10.6.0.2:5060 data="SIP/2.0 200 Whatever\\r\\nVia: SIP/2.0/UDP 10.6.0.2:5060;branch=z9hG4bK1\\r\\nFrom: <sip:a@10.6.0.2:5060>;tag=1\\r\\nTo: <sip:b@198.51.100.7>\\r\\nCall-ID: 1@example.com\\r\\nCSeq: 1 INVITE\\r\\nContent-Length: 93\\r\\n\\r\\nv=0\\r\\no=- 1 1 IN IP4 198.51.100.7\\r\\ns=-\\r\\nc=IN IP4 198.51.100.7\\r\\nt=0 0\\r\\nm=audio 6000 RTP/AVP 0\\r\\n" ttl=63
      = forwarded by lan0
      lan0 → udp 10.6.0.2:5004 > 198.51.100.7:6000 data="rtp"
          raw/PREROUTING:policy  ACCEPT
          nat  source mapped: 10.6.0.2:5004 > 198.51.100.7:6000 becomes 203.0.113.1:5004 > 198.51.100.7:6000
          conntrack  created 10.6.0.2:5004 > 198.51.100.7:6000
          conntrack  RELATED original of 10.6.0.2:5004 > 198.51.100.7:6000
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
          nat  source 10.6.0.2:5004 → 203.0.113.1:5004
          conntrack  confirmed 10.6.0.2:5004 > 198.51.100.7:6000
      wan0 ← udp 203.0.113.1:5004 > 198.51.100.7:6000 data="rtp" ttl=63
      = forwarded by wan0
      wan0 → udp 198.51.100.7:6000 > 203.0.113.1:5004 data="rtp"
          raw/PREROUTING:policy  ACCEPT
          conntrack  ESTABLISHED reply of 10.6.0.2:5004 > 198.51.100.7:6000
          nat  destination 203.0.113.1:5004 → 10.6.0.2:5004
          filter/FORWARD:1  match   -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      lan0 ← udp 198.51.100.7:6000 > 10.6.0.2:5004 data="rtp" ttl=63
      = forwarded by lan0
      "
    `)
    expect(conntrackList(playThrough(MASQUERADE, script).state)).toMatchInlineSnapshot(`
      [
        "udp      17 3600 src=10.6.0.2 dst=198.51.100.7 sport=5060 dport=5060 packets=1 bytes=314 src=198.51.100.7 dst=203.0.113.1 sport=5060 dport=5060 packets=1 bytes=315 mark=0 helper=sip use=2",
        "udp      17 30 src=10.6.0.2 dst=198.51.100.7 sport=5004 dport=6000 packets=1 bytes=31 src=198.51.100.7 dst=203.0.113.1 sport=6000 dport=5004 packets=1 bytes=31 mark=0 use=1",
      ]
    `)
  })

  it.each([
    ['BYE', BYE],
    ['a refusal', down(answer(486, 'INVITE', INSIDE))],
    ['an INVITE without a description', up(request('INVITE', INSIDE, { cseq: 3 }))],
  ])('%s ends what was expected of it', (_, end) => {
    expect(expected(FILTER, [INVITE, end].join('\n'))).toEqual([])
  })

  it.each([
    ['CANCEL', up(request('CANCEL', INSIDE))],
    ['a refusal of something else', down(answer(486, 'INVITE', INSIDE, { cseq: 9 }))],
    ['an answer to BYE', down(answer(200, 'BYE', INSIDE, { cseq: 2 }))],
  ])('%s does not', (_, other) => {
    expect(expected(FILTER, [INVITE, other].join('\n'))).toHaveLength(2)
  })
})

describe('media', () => {
  it.each([
    ['an odd port belongs to the pair', ['audio 5005'], ['5004 1', '5005 1']],
    [
      'audio, video and T.38',
      ['audio 5004', 'video 5006', 'image 5008'],
      ['5004 1', '5005 1', '5006 2', '5007 2', '5008 3', '5009 3'],
    ],
    [
      'no more than three',
      ['audio 5004', 'audio 5006', 'video 5008', 'video 5010'],
      ['5004 1', '5005 1', '5006 1', '5007 1', '5008 2', '5009 2'],
    ],
    [
      'the oldest of more than two pairs goes',
      ['audio 5004', 'audio 5006', 'audio 5008'],
      ['5006 1', '5007 1', '5008 1', '5009 1'],
    ],
    ['a port of zero rests', ['audio 0', 'video 5006'], ['5006 2', '5007 2']],
    ['other types are none', ['text 5004', 'Audio 5004'], []],
    ['the same port twice is expected once', ['audio 5004', 'video 5004'], ['5004 1', '5005 1']],
  ])('%s', (_, media, ports) => {
    const invite = up(request('INVITE', INSIDE, { body: sdp(PHONE, ...media) }))
    expect(expected(FILTER, invite).map(line => line.replace(/.* dport=(\d+) class=(\d)/, '$1 $2'))).toEqual(
      ports,
    )
  })

  it.each([
    ['a port that is privileged', sdp(PHONE, 'audio 1000')],
    ['a port that there is not', sdp(PHONE, 'audio 65536')],
    ['no address', sdp(PHONE, 'audio 5004').replace(/c=.*\r\n/, '')],
  ])('%s: the packet is dropped', (_, body) => {
    expect(fates(FILTER, up(request('INVITE', INSIDE, { body })))).toEqual([
      '= discarded: connection tracking dropped it at the end of its way',
    ])
  })

  it('of somebody else than the speaker are not expected', () => {
    expect(expected(FILTER, up(request('INVITE', INSIDE, { body: sdp('10.6.0.9', 'audio 5004') })))).toEqual(
      [],
    )
  })
})

describe('a registration', () => {
  const CONTACT = `Contact: <sip:a@${PHONE}:5060>\r\n`
  const REGISTER = up(request('REGISTER', INSIDE, { headers: `${CONTACT}Expires: 600\r\n` }))
  const granted = (headers: string, code = 200, cseq = 1) =>
    down(answer(code, 'REGISTER', OUTSIDE, { headers, cseq }), GATEWAY)
  const AT_GATEWAY = `Contact: <sip:a@${GATEWAY}:5060>`

  it('announces calls, which count once the registrar has agreed, for as long as it says', () => {
    expect(expected(MASQUERADE, REGISTER)).toEqual([
      '180 proto=17 src=198.51.100.7 dst=203.0.113.1 sport=0 dport=5060 PERMANENT,INACTIVE class=0',
    ])
    expect(expected(MASQUERADE, [REGISTER, granted(`${AT_GATEWAY};expires=300\r\n`)].join('\n'))).toEqual([
      '300 proto=17 src=198.51.100.7 dst=203.0.113.1 sport=0 dport=5060 PERMANENT class=0',
    ])
  })

  it('lets the registrar call, again and again, and its calls announce media', () => {
    const message = request('INVITE', { from: PROXY, to: GATEWAY }, { body: sdp(PROXY, 'audio 6000') })
    const call = (port: number) => send('wan0', { from: `${PROXY}:${port}`, to: GATEWAY }, message)
    const { text, state } = playThrough(
      MASQUERADE,
      [REGISTER, call(8999), granted(`${AT_GATEWAY};expires=300\r\n`), call(9000), call(9001)].join('\n'),
    )
    expect(text.split('\n').filter(line => line.startsWith('='))).toEqual([
      '= forwarded by wan0',
      '= delivered locally (from wan0)',
      '= forwarded by lan0',
      '= forwarded by lan0',
      '= forwarded by lan0',
    ])
    expect(conntrackList(state).filter(line => line.includes('sport=900'))).toMatchInlineSnapshot(`
      [
        "udp      17 3600 src=198.51.100.7 dst=203.0.113.1 sport=9000 dport=5060 packets=1 bytes=328 [UNREPLIED] src=10.6.0.2 dst=198.51.100.7 sport=5060 dport=9000 packets=0 bytes=0 mark=0 helper=sip use=1",
        "udp      17 3600 src=198.51.100.7 dst=203.0.113.1 sport=9001 dport=5060 packets=1 bytes=328 [UNREPLIED] src=10.6.0.2 dst=198.51.100.7 sport=5060 dport=9001 packets=0 bytes=0 mark=0 helper=sip use=1",
      ]
    `)
  })

  it.each([
    ['is refused', granted('', 403)],
    ['lists other contacts only', granted('Contact: <sip:x@192.0.2.1>;expires=300\r\n')],
    ['says that it ends', granted(`${AT_GATEWAY};expires=0\r\n`)],
    ['gives no time', granted(`${AT_GATEWAY}\r\n`)],
  ])('that %s announces nothing', (_, reply) => {
    expect(expected(MASQUERADE, [REGISTER, reply].join('\n'))).toEqual([])
  })

  it.each([
    ['Trying', granted('', 100)],
    ['the answer to an earlier one', granted('', 403, 7)],
  ])('%s leaves it waiting', (_, reply) => {
    expect(expected(MASQUERADE, [REGISTER, reply].join('\n'))).toHaveLength(1)
  })

  it.each([
    ['for no time', `${CONTACT}Expires: 0\r\n`],
    ['without a time', CONTACT],
    ['of somebody else', 'Contact: <sip:a@10.6.0.9>\r\nExpires: 60\r\n'],
    ['of a name', 'Contact: <sip:a@phone.example>\r\nExpires: 60\r\n'],
    ['for another transport', `Contact: <sip:a@${PHONE};transport=tcp>\r\nExpires: 60\r\n`],
    ['without a contact', 'Expires: 60\r\n'],
  ])('%s is none', (_, headers) => {
    expect(expected(MASQUERADE, up(request('REGISTER', INSIDE, { headers })))).toEqual([])
  })
})

describe('time', () => {
  it('every message gives its connection an hour; one without text does not', () => {
    const list = (script: string) =>
      conntrackList(playThrough(FILTER, script).state).map(line => Number(line.split(/ +/)[2]))
    expect(list(up('keep-alive'))).toEqual([3600])
    expect(list(`${INVITE}\nwait 10s\n${BYE}`)).toEqual([3600])
    expect(list(up(''))).toEqual([30])
  })
})
