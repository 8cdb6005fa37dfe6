import { timeText } from '../duration.ts'
import type { ForkRun, ScenarioRun, StepEntry, StepRun } from '../entries.ts'
import type { PacketView } from '../packet-view.ts'
import { partingOf, sideBySide } from './branches.ts'
import { attemptsOf, outboundOf } from './connections.ts'
import { hopTexts, isBadVerdict } from './hop-text.ts'
import { auditTable, outboundTable, type ReportTable, summaryTable } from './tables.ts'
import { formatFailure, type ReportOptions } from './text.ts'

/**
 * A run as Markdown, its packets as Mermaid sequence diagrams.
 *
 * @param options which tables come at the end (default: summary and audit), and of forks only which `branch`
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'open' } }],
 * }))
 * markdownReport(run).split('\n\n').at(0) // # nobody answers
 * markdownReport(run).trimEnd().split('\n\n').at(-1) // **1 of 1 expectations did not hold.**
 */
export function markdownReport(
  run: ScenarioRun,
  options: Omit<ReportOptions, 'style' | 'width'> = {},
): string {
  const { tables = ['summary', 'audit'], branch } = options
  const parts: string[] = [`# ${run.title}`]
  const sources = [run.input.source ?? []].flat()
  if (sources.length > 0) parts.push(`*From ${sources.join(', ')}*`)
  if (run.input.description !== undefined) parts.push(run.input.description.trim())
  parts.push(...entries(run.steps, run, 2, branch))
  const attempts = attemptsOf(run)
  if (attempts.length > 0) {
    if (tables.includes('summary')) parts.push(tableMarkdown(summaryTable(attempts)))
    if (tables.includes('audit')) parts.push(tableMarkdown(auditTable(attempts)))
    if (tables.includes('outbound')) parts.push(tableMarkdown(outboundTable(outboundOf(attempts))))
  }
  const { failures, checkCount } = run
  const good = failures.length === 0
  parts.push(
    good
      ? `**${checkCount} expectations held.**`
      : `**${failures.length} of ${checkCount} expectations did not hold.**`,
  )
  return `${parts.join('\n\n')}\n`
}

function entries(
  list: readonly StepEntry[],
  run: ScenarioRun,
  level: number,
  branch: string | undefined,
): string[] {
  return list.flatMap(entry =>
    entry.kind === 'step' ? stepParts(entry, run, level) : forkParts(entry, run, level, branch),
  )
}

function stepParts(step: StepRun, run: ScenarioRun, level: number): string[] {
  const parts = [`${'#'.repeat(level)} ${step.label}. ${step.name ?? step.command}`]
  parts.push(`\`${step.command}\`${step.outcome === 'done' ? '' : ` → **${step.outcome}**`}`)
  if (step.packets.length > 0) parts.push(fence('mermaid', mermaid(step.packets)))
  for (const { title, text } of step.listings) parts.push(`\`${title}\``, fence('', text || 'nothing'))
  for (const failure of step.checks.filter(({ ok }) => !ok))
    parts.push(fence('', `✗ ${formatFailure(failure, run)}`))
  return parts
}

function forkParts(fork: ForkRun, run: ScenarioRun, level: number, branch: string | undefined): string[] {
  const parts = [
    `${'#'.repeat(level)} ${fork.label}. ${fork.name ?? 'What if'}`,
    rowsMarkdown(sideBySide(fork)),
  ]
  const parting = partingOf(fork)
  const lines = fork.branches.map(({ name }, at) => `- ${name}: ${parting?.texts[at]}`)
  parts.push(
    parting === undefined ? 'The branches do not part.' : ['They part here:', '', ...lines].join('\n'),
  )
  for (const { name, steps } of fork.branches)
    if (branch === undefined || branch === name)
      parts.push(`${'#'.repeat(level + 1)} ${name}`, ...entries(steps, run, level + 2, branch))
  return parts
}

/**
 * A Mermaid sequence diagram of some packets: an arrow a packet and link, a note where a device decided.
 *
 * @param packets of a step, or of a run by {@link packetsOf}
 * @returns the diagram's text, without a fence (https://mermaid.js.org/syntax/sequenceDiagram.html)
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * console.log(mermaid(packetsOf(run)))
 * // sequenceDiagram
 * //   participant n0 as a
 * //   participant n1 as b
 * //   n0->>n1: 1. SYN (0 ms)
 * //   n1->>n0: 2. RST-ACK (1 ms)
 */
export function mermaid(packets: readonly PacketView[]): string {
  const names = [...new Set(packets.flatMap(({ path }) => path))]
  const id = (name: string): string => `n${names.indexOf(name)}`
  const lines = ['sequenceDiagram', ...names.map(name => `  participant ${id(name)} as ${escapeText(name)}`)]
  for (const packet of packets) {
    const { path, hops, label, number, atMs, lost } = packet
    const isBad = isBadVerdict(hops.at(-1)?.verdict ?? 'discarded') || lost !== undefined
    const notes = (name: string): void => {
      for (const { hop, text } of hopTexts(packet))
        if (hop.node === name) lines.push(`  Note over ${id(name)}: ${escapeText(text)}`)
    }
    const text = escapeText(`${number}. ${label} (${timeText(atMs)})`)
    const [first = '', ...rest] = path
    notes(first)
    rest.forEach((name, at) => {
      const arrow = at === rest.length - 1 && isBad ? '-x' : '->>'
      lines.push(`  ${id(path[at]!)}${arrow}${id(name)}: ${at === 0 ? text : escapeText(label)}`)
      notes(name)
    })
    if (rest.length === 0 && first !== '') lines.push(`  ${id(first)}-x${id(first)}: ${text}`)
    if (lost !== undefined)
      lines.push(`  Note over ${id(path.at(-1) ?? first)}: ${escapeText(`lost: ${lost}`)}`)
  }
  return lines.join('\n')
}

/** Mermaid ends a statement at `;` and a line, and reads `#…;` as a character. */
function escapeText(text: string): string {
  return text.replaceAll(';', ',').replaceAll('#', '#35;')
}

function tableMarkdown({ title, rows }: ReportTable): string {
  return `## ${title}\n\n${rowsMarkdown(rows)}`
}

function rowsMarkdown(rows: readonly (readonly string[])[]): string {
  const [heading = [], ...body] = rows
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heading), `|${heading.map(() => '---').join('|')}|`, ...body.map(line)].join('\n')
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}
