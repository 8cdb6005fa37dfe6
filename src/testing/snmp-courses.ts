/** SNMP (RFC 3416): questions, answers and notifications in BER. `{raw}` are the four bytes of the speaker's address. */
import type { Line } from './course-lines.ts'

const byte = (value: number): string => String.fromCharCode(value)
/** `{raw}` is five characters that become four. */
const lengthOf = (text: string): number => text.length - (text.split('{raw}').length - 1)
const value = (tag: number, content: string): string => byte(tag) + byte(lengthOf(content)) + content
/** Its length in two bytes, as agents like to write it. */
const long = (tag: number, content: string): string =>
  `${byte(tag)}\x82${byte(lengthOf(content) >> 8)}${byte(lengthOf(content) & 0xff)}${content}`
/** Its length is told by its end. */
const open = (tag: number, content: string): string => `${byte(tag)}\x80${content}\0\0`

type Form = typeof value
const NUMBER = value(0x02, '\x07')
const OWN = value(0x40, '{raw}')
const NAME = value(0x06, '+\x06\x01\x02\x01\x04\x14\x01\x01')

function message(pdu: number, values: readonly string[], version = 1, form: Form = value): string {
  const pairs = values.map(one => form(0x30, NAME + one)).join('')
  const body = NUMBER + value(0x02, '\0') + value(0x02, '\0') + form(0x30, pairs)
  return form(0x30, value(0x02, byte(version)) + value(0x04, 'public') + form(pdu, body))
}

const EVERYTHING = [
  NUMBER,
  OWN,
  value(0x41, '\x01\x02'),
  value(0x43, '\x01'),
  value(0x04, 'abc'),
  value(0x05, ''),
  value(0x82, ''),
]

export const SNMP: readonly (readonly Line[])[] = [
  [
    [0, '', message(0xa0, [value(0x05, '')])],
    [1, '', message(0xa2, [OWN, NUMBER, OWN])],
    [0, '', message(0xa5, [OWN, value(0x44, 'x'), OWN], 0, long)],
    [1, '', message(0xa2, EVERYTHING, 0, long)],
    [0, '', message(0xa1, [OWN], 3)],
    [1, '', message(0xa2, [OWN, OWN], 1, open)],
  ],
  [
    [0, '', message(0xa7, EVERYTHING)],
    [1, '', message(0xa2, EVERYTHING, 1, open)],
    [0, '', message(0xa4, [OWN], 0)],
    [0, '', message(0xa6, [value(0x42, '\x01'), value(0x46, '\x01'), OWN], 1, open)],
    [1, '', message(0xa8, [])],
  ],
]

/** A line with the four bytes of an address of IPv4 in it. */
export function withRawAddress(text: string, address: string): string {
  return text.replaceAll('{raw}', () => String.fromCharCode(...address.split('.').map(Number)))
}
