/** Messages of SIP (RFC 3261) with session descriptions (RFC 8866), as packet scripts take them. */

/** A client and the server that it speaks to: their addresses in the headers. */
export interface Ends {
  readonly from: string
  readonly to: string
}

interface More {
  readonly cseq?: number
  /** Further headers, each with its end of line. */
  readonly headers?: string
  readonly body?: string
  readonly transport?: 'UDP' | 'TCP'
}

export function request(method: string, ends: Ends, more: More = {}): string {
  return `${method} sip:b@${host(ends.to)} SIP/2.0\r\n${rest(method, ends, more)}`
}

export function answer(code: number, method: string, ends: Ends, more: More = {}): string {
  return `SIP/2.0 ${code} Whatever\r\n${rest(method, ends, more)}`
}

export function description(address: string, ...media: readonly string[]): string {
  const named = `IN IP${address.includes(':') ? 6 : 4} ${address}`
  const lines = media.map(one => `m=${one} RTP/AVP 0\r\n`).join('')
  return `v=0\r\no=- 1 1 ${named}\r\ns=-\r\nc=${named}\r\nt=0 0\r\n${lines}`
}

/** A line of a packet script: a datagram from and to port 5060, or the ports that are named. */
export function send(device: string, { from, to }: Ends, message: string): string {
  return `${device}: udp ${end(from)} > ${end(to)} data=${JSON.stringify(message)}`
}

function rest(
  method: string,
  { from, to }: Ends,
  { cseq = 1, headers = '', body = '', transport = 'UDP' }: More,
): string {
  return [
    `Via: SIP/2.0/${transport} ${end(from)};branch=z9hG4bK1`,
    `From: <sip:a@${host(from)}>;tag=1`,
    `To: <sip:b@${host(to)}>`,
    'Call-ID: 1@example.com',
    `CSeq: ${cseq} ${method}`,
    `${headers}Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

/** With the port 5060, unless one is there. */
function end(address: string): string {
  return /^\d+[\d.]*:|\]:/.test(address) ? address : `${host(address)}:5060`
}

function host(address: string): string {
  return /:.*:/.test(address) && !address.includes('[') ? `[${address}]` : address
}
