import type { Diagnostic } from '../diagnostic.ts'
import { bytesOf } from './draft.ts'
import { hexToBytes } from './hex.ts'
import { icmpByName, parseTcpFlags } from './names.ts'
import { protocolNumber } from './protocols.ts'
import { encodeTcpOptions } from './tcp-options.ts'
import { type Draft, FIELDS, PACKET_KINDS, type PacketKind } from './text-fields.ts'
import { type Token, TokenReader } from './text-tokens.ts'
import { type Endpoint, parseEndpoint, parseNumber } from './text-values.ts'

/** The bytes that one line of the notation stands for, or all that is wrong with it. */
export type ParsedLine =
  | { readonly bytes: Uint8Array; readonly family: 4 | 6 }
  | { readonly diagnostics: readonly Diagnostic[] }

/** Parses one line of the packet notation. Never throws. */
export function parseLine(text: string, line = 1, file?: string): ParsedLine {
  const reader = new TokenReader(text, line, file)
  const packet = readPacket(reader)
  const extra = reader.next()
  if (extra !== undefined && reader.diagnostics.length === 0)
    reader.error(extra, `${extra.text} after the end of the packet`)
  return packet === undefined || reader.diagnostics.length > 0 ? { diagnostics: reader.diagnostics } : packet
}

interface PacketBytes {
  readonly bytes: Uint8Array
  readonly family: 4 | 6
}

/** Up to the end of the line or the brace that closes a quote. */
function readPacket(reader: TokenReader): PacketBytes | undefined {
  const first = reader.next()
  if (first?.text === 'raw') return readRaw(reader)
  const kind = PACKET_KINDS.find(known => known === first?.text)
  if (kind === undefined) {
    reader.error(
      first,
      `unknown kind of packet ${first?.text ?? ''}`.trimEnd(),
      `${PACKET_KINDS.join(', ')} or raw`,
    )
    return undefined
  }
  const protocol = kind === 'proto' ? readProtocol(reader) : undefined
  const ends = readEndpoints(reader, kind)
  if (ends === undefined) return undefined
  const draft = newDraft(kind, ends.source.address.family)
  if (protocol !== undefined) draft.numbers.set('proto', protocol)
  readFields(reader, draft)
  if (reader.diagnostics.length > 0) return undefined
  const optionsLength = encodeTcpOptions(draft.tcpOptions).length
  if (optionsLength > 40) {
    reader.error(first, `${optionsLength} bytes of TCP options`, 'at most 40')
    return undefined
  }
  const bytes = bytesOf(draft, ends.source, ends.destination)
  if (bytes.length > 65535 && !draft.numbers.has('totlen') && !draft.numbers.has('paylen')) {
    reader.error(
      first,
      `the packet would have ${bytes.length} bytes`,
      'at most 65535',
      'or give totlen= or paylen=',
    )
  }
  return { bytes, family: draft.family }
}

function readRaw(reader: TokenReader): PacketBytes | undefined {
  const token = reader.next()
  if (token === undefined || !/^(?:-|(?:[0-9a-f]{2})+)$/i.test(token.text)) {
    reader.error(token, 'no bytes', "hex digits, two a byte, or '-' for none")
    return undefined
  }
  const bytes = hexToBytes(token.text === '-' ? '' : token.text)
  return { bytes, family: (bytes[0] ?? 0) >> 4 === 6 ? 6 : 4 }
}

function readProtocol(reader: TokenReader): number | undefined {
  const token = reader.next()
  const text = token?.text ?? ''
  const known = protocolNumber(text)
  const protocol = parseNumber(text, 255) ?? (known !== undefined && known < 256 ? known : undefined)
  if (protocol === undefined)
    reader.error(token, 'no protocol', 'a number from 0 to 255 or a name from /etc/protocols')
  return protocol
}

const WITH_PORTS: readonly PacketKind[] = ['tcp', 'udp', 'udplite', 'sctp']

function readEndpoints(
  reader: TokenReader,
  kind: PacketKind,
): { readonly source: Endpoint; readonly destination: Endpoint } | undefined {
  const source = readEndpoint(reader, kind)
  const arrow = reader.peek()
  if (arrow?.text === '>') reader.next()
  else reader.error(arrow, "no '>' between source and destination", '>')
  const token = reader.peek()
  const destination = readEndpoint(reader, kind)
  if (source === undefined || destination === undefined) return undefined
  if (source.address.family !== destination.address.family) {
    reader.error(token, 'source and destination are of different IP versions')
    return undefined
  }
  if ((kind === 'icmp' && source.address.family === 6) || (kind === 'icmp6' && source.address.family === 4)) {
    const other = kind === 'icmp' ? 'icmp6' : 'icmp'
    reader.error(token, `${kind} between IPv${source.address.family} addresses`, undefined, `write ${other}`)
  }
  return { source, destination }
}

function readEndpoint(reader: TokenReader, kind: PacketKind): Endpoint | undefined {
  const token = reader.next()
  const withPort = WITH_PORTS.includes(kind)
  const expected = withPort
    ? 'an address with a port, like 10.0.0.1:80 or [2001:db8::1]:80'
    : 'an address, like 10.0.0.1'
  const end = token === undefined ? undefined : parseEndpoint(token.text)
  if (end === undefined) {
    reader.error(token, token === undefined ? 'no address' : `not an address: ${token.text}`, expected)
    return undefined
  }
  if (withPort && end.port === undefined) {
    const hint = `for a packet without its ports (a later fragment), write proto ${kind}`
    reader.error(token, `${kind} needs a port`, expected, hint)
  }
  if (!withPort && end.port !== undefined) reader.error(token, `${kind} has no ports`, expected)
  return end
}

