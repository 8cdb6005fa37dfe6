import type { Program } from '../process.ts'
import { type LineServerState, lineServer } from './line-server.ts'

/** Where a mail server listens, and the mails that it has. */
export interface Pop3ServerOptions {
  /** Default 110. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `dovecot`. */
  readonly name?: string
  /** The mails in everybody's mailbox. */
  readonly mails?: readonly string[]
}

/**
 * A mail server for `fetchMail` (RFC 1939: USER, PASS, STAT, LIST, RETR, NOOP, QUIT). It lets everybody in.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     mail: { address: '10.0.0.2/24', services: [pop3Server({ mails: ['Hello!'] })] },
 *   },
 *   links: { lan: ['laptop', 'mail'] },
 * })
 * fetchMail(network, 'laptop', 'mail').result.mails // [ 'Hello!' ]
 */
export function pop3Server(options: Pop3ServerOptions = {}): Program<LineServerState> {
  const { port = 110, address, name = 'dovecot', mails = [] } = options
  return lineServer({
    port,
    address,
    name,
    greeting: '+OK POP3 server ready',
    lineEnd: '\r\n',
    reply: line => reply(line, mails),
    isLast: line => /^QUIT$/i.test(line),
  })
}

function reply(line: string, mails: readonly string[]): string {
  const [command = '', argument] = line.split(' ')
  switch (command.toUpperCase()) {
    case 'USER':
    case 'PASS':
    case 'NOOP':
      return '+OK'
    case 'STAT':
      return `+OK ${mails.length} ${mails.reduce((sum, mail) => sum + octetsOf(mail), 0)}`
    case 'LIST':
      return ['+OK', ...mails.map((mail, at) => `${at + 1} ${octetsOf(mail)}`), '.'].join('\r\n')
    case 'RETR': {
      const mail = mails[Number(argument) - 1]
      return mail === undefined ? '-ERR no such message' : `+OK\r\n${stuffed(mail)}\r\n.`
    }
    case 'QUIT':
      return '+OK bye'
    default:
      return '-ERR unknown command'
  }
}

function octetsOf(mail: string): number {
  return new TextEncoder().encode(mail).length
}

/** Lines that begin with a dot get another one (RFC 1939 section 3). */
function stuffed(mail: string): string {
  return mail.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')
}
