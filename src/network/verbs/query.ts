import type { Network } from '../model.ts'
import { toBytes } from '../process.ts'
import type { Ran } from '../run.ts'
import { parseRows, queryMessage } from '../services/database.ts'
import { parseTarget } from '../target.ts'
import { type ConverseOptions, type ConverseResult, converse, type Dialogue } from './converse.ts'

/** How `query` goes about it. */
export interface QueryOptions extends ConverseOptions {
  /** The client program, as `ss` shows it. Default `psql`. */
  readonly name?: string
}

/** What the user of `query` sees. */
export type QueryResult =
  | { readonly outcome: 'answered'; readonly rows: readonly string[]; readonly text: string }
  | Exclude<ConverseResult, { outcome: 'answered' }>

/**
 * A database client: connects to a `database` service, asks one thing and hangs up.
 *
 * @param target `db:5432`; without a port 5432
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     app: { address: '10.0.0.1/24' },
 *     db: { address: '10.0.0.2/24', services: [database({ rows: { 'SELECT 1': ['1'] } })] },
 *   },
 *   links: { lan: ['app', 'db'] },
 * })
 * query(network, 'app', 'db:5432', 'SELECT 1').result.rows // [ '1' ]
 */
export function query(
  network: Network,
  from: string,
  target: string,
  sql: string,
  options: QueryOptions = {},
): Ran & { readonly result: QueryResult } {
  const dialogue: Dialogue = {
    name: options.name ?? 'psql',
    isWhole: (reply, turn) => (turn === 0 ? reply.endsWith('\n') : rowsOf(reply) !== undefined),
    next: replies => (replies.length === 1 ? queryMessage(sql) : undefined),
  }
  const ran = converse(network, from, parseTarget(target, 5432), dialogue, options)
  if (ran.result.outcome !== 'answered') return { ...ran, result: ran.result }
  const text = rowsOf(ran.result.replies[1]!)!
  return { ...ran, result: { outcome: 'answered', rows: text === '' ? [] : text.split('\n'), text } }
}

function rowsOf(reply: string): string | undefined {
  return parseRows(toBytes(`greeting\n${reply}`))
}
