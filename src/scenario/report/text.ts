import { formatDiagnostic } from '../../diagnostic.ts'
import { PLAIN, type Style } from '../../format/style.ts'
import { formatTrace } from '../../format/trace-text.ts'
import { timeText } from '../duration.ts'
import type { ForkRun, ScenarioRun, StepEntry, StepRun } from '../entries.ts'
import type { Check } from '../expectations.ts'
import type { PacketView } from '../packet-view.ts'
import { partingOf, sideBySide } from './branches.ts'
import { attemptsOf, outboundOf } from './connections.ts'
import { hopTexts, isBadVerdict, wrap } from './hop-text.ts'
import { lanesFor } from './lanes.ts'
import { auditTable, outboundTable, type ReportTable, summaryTable, tableText } from './tables.ts'

/** How a run is reported. */
export interface ReportOptions {
  readonly style?: Style
  /** In columns. Default 100. */
  readonly width?: number
  /** Of forks only this branch. */
  readonly branch?: string
  /** Which tables come at the end. Default: summary and audit. */
  readonly tables?: readonly ('summary' | 'audit' | 'outbound')[]
}

/**
 * A run as text: each step as a sequence diagram, one line a packet, below it what the devices made of it; branches
 * side by side; what was expected and did not hold; tables.
 *
 * @param options colours, width in columns, of forks only which `branch`, which tables
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * console.log(formatReport(run, { tables: [] }))
 * // nobody answers
 * //
 * // 1. a$ nc -zv b 80
 * //                 a        b
 * //    1      0 ms  ├────────▶    SYN
 * //        tcp 10.0.0.1:40000 > 10.0.0.2:80
 * //    2      1 ms  ◀────────┤    RST-ACK
 * //    > nc: connect to b port 80 (tcp) failed: Connection refused
 * //    = refused
 * //    ✓ outcome: refused
 * //
 * // 1 expectation held
 */
export function formatReport(run: ScenarioRun, options: ReportOptions = {}): string {
  const { tables = ['summary', 'audit'] } = options
  const writer = new TextWriter(run, options)
  writer.head()
  writer.entries(run.steps)
  const attempts = attemptsOf(run)
  if (attempts.length > 0) {
    if (tables.includes('summary')) writer.table(summaryTable(attempts))
    if (tables.includes('audit')) writer.table(auditTable(attempts))
    if (tables.includes('outbound')) writer.table(outboundTable(outboundOf(attempts)))
  }
  writer.verdict()
  return writer.lines.join('\n')
}

/**
 * What differed: the expectation, what was instead, and the trace that says why.
 *
 * @param failure one of the run's `failures`
 * @param style colours it; default: plain text
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'open' } }],
 * }))
 * console.log(formatFailure(run.failures[0], run).split('\n')[0])
 * // nobody answers:1:1: error: outcome: expected open, but it was refused
 */
export function formatFailure(failure: Check, run: ScenarioRun, style: Style = PLAIN): string {
  const { what, expected, actual, path, hop } = failure
  const position = run.scenario.positionOf(path)
  const message = `${what}: expected ${expected}, but it was ${actual}`
  const head = formatDiagnostic({ severity: 'error', file: run.file ?? run.title, ...position, message })
  if (hop === undefined) return style.bad(head)
  const trace = formatTrace(hop.hop.outcome, { width: 'narrow', style })
  const indented = trace.split('\n').map(line => `    ${line}`)
  return [style.bad(head), `    at ${hop.node}, ${timeText(hop.atMs)}:`, ...indented].join('\n')
}

const TIME_WIDTH = 11

class TextWriter {
  readonly lines: string[] = []
  private readonly run: ScenarioRun
  private readonly style: Style
  private readonly width: number
  private readonly branch: string | undefined

  constructor(run: ScenarioRun, { style = PLAIN, width = 100, branch }: ReportOptions) {
    this.run = run
    this.style = style
    this.width = width
    this.branch = branch
  }

  head(): void {
    const { title, input } = this.run
    this.text(title, '', this.style.strong)
    for (const source of [input.source ?? []].flat()) this.text(`from ${source}`, '', this.style.dim)
    for (const paragraph of (input.description ?? '').split(/\n\s*\n/))
      if (paragraph.trim() !== '')
        this.lines.push(...wrap(paragraph.trim().replace(/\s*\n\s*/g, ' '), this.width, '', ''))
    this.lines.push('')
  }

  entries(entries: readonly StepEntry[]): void {
    for (const entry of entries) {
      if (entry.kind === 'step') this.step(entry)
      else this.fork(entry)
    }
  }

  table(table: ReportTable): void {
    this.lines.push(this.style.strong(table.title), ...tableText(table, this.width), '')
  }

  verdict(): void {
    const { failures, checkCount } = this.run
    if (failures.length === 0) this.lines.push(this.style.good(`${count(checkCount, 'expectation')} held`))
    else
      this.lines.push(
        this.style.bad(`${failures.length} of ${count(checkCount, 'expectation')} did not hold`),
      )
  }

