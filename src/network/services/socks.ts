import { Address } from '../../address.ts'
import type { ProcessEvent, Unreachable } from '../process.ts'
import { toText } from '../process.ts'
import type { Target } from '../target.ts'

/*
 * The bytes of SOCKS5 (RFC 1928), CONNECT without authentication:
 *
 *     client  05 01 00                       methods: none needed
 *     server  05 00                          so be it
 *     client  05 01 00 TYPE HOST PORT        connect
 *     server  05 CODE 00 01 0.0.0.0 0        done, or why not
 */

/** What the client says first: version 5, one method, none needed. */
export const SOCKS_GREETING = Uint8Array.of(5, 1, 0)
/** What the server says to it. */
export const SOCKS_METHOD = Uint8Array.of(5, 0)
/** What it says to a client that knows no method without authentication. */
export const SOCKS_NO_METHOD = Uint8Array.of(5, 0xff)

const IPV4 = 1
const NAME = 3
const IPV6 = 4

/** Codes of the server's last word (RFC 1928 section 6). */
export const SOCKS_OK = 0
const SOCKS_FAILED = 1
const SOCKS_NOT_ALLOWED = 2
const SOCKS_NETWORK = 3
const SOCKS_HOST = 4
export const SOCKS_REFUSED = 5
const SOCKS_COMMAND = 7
const SOCKS_TYPE = 8

/** The request for a connection; names are sent as names, so that the server resolves them. */
export function socksRequest({ host, port }: Target): Uint8Array {
  const address = Address.tryParse(host)
  const end = [port >> 8, port & 0xff]
  if (address === undefined) {
    const name = new TextEncoder().encode(host)
    return Uint8Array.of(5, 1, 0, NAME, name.length, ...name, ...end)
  }
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16)
  address.write(bytes, 0)
  return Uint8Array.of(5, 1, 0, address.family === 4 ? IPV4 : IPV6, ...bytes, ...end)
}

/** The server's last word. */
export function socksReply(code: number): Uint8Array {
  return Uint8Array.of(5, code, 0, IPV4, 0, 0, 0, 0, 0, 0)
}

/** The code for a connection that did not come about. */
export function socksCode(
  event: Extract<ProcessEvent, { kind: 'refused' | 'unreachable' | 'timeout' }>,
): number {
  if (event.kind === 'refused') return SOCKS_REFUSED
  if (event.kind === 'timeout') return SOCKS_HOST
  const codes: Partial<Record<Unreachable, number>> = {
    'network-unreachable': SOCKS_NETWORK,
    prohibited: SOCKS_NOT_ALLOWED,
    'not-permitted': SOCKS_NOT_ALLOWED,
  }
  return codes[event.error] ?? SOCKS_HOST
}

/** In words, as curl prints it. */
export function socksError(code: number): string {
  const words: Readonly<Record<number, string>> = {
    [SOCKS_FAILED]: 'general failure',
    [SOCKS_NOT_ALLOWED]: 'connection not allowed by ruleset',
    [SOCKS_NETWORK]: 'network unreachable',
    [SOCKS_HOST]: 'host unreachable',
    [SOCKS_REFUSED]: 'connection refused',
    [SOCKS_COMMAND]: 'command not supported',
    [SOCKS_TYPE]: 'address type not supported',
  }
  return words[code] ?? `error ${code}`
}

/** What a server reads of a client's half of the handshake. */
export type SocksHeard =
  /** More has to come. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'greeting'; readonly acceptable: boolean; readonly rest: Uint8Array }
  | { readonly kind: 'request'; readonly target: Target; readonly rest: Uint8Array }
  /** Cannot be served: the code to say so with, if the client speaks SOCKS at all. */
  | { readonly kind: 'wrong'; readonly code: number | undefined }

export function readSocksGreeting(data: Uint8Array): SocksHeard {
  if (data.length > 0 && data[0] !== 5) return { kind: 'wrong', code: undefined }
  const end = 2 + (data[1] ?? 0)
  if (data.length < Math.max(3, end)) return { kind: 'incomplete' }
  return { kind: 'greeting', acceptable: data.subarray(2, end).includes(0), rest: data.subarray(end) }
}

export function readSocksRequest(data: Uint8Array): SocksHeard {
  if (data.length < 5) return { kind: 'incomplete' }
  const [version, command, , type] = data
  if (version !== 5) return { kind: 'wrong', code: undefined }
  if (command !== 1) return { kind: 'wrong', code: SOCKS_COMMAND }
  if (type !== IPV4 && type !== NAME && type !== IPV6) return { kind: 'wrong', code: SOCKS_TYPE }
  const from = type === NAME ? 5 : 4
  const to = from + (type === NAME ? data[4]! : type === IPV4 ? 4 : 16)
  if (data.length < to + 2) return { kind: 'incomplete' }
  const host =
    type === NAME
      ? toText(data.subarray(from, to))
      : Address.read(type === IPV4 ? 4 : 6, data, from).toString()
  return {
    kind: 'request',
    target: { host, port: (data[to]! << 8) | data[to + 1]! },
    rest: data.subarray(to + 2),
  }
}

/** What a client has heard once its request is answered: the code, and what already came behind it. */
export function readSocksReply(
  data: Uint8Array,
): { readonly code: number; readonly rest: Uint8Array } | undefined {
  if (data.length < 5) return undefined
  const length = data[3] === IPV6 ? 22 : data[3] === NAME ? 7 + data[4]! : 10
  return data.length < length ? undefined : { code: data[1]!, rest: data.subarray(length) }
}
