/**
 * Calls and registrations of SIP. `{own}` and `{peer}` are the hosts of the speaker and of the other side as it sees
 * it, `{port}` and `{peerPort}` their ports, `{address}` and `{peerAddress}` the same as the hosts without brackets,
 * `{ip}` 4 or 6, `{length}` how long the body is.
 */
import { type Line, OPEN, OPEN_DATA } from './course-lines.ts'
import { answer, description, request } from './sip-messages.ts'

const ASKS = { from: '{own}', to: '{peer}' } as const
const ANSWERS = { from: '{peer}', to: '{own}' } as const
const CONTACT = 'Contact: <sip:a@{own}:{port}>\r\n'
const AT_PEER = 'Contact: <sip:a@{peer}:{peerPort}>'

type Side = 0 | 1
type More = Parameters<typeof request>[2]
type Transport = 'UDP' | 'TCP'

const sdp = (...media: readonly string[]) => description('{ip}', '{address}', ...media)
const AUDIO = sdp('audio 5004')

/** What both sides say over one transport: a line is a packet. */
function phrases(transport: Transport) {
  const flags = transport === 'TCP' ? 'PA' : ''
  const say = (side: Side, text: string): Line => [side, flags, text]
  const asked = (method: string, more: More) =>
    request(method, ASKS, { via: '{own}:{port}', length: '{length}', transport, ...more })
  const ask = (side: Side, method: string, more: More = {}): Line => say(side, asked(method, more))
  const reply = (side: Side, code: number, method: string, more: More = {}): Line =>
    say(
      side,
      answer(code, method, ANSWERS, { via: '{peer}:{peerPort}', length: '{length}', transport, ...more }),
    )
  const data = (side: Side): Line => [side, flags, OPEN_DATA]
  const begin = transport === 'TCP' ? OPEN : []
  const register = (cseq: number, headers: string): Line => ask(0, 'REGISTER', { cseq, headers })
  const granted = (cseq: number, headers: string, code = 200): Line =>
    reply(1, code, 'REGISTER', { cseq, headers })
  return { begin, say, asked, ask, reply, data, register, granted }
}

type Phrases = ReturnType<typeof phrases>
type Courses = readonly (readonly Line[])[]

function calls({ begin, ask, reply, data }: Phrases): Courses {
  return [
    // a call
    [
      ...begin,
      ask(0, 'INVITE', { headers: CONTACT, body: AUDIO }),
      reply(1, 100, 'INVITE'),
      reply(1, 200, 'INVITE', { headers: CONTACT, body: sdp('audio 6000') }),
      data(1),
      ask(0, 'ACK', { headers: CONTACT }),
      data(0),
      ask(1, 'BYE', { cseq: 7 }),
      reply(0, 200, 'BYE', { cseq: 7 }),
    ],
    // a call that is put on hold, changed and given up
    [
      ...begin,
      ask(0, 'INVITE', { body: sdp('audio 5004', 'video 5006', 'image 5008', 'audio 5010') }),
      data(1),
      reply(1, 183, 'INVITE', { body: sdp('audio 6001', 'video 0') }),
      data(0),
      ask(0, 'PRACK', { cseq: 2, body: sdp('audio 5020') }),
      reply(1, 200, 'PRACK', { cseq: 2, body: AUDIO }),
      ask(0, 'UPDATE', { cseq: 3, body: sdp('image 5030', 'audio 5040', 'audio 5042') }),
      reply(1, 488, 'UPDATE', { cseq: 3 }),
      ask(0, 'CANCEL'),
      reply(1, 487, 'INVITE'),
      ask(0, 'ACK', { body: sdp('video 5050') }),
      data(1),
    ],
  ]
}

