import { expect, it } from 'vitest'
import { expectationList } from '../../../src/index.ts'
import { playThrough } from '../../firewall/script.ts'

const RULES = `
*raw
-A OUTPUT -p udp --dport 137 -j CT --helper netbios-ns
-A PREROUTING -p udp --dport 137 -j CT --helper netbios-ns
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`
const LAN = 'interface lan0 10.6.0.1/16 brd +'
const QUESTION = 'local: udp 10.6.0.1:137 > 10.6.255.255:137 data="who"'

it('whoever hears the question may answer, for three seconds', () => {
  const { text, state } = playThrough(
    RULES,
    `
    ${LAN}
    ${QUESTION}
    lan0: udp 10.6.3.7:137 > 10.6.0.1:137 data="me"
    lan0: udp 10.6.3.8:137 > 10.6.0.1:137 data="me"
    lan0: udp 10.6.3.8:138 > 10.6.0.1:137 data="me"
    lan0: udp 192.0.2.8:137 > 10.6.0.1:137 data="me"
    wait 3s
    lan0: udp 10.6.3.9:137 > 10.6.0.1:137 data="me"
    `,
  )
  expect(text.split('\n').filter(line => line.startsWith('='))).toEqual([
    '= sent by lan0',
    '= delivered locally (from lan0)',
    '= delivered locally (from lan0)',
    '= dropped by filter/INPUT:policy',
    '= dropped by filter/INPUT:policy',
    '= dropped by filter/INPUT:policy',
  ])
  expect(expectationList(state)).toEqual([])
})

it.each([
  ['the box asks', LAN, QUESTION, '137'],
  ['from another address of its own', LAN, 'local: udp 203.0.113.1:9 > 10.6.255.255:137', '9'],
  ['the device was not told its broadcast address', '', QUESTION, undefined],
  ['another broadcast address', 'interface lan0 10.6.0.1/16 brd 10.6.0.0', QUESTION, undefined],
  ['everybody everywhere is asked', LAN, 'local: udp 10.6.0.1:137 > 255.255.255.255:137', undefined],
  ['one host is asked', LAN, 'local: udp 10.6.0.1:137 > 10.6.0.2:137', undefined],
  ['somebody else asks', LAN, 'lan0: udp 10.6.0.2:137 > 10.6.255.255:137', undefined],
])('%s', (_, device, question, port) => {
  const { state } = playThrough(RULES, `${device}\n${question}`)
  const from = question.includes('203') ? '203.0.113.1' : '10.6.0.1'
  expect(expectationList(state)).toEqual(
    port === undefined
      ? []
      : [
          `3 proto=17 src=10.6.255.255 dst=${from} sport=137 dport=${port} mask-src=255.255.0.0 mask-dst=255.255.255.255 sport=65535 dport=65535 master-src=${from} master-dst=10.6.255.255 sport=${port} dport=137 PERMANENT class=0 helper=netbios-ns`,
        ],
  )
})
