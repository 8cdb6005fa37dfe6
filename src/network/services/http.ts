import { toText } from '../process.ts'

/** As much of HTTP/1.1 as a firewall's examples need: one message, a body with its length, no chunks. */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** An HTTP response, read. */
export interface HttpResponse {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const REASONS: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  530: 'No Tunnel',
}

const REQUEST_LINE = /^([A-Za-z]+) (\S+) HTTP\/1\.[01]$/

/**
 * A request as text, for one connection.
 *
 * @example
 * formatRequest('GET', '/', 'web').split('\r\n')[0] // 'GET / HTTP/1.1'
 */
export function formatRequest(
  method: string,
  path: string,
  host: string,
  body = '',
  headers: Readonly<Record<string, string>> = {},
): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  lines.push('Connection: close')
  if (body !== '') lines.push(`Content-Length: ${byteLength(body)}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/**
 * A response as text.
 *
 * @example
 * formatResponse(404, 'not found').split('\r\n')[0] // 'HTTP/1.1 404 Not Found'
 */
export function formatResponse(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  lines.push(`Content-Length: ${byteLength(body)}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/**
 * Undefined while the request is not complete.
 *
 * @example
 * parseRequest(toBytes('GET / HTTP/1.1\r\n')) // undefined
 * parseRequest(toBytes('GET / HTTP/1.1\r\nHost: web\r\n\r\n')).headers.get('host') // 'web'
 */
export function parseRequest(data: Uint8Array): HttpRequest | undefined {
  const message = splitMessage(data)
  const match = REQUEST_LINE.exec(message?.first ?? '')
  if (message === undefined || match === null) return undefined
  return { method: match[1]!, path: match[2]!, headers: message.headers, body: message.body }
}

/** Whether it cannot become a request, whatever follows. */
export function isNotHttp(data: Uint8Array): boolean {
  const text = toText(data.subarray(0, 4096))
  const end = text.search(/\r?\n/)
  if (end >= 0) return !REQUEST_LINE.test(text.slice(0, end))
  return !/^[A-Za-z]{0,20}( \S*( [HTP/1.0]{0,8}\r?)?)?$/.test(text)
}

/**
 * Undefined while the response is not complete.
 *
 * @example
 * parseResponse(toBytes('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')).body // 'hi'
 */
export function parseResponse(data: Uint8Array): HttpResponse | undefined {
  const message = splitMessage(data)
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(message?.first ?? '')
  if (message === undefined || match === null) return undefined
  return { status: Number(match[1]), headers: message.headers, body: message.body }
}

function splitMessage(
  data: Uint8Array,
): { first: string; headers: Map<string, string>; body: string } | undefined {
  const end = headerEnd(data)
  if (end < 0) return undefined
  const [first = '', ...lines] = toText(data.subarray(0, end)).split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const length = Number(headers.get('content-length') ?? 0)
  const body = data.subarray(end + 4)
  return body.length < length ? undefined : { first, headers, body: toText(body.subarray(0, length)) }
}

function headerEnd(data: Uint8Array): number {
  for (let at = 0; at + 3 < data.length; at++)
    if (data[at] === 13 && data[at + 1] === 10 && data[at + 2] === 13 && data[at + 3] === 10) return at
  return -1
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