function registrations({ begin, data, register, granted }: Phrases): Courses {
  return [
    // a registration, and a call that the registrar brings
    [
      ...begin,
      register(1, `${CONTACT}Expires: 600\r\n`),
      data(1),
      granted(1, `${AT_PEER};expires=300\r\n`),
      data(1),
      register(2, 'Contact: <sip:a@{own}:{port}>;expires=60\r\n'),
      granted(2, `Contact: <sip:x@y>,${AT_PEER.slice(9)};expires=180\r\nExpires: 5\r\n`),
      data(1),
      register(3, `${CONTACT}Expires: 0\r\n`),
      granted(3, ''),
      data(1),
    ],
    // registrations that come to nothing
    [
      ...begin,
      register(1, 'm: sip:{own}\r\nexpires:60\r\n'),
      granted(1, '', 100),
      granted(1, '', 401),
      register(2, 'Contact: *\r\nExpires: 0\r\n'),
      register(3, 'Contact: <sip:a@{own};transport=TCP>;expires=60\r\n'),
      granted(3, `${AT_PEER};transport=udp;expires=60\r\n`),
      register(4, 'Contact: <sip:a@{own}:5062>;expires=60,<sip:b@{own}:5064>\r\n'),
      granted(4, 'Contact: <sip:a@{peer}:5062>;expires=120\r\n'),
      register(5, 'Contact: <sip:a@{own}:{port}>;expires=x\r\n'),
      register(6, 'Contact: <sip:a@{own}:{port}>\r\n'),
      granted(6, `${AT_PEER};expires=\r\n`),
      data(1),
    ],
  ]
}

/** Headers and descriptions of all kinds, phones that listen elsewhere, speak too much or too little. */
function oddities({ begin, say, asked, ask, reply, data }: Phrases): Courses {
  return [
    // headers of all kinds
    [
      ...begin,
      ask(0, 'OPTIONS', {
        via: '{own}:{port};rport;maddr={own}',
        headers:
          'Contact: <sip:a@{own}:{port}>, "b" <sip:{own}:{port}>;q=1,\r\n <sip:c@{own}>\r\nm:sip:{own}:{port}\r\n',
      }),
      reply(1, 200, 'OPTIONS', {
        via: '{peer}:{peerPort};received={peerAddress};rport={peerPort}',
        headers:
          'Contact: <sip:{peer}:{peerPort}>,<sip:{peer}:{peerPort}>\r\nContact: <sip:{peer}:{peerPort}>\r\n'.repeat(
            2,
          ),
      }),
      ask(1, 'INFO', { via: '{own}:{port};maddr=[{own}];received={peer}', headers: CONTACT }),
      say(
        0,
        'INVITE sip:b@{peer}:{peerPort} SIP/2.0\r\nv:SIP/2.0/UDP {own}:{port}\r\nf:<sip:{own}:{port}>\r\nt :\tsip:b@{peer}\r\ncseq:\r\n 9 INVITE\r\nl:{length}\r\nm:\r\n\t<SIP:a@{own}>\r\n\r\n' +
          sdp('audio 5004'),
      ),
      data(1),
      say(0, asked('SUBSCRIBE', {}).replaceAll('\r\n', '\n')),
      say(1, asked('INVITE', { body: sdp('audio 6000') }).replaceAll('\r\n', '\n')),
      ask(0, 'MESSAGE', { body: 'm=audio 5004\r\n' }),
    ],
    // descriptions of all kinds
    [
      ...begin,
      ask(0, 'INVITE', {
        body: `${sdp('audio 5004')}c=IN IP{ip} {address}\r\nm=video 5006 x\r\nc=IN IP{ip} {peerAddress}\r\n`,
      }),
      data(1),
      reply(1, 200, 'INVITE', {
        body: `${sdp('text 6004', 'audio 0', 'audio 6002').replace(/c=.*\r\n/, '')}c=IN IP{ip} {address}/127\r\n`,
      }),
      data(0),
      ask(0, 'UPDATE', { cseq: 2, body: sdp('audio 65535').replace(/o=.*\r\n/, '') }),
      ask(0, 'UPDATE', { cseq: 3, body: sdp('audio 1023') }),
      ask(0, 'UPDATE', { cseq: 4, body: sdp('audio 5004', 'video 5004', 'video 5005') }),
      ask(0, 'UPDATE', { cseq: 5, body: sdp() }),
      ask(1, 'INVITE', { cseq: 4294967296, body: AUDIO }),
      ask(1, 'INVITE', { cseq: 0, body: sdp('audio 5004', 'audio 5006', 'audio 5008') }),
      data(0),
      ask(1, 'INVITE', { length: '7', body: AUDIO }),
    ],
    // a phone that listens elsewhere, and others that speak too much or too little
    [
      ...begin,
      ask(0, 'REGISTER', { via: '{own}:5066', headers: 'Contact: <sip:a@{own}:5066>\r\nExpires: 120\r\n' }),
      reply(1, 200, 'REGISTER', {
        via: '{peer}:5066',
        headers: 'Contact: <sip:a@{peer}:{peerPort}>;expires=600\r\n',
      }),
      ask(1, 'OPTIONS'),
      data(1),
      say(0, '\r\n\r\n'),
      say(
        0,
        asked('OPTIONS', { headers: CONTACT }) +
          asked('INVITE', { headers: CONTACT, body: AUDIO, length: `${0}` }),
      ),
      say(0, asked('OPTIONS', { headers: CONTACT }) + asked('BYE', { headers: CONTACT })),
      say(1, 'SIP/2.0 999999 x'),
      say(1, 'SIP/2.0 200'),
      say(0, asked('INVITE', { body: AUDIO }).slice(0, -60)),
      say(0, asked('INVITE', { body: AUDIO }).slice(0, 90)),
      say(0, asked('INVITE', { body: AUDIO }).slice(90)),
      ask(0, 'BYE', { cseq: 9 }),
    ],
  ]
}

