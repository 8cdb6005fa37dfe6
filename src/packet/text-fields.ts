import { Address } from '../address.ts'
import { fragmentExtension } from './build.ts'
import type { ExtensionHeader, SctpChunk, TcpOption } from './decoded.ts'
import { NEXTHDR_AUTH, NEXTHDR_FRAGMENT } from './extension-headers.ts'
import { extensionByName } from './names.ts'
import { parseData, parseHexBytes, parseNumber } from './text-values.ts'

/** The words at the start of a line that say what it is. */
export const PACKET_KINDS = [
  'tcp',
  'udp',
  'udplite',
  'icmp',
  'icmp6',
  'sctp',
  'gre',
  'esp',
  'ah',
  'proto',
] as const
export type PacketKind = (typeof PACKET_KINDS)[number]

/** What the fields of a line say, before it is a packet. */
export interface Draft {
  readonly kind: PacketKind
  readonly family: 4 | 6
  /** Those that are just a number. */
  readonly numbers: Map<string, number>
  /** Bare words: `df`, `nodf`, `evil`, `badsum`. */
  readonly words: Set<string>
  readonly tcpOptions: TcpOption[]
  readonly extensions: ExtensionHeader[]
  readonly chunks: SctpChunk[]
  fragment: { readonly offset: number; readonly more: boolean } | undefined
  ipOptions: Uint8Array | undefined
  trailer: Uint8Array | undefined
  payload: Uint8Array | undefined
}

/** One `name=value`: which packets have it, what it looks like, and how it gets into the draft (false: it is wrong). */
export interface FieldRule {
  readonly kinds?: readonly PacketKind[]
  readonly family?: 4 | 6
  readonly expected: string
  readonly read: (value: string, draft: Draft, name: string) => boolean
}

const U16 = 0xffff
const U32 = 0xffffffff

function numberField(max: number, kinds?: readonly PacketKind[], family?: 4 | 6): FieldRule {
  return {
    ...(kinds === undefined ? {} : { kinds }),
    ...(family === undefined ? {} : { family }),
    expected: `a number from 0 to ${max}`,
    read: (value, draft, name) => readNumber(value, draft, name, max),
  }
}

function tcpOption(expected: string, read: (value: string) => TcpOption | undefined): FieldRule {
  return {
    kinds: ['tcp'],
    expected,
    read: (value, draft) => {
      const option = read(value)
      if (option !== undefined) draft.tcpOptions.push(option)
      return option !== undefined
    },
  }
}

function extension(): FieldRule {
  return {
    family: 6,
    expected: '0x and the header without its first byte, as long as its length field says',
    read: (value, draft, name) => {
      const body = parseHexBytes(value)
      const protocol = extensionByName(name)
      if (protocol === undefined || body?.length !== bodyLength(protocol, body?.[0] ?? 0)) return false
      draft.extensions.push({ protocol, body })
      return true
    },
  }
}

/** What a header's length field says about it, its first byte not counted. */
function bodyLength(protocol: number, lengthField: number): number {
  if (protocol === NEXTHDR_FRAGMENT) return 7
  return protocol === NEXTHDR_AUTH ? (lengthField + 2) * 4 - 1 : (lengthField + 1) * 8 - 1
}

function bytesField(
  key: 'ipOptions' | 'trailer' | 'payload',
  expected: string,
  read: (value: string) => Uint8Array | undefined,
  family?: 4,
): FieldRule {
  return {
    ...(family === undefined ? {} : { family }),
    expected,
    read: (value, draft) => {
      const bytes = read(value)
      if (bytes !== undefined) draft[key] = bytes
      return bytes !== undefined
    },
  }
}