function newDraft(kind: PacketKind, family: 4 | 6): Draft {
  return {
    kind,
    family,
    numbers: new Map(),
    words: new Set(),
    tcpOptions: [],
    extensions: [],
    chunks: [],
    fragment: undefined,
    ipOptions: undefined,
    trailer: undefined,
    payload: undefined,
  }
}

function readFields(reader: TokenReader, draft: Draft): void {
  const seen = new Set<string>()
  for (let token = reader.peek(); token !== undefined && token.text !== '}'; token = reader.peek()) {
    reader.next()
    if (token.text === '{') {
      readQuote(reader, draft, token)
      continue
    }
    const equals = token.text.indexOf('=')
    if (equals < 0) {
      readWord(reader, draft, token)
      continue
    }
    const name = token.text.slice(0, equals)
    if (seen.has(name) && !REPEATABLE.includes(name)) reader.error(token, `${name} is given twice`)
    seen.add(name)
    readField(reader, draft, token, name, token.text.slice(equals + 1))
  }
  if (draft.kind === 'icmp' || draft.kind === 'icmp6') {
    if (!draft.numbers.has('icmp-type'))
      reader.error(undefined, 'no ICMP type', 'a name like echo-request, or type=8/0')
  }
}

const REPEATABLE: readonly string[] = [
  'mss',
  'wscale',
  'ts',
  'sack',
  'opt',
  'chunk',
  'hopopts',
  'routing',
  'dstopts',
  'auth',
  'frag6',
  'frag',
  'fragid',
  'optrest',
]

function readField(reader: TokenReader, draft: Draft, token: Token, name: string, value: string): void {
  if (name === 'type' && draft.kind.startsWith('icmp')) {
    const [type, code] = value.split('/').map(part => parseNumber(part, 255))
    if (type === undefined || code === undefined)
      reader.error(token, `not an ICMP type: ${value}`, 'TYPE/CODE')
    else setIcmpType(draft, type, code)
    return
  }
  const rule = FIELDS.get(name)
  if (rule === undefined) {
    reader.error(token, `unknown field ${name}`, undefined, nearest(name, draft))
    return
  }
  if (rule.kinds !== undefined && !rule.kinds.includes(draft.kind)) {
    reader.error(token, `${draft.kind} has no ${name}`, undefined, `it is for ${rule.kinds.join(', ')}`)
  } else if (rule.family !== undefined && rule.family !== draft.family) {
    reader.error(token, `IPv${draft.family} has no ${name}`)
  } else if (name === 'id' && draft.family === 6 && draft.kind !== 'icmp6') {
    reader.error(token, 'IPv6 has no id', undefined, 'a fragment has: frag=0+ fragid=5')
  } else if (!rule.read(value, draft, name)) {
    reader.error(token, `wrong value for ${name}: ${value}`, rule.expected)
  }
}

/** The fields that fit a packet of this kind, for whoever mistyped one. */
function nearest(name: string, draft: Draft): string {
  const fitting = [...FIELDS].filter(
    ([, rule]) =>
      (rule.kinds === undefined || rule.kinds.includes(draft.kind)) &&
      (rule.family === undefined || rule.family === draft.family),
  )
  const names = fitting.map(([known]) => known)
  const alike = names.filter(known => known.startsWith(name.slice(0, 2)))
  return `${alike.length > 0 ? 'did you mean' : 'fields here are'} ${(alike.length > 0 ? alike : names).join(', ')}`
}

function readWord(reader: TokenReader, draft: Draft, token: Token): void {
  const { text } = token
  if (draft.kind === 'tcp') {
    const flags = parseTcpFlags(text)
    if (flags !== undefined) {
      if (draft.numbers.has('tcp-flags')) reader.error(token, 'TCP flags are given twice')
      draft.numbers.set('tcp-flags', flags)
      return
    }
    if (text === 'nop' || text === 'sackok') {
      draft.tcpOptions.push({ kind: text === 'nop' ? 'nop' : 'sack-permitted' })
      return
    }
  }
  const icmp = draft.kind.startsWith('icmp') ? icmpByName(draft.family, text) : undefined
  if (icmp !== undefined) setIcmpType(draft, icmp.type, icmp.code)
  else if (text === 'badsum' || (draft.family === 4 && ['df', 'nodf', 'evil'].includes(text)))
    draft.words.add(text)
  else
    reader.error(
      token,
      `unknown word ${text}`,
      draft.kind === 'tcp' ? 'flags like SA, or name=value' : 'name=value',
    )
}

function setIcmpType(draft: Draft, type: number, code: number): void {
  draft.numbers.set('icmp-type', type)
  draft.numbers.set('icmp-code', code)
}

function readQuote(reader: TokenReader, draft: Draft, brace: Token): void {
  if (!draft.kind.startsWith('icmp')) reader.error(brace, `${draft.kind} quotes no packet`)
  const quote = readPacket(reader)
  if (quote !== undefined) draft.payload = quote.bytes
  const close = reader.peek()
  if (close?.text === '}') reader.next()
  else if (reader.diagnostics.length === 0) reader.error(close, 'the quoted packet has no end', '}')
}
