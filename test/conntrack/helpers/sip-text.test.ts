import { describe, expect, it } from 'vitest'
import { Address } from '../../../src/address.ts'
import {
  addressAt,
  addressText,
  hostAt,
  hostText,
  isLetter,
  numberAt,
} from '../../../src/conntrack/helpers/sip-text.ts'

const textOf = (written: string, family: 4 | 6 = 4) => ({
  family,
  bytes: Uint8Array.from(written, character => character.charCodeAt(0)),
  start: 0,
  end: written.length,
})

describe('numbers', () => {
  it.each([
    ['0', 0],
    ['5060;x', 5060],
    ['4294967295', 4294967295],
    ['04294967295', 4294967295],
    ['4294967296', undefined],
    ['000000000001', undefined],
    ['', undefined],
    ['-1', undefined],
  ])('%s is %s', (written, value) => {
    expect(numberAt(textOf(written), 0)).toBe(value)
  })
})

describe('hosts', () => {
  it.each([
    ['10.6.0.2;', '10.6.0.2:5060'],
    ['10.6.0.2:5061>', '10.6.0.2:5061'],
    ['010.006.000.2>', '10.6.0.2:5060'],
    ['10.6.0.2:05061>', '10.6.0.2:5061'],
    ['10.6.0.2', undefined],
    ['10.6.0.2:5060', undefined],
    ['10.6.0.2:>', undefined],
    ['10.6.0.2:1023>', undefined],
    ['10.6.0.2:65536>', undefined],
    ['10.6.0.2:005060>', undefined],
    ['10.6.0.2.>', undefined],
    ['10.6.0.2a>', undefined],
    ['10.6.0.256>', undefined],
    ['10.6.2>', undefined],
    ['10.6..2>', undefined],
    ['host.example>', undefined],
  ])('%s: %s', (written, host) => {
    const found = hostAt(textOf(written), 0)
    expect(found && hostText(found.address, found.port)).toBe(host)
  })

  it.each([
    ['[2001:db8::2]:5061>', '[2001:db8::2]:5061'],
    ['[2001:DB8::2]>', '[2001:db8::2]:5060'],
    ['2001:db8::2>', undefined],
    ['[2001:db8::2>', undefined],
  ])('of IPv6, %s: %s', (written, host) => {
    const found = hostAt(textOf(written, 6), 0)
    expect(found && hostText(found.address, found.port)).toBe(host)
  })
})

describe('addresses of IPv6', () => {
  it.each([
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6::8', '1:2:3:4:5:6:0:8'],
    ['0000001::2', '1::2'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['1:2:3:4:5::1.2.3.4', '1:2:3:4:5:0:102:304'],
    ['fe80::1%lan0', 'fe80::1'],
  ])('%s is %s', (written, address) => {
    expect(addressAt(textOf(written, 6), 0, written.length, 'bare')?.address.toString()).toBe(address)
  })

  it.each([
    '1:2:3:4:5:6:7:8::',
    '1::3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '1::2:3:4:5:6:1.2.3.4',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:::2',
    ':1::2',
    '1::2:',
    '12345::',
    '::.1',
    '::1.2.3.4.',
    '::a.2.3.4',
    '',
  ])('%s is none', written => {
    expect(addressAt(textOf(written, 6), 0, written.length, 'bare')).toBeUndefined()
  })
})

it.each([
  ['a', true],
  ['Z', true],
  ['é', true],
  ['×', false],
  ['÷', false],
  ['1', false],
  ['@', false],
])('%s is a letter: %s', (character, is) => {
  expect(isLetter(character.charCodeAt(0))).toBe(is)
})

it.each([
  ['10.6.0.2', '10.6.0.2'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['::1.2.3.4', '::102:304'],
  ['2001:db8::5efe:1.2.3.4', '2001:db8::5efe:1.2.3.4'],
  ['2001:db8::200:5efe:1.2.3.4', '2001:db8::200:5efe:1.2.3.4'],
])('the kernel writes %s as %s', (address, written) => {
  expect(addressText(Address.parse(address))).toBe(written)
})