  private step(step: StepRun): void {
    const { style } = this
    this.text(`${step.label}. ${step.name ?? step.command}`, '', style.strong)
    if (step.name !== undefined) this.text(step.command, '   ')
    if (step.packets.length > 0) this.packets(step.packets)
    for (const line of step.text.split('\n'))
      if (line !== '' && line !== step.outcome) this.text(`> ${line}`, '   ')
    if (step.outcome !== 'done') this.lines.push(`   = ${step.outcome}`)
    for (const { title, text } of step.listings) {
      this.lines.push(`   ${style.strong(title)}`)
      for (const line of (text || 'nothing').split('\n')) this.text(line, '     ')
    }
    this.checks(step.checks)
    this.lines.push('')
  }

  private checks(checks: readonly Check[]): void {
    const held = checks.filter(({ ok }) => ok)
    if (held.length > 0)
      this.text(
        `✓ ${[...new Set(held.map(({ what, expected }) => `${what}: ${expected}`))].join(' · ')}`,
        '   ',
        this.style.good,
      )
    for (const failure of checks.filter(({ ok }) => !ok))
      for (const [at, line] of formatFailure(failure, this.run, this.style).split('\n').entries())
        this.text(line, at === 0 ? '   ✗ ' : '     ')
  }

  private packets(packets: readonly PacketView[]): void {
    const { nodes } = this.run.input.network
    const isShown = (node: string): boolean =>
      Object.hasOwn(nodes, node) || packets.some(({ path, hops }) => path.at(-1) === node && hops.length > 0)
    const lanes = lanesFor(packets, isShown, this.width - 5 - TIME_WIDTH - 24)
    if (lanes !== undefined) this.lines.push(' '.repeat(5 + TIME_WIDTH) + lanes.heading)
    const flows = new Set<string>()
    let before: PacketView | undefined
    for (const packet of packets) {
      const isAgain = before !== undefined && isSame(before, packet)
      const label = isAgain ? `${packet.label}, again` : packet.label
      const arrow = lanes?.draw(packet)
      const way = arrow === undefined ? packet.path.join(' → ') : arrow.padEnd((lanes?.width ?? 0) + 3)
      const head = `${String(packet.number).padStart(4)} ${timeText(packet.atMs).padStart(TIME_WIDTH - 2)}  `
      this.lines.push(cut(`${head}${way} ${label}`, this.width))
      if (!isAgain) this.details(packet, flows)
      before = packet
    }
  }

  private details(packet: PacketView, flows: Set<string>): void {
    const { ends, protocol, lost } = packet
    const { source, destination } = packet.hops.at(-1)?.after ?? ends
    const flow = `${protocol} ${ends.source} > ${ends.destination}`
    const isKnown = flows.has(flow) || flows.has(`${protocol} ${ends.destination} > ${ends.source}`)
    if (!isKnown) this.text(flow, '       ', this.style.dim)
    flows.add(flow)
    flows.add(`${protocol} ${source} > ${destination}`)
    for (const { hop, text } of hopTexts(packet)) {
      const isBad = isBadVerdict(hop.verdict)
      this.text(
        text,
        '       ',
        isBad ? this.style.bad : hop.place === undefined ? this.style.dim : undefined,
      )
      for (const line of hop.log) this.text(`log: ${line}`, '         ', this.style.dim)
    }
    if (lost !== undefined) this.text(`lost: ${lost}`, '       ', this.style.bad)
  }

  private fork(fork: ForkRun): void {
    this.text(`${fork.label}. ${fork.name ?? 'What if'}`, '', this.style.strong)
    const [heading = [], ...rows] = sideBySide(fork)
    const widest = heading.length > 3 ? 36 : 48
    const first = Math.min(widest, Math.max(12, ...rows.map(([command = '']) => command.length)))
    const columns = Math.max(8, Math.floor((this.width - 3 - first) / (heading.length - 1)) - 2)
    for (const row of [heading, ...rows])
      for (const line of columnLines(row, [first, ...heading.slice(1).map(() => columns)]))
        this.lines.push(`   ${line}`)
    const parting = partingOf(fork)
    if (parting === undefined) this.lines.push('   The branches do not part: every packet fares the same.')
    else {
      this.lines.push('   They part here:')
      fork.branches.forEach(({ name }, at) => {
        const number = parting.packets[at]
        this.text(`${name}: ${number === undefined ? '' : `packet ${number}, `}${parting.texts[at]}`, '     ')
      })
    }
    this.lines.push('')
    for (const { name, steps } of fork.branches) {
      if (this.branch !== undefined && this.branch !== name) continue
      this.lines.push(this.style.strong(`--- ${name}`))
      this.entries(steps)
    }
  }

  private text(text: string, indent: string, style: (line: string) => string = line => line): void {
    for (const line of wrap(text, this.width, indent)) this.lines.push(style(line))
  }
}

/** A row of a table as lines: each cell is broken at its column's width. */
function columnLines(cells: readonly string[], widths: readonly number[]): string[] {
  const wrapped = cells.map((text, at) => wrap(text, widths[at]!, '', '').map(line => cut(line, widths[at]!)))
  const height = Math.max(...wrapped.map(lines => lines.length))
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, at) => (lines[line] ?? '').padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  )
}

function isSame(a: PacketView, b: PacketView): boolean {
  return (
    a.label === b.label &&
    a.ends.source === b.ends.source &&
    a.ends.destination === b.ends.destination &&
    a.path.join() === b.path.join() &&
    a.hops.every((hop, at) => hop.place === b.hops[at]?.place && hop.verdict === b.hops[at]?.verdict)
  )
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}
