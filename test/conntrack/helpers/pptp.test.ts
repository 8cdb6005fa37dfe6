import { expect, it } from 'vitest'
import { conntrackDelete, conntrackList, expectationList } from '../../../src/index.ts'
import { playThrough } from '../../firewall/script.ts'

const RULES = `
*raw
-A PREROUTING -p tcp --dport 1723 -j CT --helper pptp
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -p tcp --dport 1723 -j ACCEPT
COMMIT
`
const NAT = `${RULES}
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`
const CLIENT = '10.6.0.2:40000'
const SERVER = '198.51.100.7:1723'

/** A control message (RFC 2637, 2): its type, and the words behind the header, up to its full size. */
function message(type: number, size: number, words: readonly number[]): string {
  const all = [12 + size, 1, 0x1a2b, 0x3c4d, type, 0, ...words]
  while (all.length < 6 + size / 2) all.push(0)
  return `0x${all.map(word => word.toString(16).padStart(4, '0')).join('')}`
}

/** Both sides speak TCP in turn; every message is acknowledged by the next. */
function session(peer: string, messages: readonly (readonly ['>' | '<', string])[]): string {
  const next = { '>': 1, '<': 1 }
  const lines = [
    `lan0: tcp ${CLIENT} > ${SERVER} S seq=0`,
    `wan0: tcp ${SERVER} > ${peer} SA seq=0 ack=1`,
    `lan0: tcp ${CLIENT} > ${SERVER} A seq=1 ack=1`,
  ]
  for (const [way, data] of messages) {
    const other = way === '>' ? '<' : '>'
    const ends = way === '>' ? `lan0: tcp ${CLIENT} > ${SERVER}` : `wan0: tcp ${SERVER} > ${peer}`
    lines.push(`${ends} PA seq=${next[way]} ack=${next[other]} data=${data}`)
    next[way] += (data.length - 2) / 2
  }
  return lines.join('\n')
}

const START = [
  ['>', message(1, 144, [0x0100])],
  ['<', message(2, 144, [0x0100, 0x0100])],
] as const
/** The client's call is 0x1111, the server's 0x3333. */
const CALL = [
  ['>', message(7, 156, [0x1111, 1])],
  ['<', message(8, 20, [0x3333, 0x1111, 0x0100])],
] as const
const CLEAR = [
  ['>', message(12, 4, [0x1111])],
  ['<', message(13, 136, [0x3333, 0x0100])],
] as const

/** GRE with a call id, the receiver's (RFC 2637, 4.1). */
const gre = (device: string, from: string, to: string, callId: string): string =>
  `${device}: proto gre ${from} > ${to} data=0x3001880b0004${callId}0000000141414141`

function fates(rules: string, script: string): string[] {
  const { text } = playThrough(rules, script)
  return text.split('\n').filter(line => line.startsWith('='))
}

it('the agreement on a call lets its GRE pass, either side first', () => {
  const { state } = playThrough(RULES, session(CLIENT, [...START, ...CALL]))
  expect(expectationList(state)).toHaveLength(2)
  for (const first of [
    gre('lan0', '10.6.0.2', '198.51.100.7', '3333'),
    gre('wan0', '198.51.100.7', '10.6.0.2', '1111'),
  ])
    expect(fates(RULES, `${session(CLIENT, [...START, ...CALL])}\n${first}`).at(-1)).toMatch(/^= forwarded/)
})

it.each([
  ['without a call', []],
  ['after a request alone', CALL.slice(0, 1)],
  ['when the server has refused', [CALL[0], ['<', message(8, 20, [0x3333, 0x1111, 0x0200])] as const]],
  ['when the call has been cleared', [...CALL, ...CLEAR]],
])('no GRE passes %s', (_, messages) => {
  const script = `${session(CLIENT, [...START, ...messages])}\n${gre('wan0', '198.51.100.7', '10.6.0.2', '1111')}`
  expect(fates(RULES, script).at(-1)).toBe('= dropped by filter/FORWARD:policy')
})

it('the first packet of a call takes both announcements, and both directions are one connection', () => {
  const { state } = playThrough(
    RULES,
    `${session(CLIENT, [...START, ...CALL])}
    ${gre('lan0', '10.6.0.2', '198.51.100.7', '3333')}
    ${gre('wan0', '198.51.100.7', '10.6.0.2', '1111')}`,
  )
  expect(expectationList(state)).toEqual([])
  expect(conntrackList(state).filter(line => line.startsWith('gre'))).toEqual([
    'gre      47 30 src=10.6.0.2 dst=198.51.100.7 srckey=0x1111 dstkey=0x3333 packets=1 bytes=36 src=198.51.100.7 dst=10.6.0.2 srckey=0x3333 dstkey=0x1111 packets=1 bytes=36 mark=0 use=1',
  ])
})

it('conntrack -D of the control connection ends its calls, with all that was known of them', () => {
  const { state } = playThrough(
    RULES,
    `${session(CLIENT, [...START, ...CALL])}
    ${gre('lan0', '10.6.0.2', '198.51.100.7', '3333')}`,
  )
  const after = conntrackDelete(state, { protocol: 'tcp' })
  expect(conntrackList(after)).toEqual([])
  expect(after.greKeys.size).toBe(0)
  expect(state.greKeys.size).toBe(1)
})

it('behind MASQUERADE the server hears another call id, and by that its GRE finds its way in', () => {
  const asked = playThrough(NAT, session('203.0.113.1:40000', [...START, CALL[0]]))
  const [, callId = ''] = /wan0 ← .*data=0x00a800011a2b3c4d00070000(....)/.exec(asked.text) ?? []
  expect(callId).toBe('9c40') // the port of the control connection
  const granted = message(8, 20, [0x3333, Number.parseInt(callId, 16), 0x0100])
  const { text } = playThrough(
    NAT,
    `${session('203.0.113.1:40000', [...START, CALL[0], ['<', granted]])}
    ${gre('wan0', '198.51.100.7', '203.0.113.1', callId)}`,
  )
  expect(text).toMatch(/lan0 ← gre 198\.51\.100\.7 > 10\.6\.0\.2 ver=1 type=0x880b key=0x41111/)
})
