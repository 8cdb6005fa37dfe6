import type { Network } from '../model.ts'
import type { Ran } from '../run.ts'
import { parseTarget } from '../target.ts'
import { type ConverseOptions, type ConverseResult, converse, type Dialogue } from './converse.ts'

/** How `fetchMail` goes about it. */
export interface MailOptions extends ConverseOptions {
  /** Default `user`. */
  readonly user?: string
  readonly password?: string
  /** The client program, as `ss` shows it. Default `fetchmail`. */
  readonly name?: string
}

/** What the user of `fetchMail` sees. */
export type MailResult =
  | { readonly outcome: 'answered'; readonly mails: readonly string[]; readonly text: string }
  | Exclude<ConverseResult, { outcome: 'answered' }>

/**
 * A mail client: fetches all mail from a POP3 server (RFC 1939) and quits.
 *
 * @param target `mail:110`; without a port 110
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     mail: { address: '10.0.0.2/24', services: [pop3Server({ mails: ['Hello!'] })] },
 *   },
 *   links: { lan: ['laptop', 'mail'] },
 * })
 * fetchMail(network, 'laptop', 'mail:110').result.mails // [ 'Hello!' ]
 * fetchMail(network, 'laptop', 'mail:111').result.text // 'fetchmail: mail:111: Connection refused'
 */
export function fetchMail(
  network: Network,
  from: string,
  target: string,
  options: MailOptions = {},
): Ran & { readonly result: MailResult } {
  const ran = converse(network, from, parseTarget(target, 110), pop3(options), options)
  if (ran.result.outcome !== 'answered') return { ...ran, result: ran.result }
  const mails = ran.result.replies.slice(4, -1).map(mailOf)
  const text = [`${mails.length} ${mails.length === 1 ? 'mail' : 'mails'}`, ...mails].join('\n')
  return { ...ran, result: { outcome: 'answered', mails, text } }
}

/** Replies: greeting, USER, PASS, STAT, one for each RETR, QUIT. */
function pop3({ user = 'user', password = 'secret', name = 'fetchmail' }: MailOptions): Dialogue {
  const opening = [`USER ${user}\r\n`, `PASS ${password}\r\n`, 'STAT\r\n']
  return {
    name,
    // A mail follows its `+OK` line and ends with a dot.
    isWhole: (reply, turn) =>
      reply.endsWith(turn > opening.length && reply.startsWith('+OK\r\n') ? '\r\n.\r\n' : '\r\n'),
    next(replies) {
      const before = opening[replies.length - 1]
      if (before !== undefined) return before
      const count = Number(/^\+OK (\d+)/.exec(replies[opening.length] ?? '')?.[1] ?? 0)
      const asked = replies.length - opening.length - 1
      if (asked < count) return `RETR ${asked + 1}\r\n`
      return asked === count ? 'QUIT\r\n' : undefined
    },
  }
}

/** Without the line before it, the dot behind it, and dots that were doubled. */
function mailOf(reply: string): string {
  const lines = reply.split('\r\n').slice(1, -2)
  return lines.map(line => (line.startsWith('..') ? line.slice(1) : line)).join('\n')
}
