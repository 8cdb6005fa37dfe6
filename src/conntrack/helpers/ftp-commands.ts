import { Address } from '../../address.ts'
import { isDigit, latin1, startsWithIgnoringCase } from './payload.ts'

/** Where an address and port stand in a command, and what they say. */
export interface FtpMatch {
  readonly command: FtpCommand
  /** Offset and length of the address text within the line; this is what NAT replaces. */
  readonly offset: number
  readonly length: number
  /** Undefined: not mentioned (EPSV). */
  readonly address: Address | undefined
  readonly port: number
}

export interface FtpCommand {
  readonly pattern: string
  /** Everything up to and including this character is skipped behind the pattern. */
  readonly skip: string
  readonly kind: 'port' | 'eprt' | 'pasv' | 'epsv'
}

/** What announces a data connection, per direction: the client's commands, the server's answers. */
export const FTP_COMMANDS: readonly (readonly FtpCommand[])[] = [
  [
    { pattern: 'PORT', skip: ' ', kind: 'port' },
    { pattern: 'EPRT', skip: ' ', kind: 'eprt' },
  ],
  [
    { pattern: '227 ', skip: '', kind: 'pasv' },
    { pattern: '229 ', skip: '(', kind: 'epsv' },
  ],
]

/** 'partial': it looks like the command but cannot be read to its end, and must not pass. */
export function matchFtpCommand(
  line: Uint8Array,
  command: FtpCommand,
  family: 4 | 6,
): FtpMatch | 'partial' | undefined {
  const { pattern, skip, kind } = command
  if (line.length <= pattern.length)
    return startsWithIgnoringCase(line, 0, pattern, line.length) ? 'partial' : undefined
  if (!startsWithIgnoringCase(line, 0, pattern)) return undefined
  let at = pattern.length
  if (skip !== '') {
    while (line[at] !== skip.charCodeAt(0)) if (at++ === line.length - 1) return 'partial'
    at++
  }
  const read = READERS[kind](line, at, family)
  return read === undefined ? 'partial' : { command, ...read }
}

/** The same address and port in the notation of a command (`nf_nat_ftp_fmt_cmd`). */
export function formatFtpAddress(kind: FtpCommand['kind'], address: Address, port: number): string {
  switch (kind) {
    case 'port':
    case 'pasv':
      return `${address.toString().replaceAll('.', ',')},${port >> 8},${port & 0xff}`
    case 'eprt':
      return address.family === 4 ? `|1|${address}|${port}|` : `|2|${uncompressed(address)}|${port}|`
    case 'epsv':
      return `|||${port}|`
    default:
      return kind satisfies never
  }
}

type Reading = Pick<FtpMatch, 'offset' | 'length' | 'address' | 'port'>

const READERS: Record<
  FtpCommand['kind'],
  (line: Uint8Array, at: number, family: 4 | 6) => Reading | undefined
> = {
  port: (line, at) => readSixNumbers(line, at, '\r'),
  pasv(line, at) {
    // RFC 1123 4.1.2.6: not everybody writes the parentheses; look for the first digit.
    let first = at
    while (first < line.length && !isDigit(line[first])) first++
    return first === line.length ? undefined : readSixNumbers(line, first, '')
  },
  eprt: readEprt,
  epsv(line, at) {
    const delimiter = line[at]
    if (line.length - at <= 3 || !isDelimiter(delimiter)) return undefined
    if (line[at + 1] !== delimiter || line[at + 2] !== delimiter) return undefined
    const port = readPort(line, at + 3, delimiter!)
    return port && { offset: at, length: port.end - at, address: undefined, port: port.port }
  },
}

/** `192,168,1,1,5,6`: address and port by bytes; values above 255 overflow as in the kernel. */
function readSixNumbers(line: Uint8Array, at: number, terminator: string): Reading | undefined {
  const read = readNumbers(line, at, 6, ',', terminator)
  if (read === undefined) return undefined
  const [a, b, c, d, high, low] = read.numbers
  return {
    offset: at,
    length: read.length,
    address: Address.v4((a! << 24) | (b! << 16) | (c! << 8) | d!),
    port: ((high! << 8) | low!) & 0xffff,
  }
}

/** `|1|132.235.1.2|6275|` or `|2|3ffe::1|6275|`, with any delimiter (RFC 2428). */
function readEprt(line: Uint8Array, at: number, family: 4 | 6): Reading | undefined {
  const delimiter = line[at]
  if (line.length - at <= 3 || !isDelimiter(delimiter) || line[at + 2] !== delimiter) return undefined
  if (line[at + 1] !== (family === 4 ? 0x31 : 0x32)) return undefined
  const text = family === 4 ? readIpv4(line, at + 3, delimiter!) : readIpv6(line, at + 3, delimiter!)
  if (text === undefined) return undefined
  const port = readPort(line, at + 3 + text.length + 1, delimiter!)
  return port && { offset: at, length: port.end - at, address: text.address, port: port.port }
}

function readIpv4(line: Uint8Array, at: number, delimiter: number) {
  const read = readNumbers(line, at, 4, '.', String.fromCharCode(delimiter))
  if (read === undefined) return undefined
  const [a, b, c, d] = read.numbers
  return { length: read.length, address: Address.v4((a! << 24) | (b! << 16) | (c! << 8) | d!) }
}

function readIpv6(line: Uint8Array, at: number, delimiter: number) {
  const end = line.indexOf(delimiter, at)
  if (end < 0) return undefined
  const address = Address.tryParse(latin1(line, at, end))
  return address?.family === 6 ? { length: end - at, address } : undefined
}

/** Decimal numbers with separators between them, up to the terminator (any other character, if there is none). */
function readNumbers(line: Uint8Array, at: number, count: number, separator: string, terminator: string) {
  const numbers = new Array<number>(count).fill(0)
  let index = 0
  for (let i = at; i < line.length && index < count; i++) {
    const character = line[i]!
    if (isDigit(character)) numbers[index] = (Math.imul(numbers[index]!, 10) + character - 0x30) | 0
    else if (character === separator.charCodeAt(0)) index++
    else {
      const ends = terminator === '' || character === terminator.charCodeAt(0)
      return ends && index === count - 1 && i > at ? { numbers, length: i - at } : undefined
    }
  }
  return undefined
}

function readPort(line: Uint8Array, at: number, delimiter: number) {
  let port = 0
  for (let i = at; i < line.length; i++) {
    const character = line[i]!
    if (character === delimiter) return port === 0 ? undefined : { port, end: i + 1 }
    if (!isDigit(character)) return undefined
    port = (port * 10 + character - 0x30) & 0xffff
  }
  return undefined
}

function isDelimiter(character: number | undefined): boolean {
  return character !== undefined && !isDigit(character) && character >= 33 && character <= 126
}

/** The kernel's `%pI6`: eight groups of four digits. */
function uncompressed({ w0, w1, w2, w3 }: Address): string {
  const group = (value: number) => (value & 0xffff).toString(16).padStart(4, '0')
  return [w0, w1, w2, w3].map(word => `${group(word >>> 16)}:${group(word)}`).join(':')
}