export const SIP_UDP = coursesOver('UDP')
export const SIP_TCP = coursesOver('TCP')

function coursesOver(transport: Transport): Courses {
  const said = phrases(transport)
  return [...calls(said), ...registrations(said), ...oddities(said)]
}

/** One side: its address, and the port that it speaks from. */
export interface Speaker {
  readonly address: string
  readonly port: number
}

/** A line with both sides in it, as the speaker sees them. */
export function dialled(text: string, own: Speaker, peer: Speaker): string {
  const host = (address: string): string => (address.includes(':') ? `[${address}]` : address)
  const said = text
    .replaceAll('{own}', host(own.address))
    .replaceAll('{peer}', host(peer.address))
    .replaceAll('{port}', `${own.port}`)
    .replaceAll('{peerPort}', `${peer.port}`)
    .replaceAll('{peerAddress}', peer.address)
    .replaceAll('{address}', own.address)
    .replaceAll('{ip}', own.address.includes(':') ? '6' : '4')
  const [, body = ''] = said.split(/\r\n\r\n|\n\n/)
  return said.replaceAll('{length}', `${body.length}`)
}

/** Where a message says that it can be called, or that its media are. */
export function calledAt(text: string): { readonly address: string; readonly port: number } | undefined {
  const media = /\nm=\w+ ([1-9]\d*)/.exec(text)
  const named = /\nc=IN IP\d ([\da-f.:]+)/i.exec(text)
  if (media !== null && named !== null) return { address: named[1]!, port: Number(media[1]) & 0xffff }
  const contact = /\nContact: .*?sip:(?:\w*@)?(?:\[([^\]]*)\]|([\d.]+)):?(\d*)/.exec(text)
  return contact === null
    ? undefined
    : { address: (contact[1] ?? contact[2])!, port: Number(contact[3] || 5060) & 0xffff }
}

/** Who has heard a registration calls back, from another port than before; who has heard of media sends some. */
export function callerOf<T extends string>(
  text: string,
  who: Side,
  signalling: T,
): { readonly protocol: T | 'udp'; readonly port: number } {
  if (!/\nm=/.test(text)) return { protocol: signalling, port: 5070 }
  return { protocol: 'udp', port: who === 0 ? 5004 : 6000 }
}
