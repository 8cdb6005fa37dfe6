import { timeText } from '../duration.ts'
import type { Attempt } from './connections.ts'
import { wrap } from './hop-text.ts'

/** A table of a report: the first row is the heading. */
export interface ReportTable {
  readonly title: string
  readonly rows: readonly (readonly string[])[]
}

/**
 * Connection type, direction, who initiated, default policy, verdict.
 *
 * @param attempts of {@link attemptsOf}
 * @returns a row for each kind, with how many there were and an example
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * summaryTable(attemptsOf(run)).rows[1].slice(0, 5) // [ 'Within one side', 'Internal → Internal', 'internal', 'ALLOW', 'DENIED' ]
 */
export function summaryTable(attempts: readonly Attempt[]): ReportTable {
  const rows = new Map<string, { cells: string[]; count: number }>()
  const add = (cells: string[], example: string): void => {
    const key = cells.join('\n')
    const known = rows.get(key)
    if (known === undefined) rows.set(key, { cells: [...cells, example], count: 1 })
    else known.count++
  }
  for (const { type, initiator, target, defaultPolicy, verdict, from, to, answers, answeredBy } of attempts) {
    const policy = defaultPolicy ?? '-'
    add(
      [type, `${capital(initiator)} → ${capital(target)}`, initiator, policy, verdict.toUpperCase()],
      `${from} → ${to}`,
    )
    if (answers > 0 && answeredBy !== '')
      add(
        [
          'Response traffic',
          `${capital(target)} → ${capital(initiator)}`,
          initiator,
          policy,
          'ALLOWED (tracked)',
        ],
        `${to} → ${from}`,
      )
  }
  const heading = ['connection type', 'direction', 'initiated by', 'default', 'verdict', 'count', 'example']
  const body = [...rows.values()].map(({ cells, count }) => [...cells.slice(0, 5), String(count), cells[5]!])
  return { title: 'Summary', rows: [heading, ...body] }
}

/**
 * Every attempt with time, both ends, verdict, rule.
 *
 * @param attempts of {@link attemptsOf}
 * @param title of the table
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * auditTable(attemptsOf(run)).rows[1] // [ '0 ms', '1', 'tcp', '10.0.0.1:40000', '10.0.0.2:23', 'denied (2×)', 'b filter/INPUT:1' ]
 */
export function auditTable(
  attempts: readonly Attempt[],
  title = 'Audit: every connection attempt',
): ReportTable {
  const heading = ['time', 'step', 'proto', 'from', 'to', 'verdict', 'decided by']
  const body = attempts.map(({ atMs, step, protocol, from, to, finalTo, verdict, tries, by }) => [
    timeText(atMs),
    shortLabel(step),
    protocol,
    from,
    to,
    `${verdict}${tries > 1 ? ` (${tries}×)` : ''}`,
    finalTo === to ? by : `${by}, at ${finalTo}`,
  ])
  return { title, rows: [heading, ...body] }
}

/** The same of what leaves the site. */
export function outboundTable(attempts: readonly Attempt[]): ReportTable {
  return auditTable(attempts, 'Outbound: data leaving, or trying to')
}

/** `8.only known destinations.2` as `8.only known d….2`. */
function shortLabel(label: string): string {
  const [first = '', branch, ...rest] = label.split('.')
  if (branch === undefined) return first
  const short = branch.length > 14 ? `${branch.slice(0, 13)}…` : branch
  return [first, short, ...rest].join('.')
}

function capital(text: string): string {
  return text === 'dmz' ? 'DMZ' : text[0]!.toUpperCase() + text.slice(1)
}

/**
 * As text of a given width: what does not fit beside the rest goes on a line of its own below.
 *
 * @param width in columns
 * @returns its lines, without the title; `none` for a table without rows
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * console.log(tableText(auditTable(attemptsOf(run)), 100).join('\n'))
 * //   time  step  proto  from            to           verdict      decided by
 * //   0 ms  1     tcp    10.0.0.1:40000  10.0.0.2:23  denied (2×)  b filter/INPUT:1
 */
export function tableText({ rows }: ReportTable, width: number): string[] {
  const [heading = []] = rows
  if (rows.length < 2) return ['  none']
  const widths = heading.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const last = heading.length - 1
  const fitting = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 2)
  const isSplit = fitting + widths[last]! > width
  return rows.flatMap((row, at) => {
    const cells = (isSplit ? row.slice(0, last) : row).map((cell, column) => cell.padEnd(widths[column]!))
    const lines = wrap(cells.join('  '), width, '  ', '      ')
    return isSplit && at > 0 ? [...lines, ...wrap(row[last]!, width, '      ')] : lines
  })
}
