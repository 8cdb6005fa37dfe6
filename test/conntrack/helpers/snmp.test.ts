import { describe, expect, it } from 'vitest'
import { readSnmp } from '../../../src/conntrack/helpers/snmp-ber.ts'
import { expectationList } from '../../../src/index.ts'
import { playThrough } from '../../firewall/script.ts'

/** A value in BER, in hex. */
const value = (tag: string, ...content: readonly string[]): string => {
  const whole = content.join('')
  return `${tag}${(whole.length / 2).toString(16).padStart(2, '0')}${whole}`
}
const NUMBER = '020107'
const NAME = '06022b06'
const PHONE = value('40', '0a060002')
const pair = (...values: readonly string[]) => value('30', NAME, ...values)
const pdu = (...pairs: readonly string[]) => value('a2', NUMBER, NUMBER, NUMBER, value('30', ...pairs))
const message = (...pdus: readonly string[]) => value('30', '020101', value('04', '7075'), ...pdus)

/** The offsets of addresses, and whether it was a message. */
function read(hex: string): readonly [offsets: number[], isMessage: boolean] {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], byte => Number.parseInt(byte, 16))
  const offsets: number[] = []
  return [offsets, readSnmp(bytes, 0, bytes.length, offset => offsets.push(offset))]
}

describe('messages', () => {
  it.each([
    ['an address', message(pdu(pair(PHONE))), [30], true],
    ['two addresses', message(pdu(pair(PHONE), pair(PHONE))), [30, 42], true],
    ['a number', message(pdu(pair(NUMBER))), [], true],
    ['nothing there', message(pdu(pair('8100'))), [], true],
    ['something behind it', `${message(pdu(pair(PHONE)))}00`, [30], true],
    ['a counter and an address in one pair: none', message(pdu(pair('410101', PHONE))), [], false],
    ['an address and a counter in one pair', message(pdu(pair(PHONE, '410101'))), [30], true],
    ['a short address', message(pdu(pair('40030a0600'))), [], false],
    ['no value', message(pdu(pair())), [], true],
    ['a tag that there is not', message(pdu(pair('450101'))), [], false],
    ['version 3', message(pdu(pair(PHONE))).replace('020101', '020103'), [], false],
    ['the old trap', message(pdu(pair(PHONE))).replace('a2', 'a4'), [], false],
    ['half of it', message(pdu(pair(PHONE))).slice(0, -2), [], false],
    ['nothing', '', [], false],
  ])('%s', (_, hex, offsets, isMessage) => {
    expect(read(hex)).toEqual([offsets, isMessage])
  })
})

const RULES = `
*raw
-A PREROUTING -p udp --dport 161 -j CT --helper snmp
-A OUTPUT -p udp --dport 161 -j CT --helper snmp
-A PREROUTING -p udp --dport 162 -j CT --helper snmp_trap
COMMIT
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`

it('under NAT, the address in a notification is the one that its sender has outside', () => {
  const trap = message(pdu(pair(PHONE), pair(value('40', 'c0000201'))))
  const { text } = playThrough(RULES, `lan0: udp 10.6.0.2:5000 > 198.51.100.7:162 data=0x${trap}`)
  const out = text.split('\n').find(line => line.startsWith('wan0 ←'))
  expect(out).toContain('udp 203.0.113.1:5000 > 198.51.100.7:162 ')
  expect(out).toContain(value('40', 'cb007101'))
  expect(out).toContain(value('40', 'c0000201'))
  expect(out).not.toContain(PHONE)
})

it('what is no message does not pass where it would have to be translated', () => {
  const fate = (rules: string) =>
    playThrough(rules, 'lan0: udp 10.6.0.2:5000 > 198.51.100.7:162 data="hello"')
      .text.trim()
      .split('\n')
      .at(-1)
  expect(fate(RULES)).toBe('= discarded: connection tracking dropped it at the end of its way')
  expect(fate(RULES.slice(0, RULES.indexOf('*nat')))).toBe('= forwarded by wan0')
})

it('whoever hears a question to all may answer, for half a minute', () => {
  const { state } = playThrough(
    RULES,
    `
    interface lan0 10.6.0.1/16 brd +
    local: udp 10.6.0.1:5000 > 10.6.255.255:161 data="who"
    `,
  )
  expect(expectationList(state)).toEqual([
    '30 proto=17 src=10.6.255.255 dst=10.6.0.1 sport=161 dport=5000 mask-src=255.255.0.0 mask-dst=255.255.255.255 sport=65535 dport=65535 master-src=10.6.0.1 master-dst=10.6.255.255 sport=5000 dport=161 PERMANENT class=0 helper=snmp',
  ])
})