/** All `name=value` fields of the notation; `len`, `data` and a quote in braces are three ways to give the payload. */
export const FIELDS: ReadonlyMap<string, FieldRule> = new Map<string, FieldRule>([
  ['seq', numberField(U32, ['tcp', 'icmp', 'icmp6', 'gre', 'esp', 'ah'])],
  ['ack', numberField(U32, ['tcp', 'gre'])],
  ['win', numberField(U16, ['tcp'])],
  ['urg', numberField(U16, ['tcp'])],
  ['doff', numberField(15, ['tcp'])],
  [
    'reserved',
    { kinds: ['tcp', 'ah'], expected: 'a number that fits its 4 (TCP) or 16 (AH) bits', read: readReserved },
  ],
  [
    'mss',
    tcpOption('a number from 0 to 65535', value => {
      const size = parseNumber(value, U16)
      return size === undefined ? undefined : { kind: 'mss', size }
    }),
  ],
  [
    'wscale',
    tcpOption('a number from 0 to 255', value => {
      const shift = parseNumber(value, 255)
      return shift === undefined ? undefined : { kind: 'window-scale', shift }
    }),
  ],
  ['ts', tcpOption('VALUE/ECHO', parseTimestamps)],
  ['sack', tcpOption('LEFT-RIGHT, more of them behind commas', parseSack)],
  ['opt', tcpOption('TYPE:0x and the data', parseUnknownOption)],
  [
    'optrest',
    tcpOption('0x and bytes', value => {
      const bytes = parseHexBytes(value)
      return bytes === undefined ? undefined : { kind: 'rest', bytes }
    }),
  ],
  ['ulen', numberField(U16, ['udp'])],
  ['cov', numberField(U16, ['udplite'])],
  ['mtu', numberField(U32, ['icmp', 'icmp6'])],
  ['rest', numberField(U32, ['icmp', 'icmp6'])],
  ['gw', { kinds: ['icmp'], expected: 'an IPv4 address', read: readGateway }],
  ['vtag', numberField(U32, ['sctp'])],
  ['chunk', { kinds: ['sctp'], expected: 'TYPE/FLAGS:0x and the value', read: readChunk }],
  ['ver', numberField(7, ['gre'])],
  ['type', numberField(U16, ['gre'])],
  ['gresum', numberField(U32, ['gre'])],
  ['key', numberField(U32, ['gre'])],
  ['flags', numberField(U16, ['gre'])],
  ['spi', numberField(U32, ['esp', 'ah'])],
  ['next', numberField(255, ['ah'])],
  ['ahlen', numberField(255, ['ah'])],
  [
    'sum',
    {
      kinds: ['tcp', 'udp', 'udplite', 'icmp', 'icmp6', 'sctp'],
      expected: 'a number of 16 bits (SCTP: 32)',
      read: readChecksum,
    },
  ],
  ['len', bytesField('payload', 'a number from 0 to 65535', parseZeros)],
  ['data', bytesField('payload', '"text" or 0x and bytes', parseData)],
  ['ttl', numberField(255)],
  ['tos', numberField(255)],
  ['id', numberField(U16)],
  ['ipid', numberField(U16, undefined, 4)],
  ['frag', { expected: 'OFFSET, a multiple of 8, with + if more follow', read: readFragment }],
  [
    'fragid',
    {
      family: 6,
      expected: 'a number from 0 to 4294967295, behind the frag= it is for',
      read: readFragmentId,
    },
  ],
  ['ipopts', bytesField('ipOptions', '0x and at most 40 bytes', parseIpOptions, 4)],
  ['totlen', numberField(U16, undefined, 4)],
  ['ipsum', numberField(U16, undefined, 4)],
  ['paylen', numberField(U16, undefined, 6)],
  ['flow', numberField(0xfffff, undefined, 6)],
  ['hopopts', extension()],
  ['routing', extension()],
  ['dstopts', extension()],
  ['auth', extension()],
  ['frag6', extension()],
  ['trailer', bytesField('trailer', '0x and bytes', parseHexBytes)],
])

function parseZeros(value: string): Uint8Array | undefined {
  const length = parseNumber(value, U16)
  return length === undefined ? undefined : new Uint8Array(length)
}

function parseIpOptions(value: string): Uint8Array | undefined {
  const bytes = parseHexBytes(value)
  return bytes === undefined || bytes.length > 40 ? undefined : bytes
}

function parseTimestamps(value: string): TcpOption | undefined {
  const [first, second, ...more] = value.split('/').map(part => parseNumber(part, U32))
  return first === undefined || second === undefined || more.length > 0
    ? undefined
    : { kind: 'timestamps', value: first, echo: second }
}

function parseSack(value: string): TcpOption | undefined {
  const blocks: (readonly [number, number])[] = []
  for (const block of value.split(',')) {
    const [left, right, ...more] = block.split('-').map(part => parseNumber(part, U32))
    if (left === undefined || right === undefined || more.length > 0) return undefined
    blocks.push([left, right])
  }
  return { kind: 'sack', blocks }
}

function parseUnknownOption(value: string): TcpOption | undefined {
  const [number = '', hex = ''] = value.split(':')
  const type = parseNumber(number, 255)
  const data = parseHexBytes(hex)
  return type === undefined || data === undefined || data.length > 38
    ? undefined
    : { kind: 'unknown', type, data }
}

function readGateway(value: string, draft: Draft): boolean {
  const address = Address.tryParse(value)
  if (address?.family !== 4) return false
  draft.numbers.set('rest', address.w0 >>> 0)
  return true
}

function readChunk(value: string, draft: Draft): boolean {
  const match = /^(\w+)\/(\w+):(0x[0-9a-f]*)$/i.exec(value)
  const type = parseNumber(match?.[1] ?? '', 255)
  const flags = parseNumber(match?.[2] ?? '', 255)
  const bytes = parseHexBytes(match?.[3] ?? '')
  if (type === undefined || flags === undefined || bytes === undefined || bytes.length > 65531) return false
  draft.chunks.push({ type, flags, value: bytes })
  return true
}

function readFragment(value: string, draft: Draft): boolean {
  const offset = parseNumber(value.replace(/\+$/, ''), 65528)
  if (offset === undefined || offset % 8 !== 0) return false
  const more = value.endsWith('+')
  if (draft.family === 4) draft.fragment = { offset, more }
  else draft.extensions.push(fragmentExtension(offset, more, 1))
  return true
}

/** `fragid=` names the datagram of the `frag=` before it. */
function readFragmentId(value: string, draft: Draft): boolean {
  const last = draft.extensions.at(-1)
  const identification = parseNumber(value, U32)
  if (last?.protocol !== NEXTHDR_FRAGMENT || identification === undefined) return false
  const field = (last.body[1]! << 8) | last.body[2]!
  draft.extensions.pop()
  draft.extensions.push(fragmentExtension(field & 0xfff8, (field & 1) !== 0, identification))
  return true
}

function readReserved(value: string, draft: Draft): boolean {
  return readNumber(value, draft, 'reserved', draft.kind === 'tcp' ? 15 : U16)
}

function readChecksum(value: string, draft: Draft): boolean {
  return readNumber(value, draft, 'sum', draft.kind === 'sctp' ? U32 : U16)
}

function readNumber(value: string, draft: Draft, name: string, max: number): boolean {
  const number = parseNumber(value, max)
  if (number !== undefined) draft.numbers.set(name, number)
  return number !== undefined
}
