import { type Program, toText } from '../process.ts'
import { type LineServerState, lineServer } from './line-server.ts'

/** Where a database listens, and what it knows. */
export interface DatabaseOptions {
  /** Default 5432. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `postgres`. */
  readonly name?: string
  /** Said to everybody who connects, as MySQL does. Default `ready`. */
  readonly greeting?: string
  /** Rows by query; every other query has none. */
  readonly rows?: { readonly [query: string]: readonly string[] }
}

/**
 * A database server: it speaks first, and the connection stays open for any number of queries. The protocol stands for
 * those of MySQL and PostgreSQL in what a firewall can see of it; it is lines of text: a query a line, then the rows, and
 * `OK 2 rows`.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     app: { address: '10.0.0.1/24' },
 *     db: { address: '10.0.0.2/24', services: [database({ rows: { 'SELECT name FROM items': ['apple', 'pear'] } })] },
 *   },
 *   links: { lan: ['app', 'db'] },
 * })
 * query(network, 'app', 'db', 'SELECT name FROM items').result.text.split('\n') // [ 'apple', 'pear' ]
 */
export function database(options: DatabaseOptions = {}): Program<LineServerState> {
  const { port = 5432, address, name = 'postgres', greeting = 'ready', rows = {} } = options
  return lineServer({
    port,
    address,
    name,
    greeting,
    lineEnd: '\n',
    reply: query => {
      const found = Object.hasOwn(rows, query) ? rows[query]! : []
      return [...found, `OK ${found.length} rows`].join('\n')
    },
  })
}

/** What a client sends for a query. */
export function queryMessage(query: string): string {
  return `${query}\n`
}

/** The rows of the first answer, one a line, without the greeting; undefined while it is not complete. */
export function parseRows(data: Uint8Array): string | undefined {
  const [, ...lines] = toText(data).split('\n')
  const end = lines.findIndex((line, at) => /^OK \d+ rows$/.test(line) && at < lines.length - 1)
  return end < 0 ? undefined : lines.slice(0, end).join('\n')
}
