/** Messages of SIP (RFC 3261) with session descriptions (RFC 8866), as phones and their servers send them. */

/** Who asks and who is asked, as hosts of URIs: an IPv4 address, an IPv6 address in brackets, or what stands for one. */
export interface Ends {
  readonly from: string
  readonly to: string
}

interface More {
  readonly cseq?: number
  /** Where answers go; default: port 5060 of who asks. */
  readonly via?: string
  /** Further headers, each with its end of line. */
  readonly headers?: string
  readonly body?: string
  /** Of the body, where that will change. */
  readonly length?: string
  readonly transport?: 'UDP' | 'TCP'
}

export function request(method: string, ends: Ends, more: More = {}): string {
  return `${method} sip:b@${ends.to} SIP/2.0\r\n${rest(method, ends, more)}`
}

/** To a request of who asks. */
export function answer(code: number, method: string, ends: Ends, more: More = {}): string {
  return `SIP/2.0 ${code} Whatever\r\n${rest(method, ends, more)}`
}

/**
 * A session description.
 *
 * @param address behind `IN IP4 ` or `IN IP6 `
 * @param media each as `audio 5004`
 */
export function description(version: 4 | 6 | string, address: string, ...media: readonly string[]): string {
  const named = `IN IP${version} ${address}`
  const lines = media.map(one => `m=${one} RTP/AVP 0\r\n`).join('')
  return `v=0\r\no=- 1 1 ${named}\r\ns=-\r\nc=${named}\r\nt=0 0\r\n${lines}`
}

function rest(method: string, { from, to }: Ends, more: More): string {
  const { cseq = 1, via = `${from}:5060`, headers = '', body = '', transport = 'UDP' } = more
  return [
    `Via: SIP/2.0/${transport} ${via};branch=z9hG4bK1`,
    `From: <sip:a@${from}>;tag=1`,
    `To: <sip:b@${to}>`,
    'Call-ID: 1@example.com',
    `CSeq: ${cseq} ${method}`,
    `${headers}Content-Length: ${more.length ?? body.length}`,
    '',
    body,
  ].join('\r\n')
}
