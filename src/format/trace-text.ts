import type { Family } from '../address.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import type { Fate, Outcome } from '../outcome.ts'
import { Packet } from '../packet/packet.ts'
import { ruleText } from '../rules/print.ts'
import { formatPlace } from '../rules/steps.ts'
import type { TraceStep, Traversal } from '../trace.ts'
import { PLAIN, type Style } from './style.ts'

/** How `formatTrace` prints. */
export interface TraceTextOptions {
  /**
   * `wide` (default) shows every rule visited and, for one that did not match, the first option that failed and what
   * the packet showed instead. `narrow` shows what decided: matched rules, policies, NAT, conntrack.
   */
  readonly width?: 'wide' | 'narrow'
  readonly style?: Style
}

/**
 * A trace as people read it: one line per step, indented by hook.
 *
 * @param options `width: 'narrow'` for what decided only; `style` for colours
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p udp -j DROP' })
 * const outcome = step(box, { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) })
 * console.log(formatTrace(outcome, { width: 'narrow' }))
 * // eth0 → udp 192.0.2.7:5000 > 192.0.2.1:53
 * //     conntrack  created 192.0.2.7:5000 > 192.0.2.1:53
 * //     conntrack  NEW original of 192.0.2.7:5000 > 192.0.2.1:53
 * //     filter/INPUT:1  match   -p udp -j DROP
 * // = dropped by filter/INPUT:1
 */
export function formatTrace(outcome: Outcome, options: TraceTextOptions = {}): string {
  const { width = 'wide', style = PLAIN } = options
  const lines: string[] = []
  for (const traversal of outcome.trace) lines.push(...traversalLines(traversal, width, style))
  const { fate } = outcome
  const good = fate.kind === 'forwarded' || fate.kind === 'sent' || fate.kind === 'delivered'
  lines.push((good ? style.good : style.bad)(`= ${formatFate(fate)}`))
  return lines.join('\n')
}

/**
 * What became of a packet, in a few words: `forwarded by wan0`, `dropped by filter/INPUT:policy`.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p udp -j DROP' })
 * const outcome = step(box, { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) })
 * formatFate(outcome.fate) // 'dropped by filter/INPUT:1'
 */
export function formatFate(fate: Fate): string {
  switch (fate.kind) {
    case 'forwarded':
      return `forwarded by ${fate.device}`
    case 'sent':
      return `sent by ${fate.device}`
    case 'delivered':
      return `delivered locally (from ${fate.device})`
    case 'dropped':
      return `dropped by ${formatPlace(fate.at)}`
    case 'rejected':
      return `rejected by ${formatPlace(fate.at)}`
    case 'discarded':
      return `discarded: ${fate.why}`
    case 'held':
      return `held${fate.at === undefined ? '' : ` by ${formatPlace(fate.at)}`}: ${fate.why}`
    default:
      return fate satisfies never
  }
}

function traversalLines(traversal: Traversal, width: 'wide' | 'narrow', style: Style): string[] {
  const lines: string[] = []
  let family: Family = 4
  let depth = 0
  for (const step of traversal.steps) {
    if (step.kind === 'hook' && step.packet[0]! >> 4 === 6) family = 6
    if (step.kind === 'hook' && lines.length === 0)
      lines.push(style.strong(`${traversal.device || 'local'} → ${new Packet(step.packet)}`))
    if (step.kind === 'answer-end') depth--
    const line = stepLine(step, family, width, style)
    if (line !== undefined) lines.push(`${'    '.repeat(depth)}${line}`)
    if (step.kind === 'answer') depth++
  }
  return lines
}

/** The line of a step; undefined for one that this width leaves out. */
function stepLine(
  step: TraceStep,
  family: Family,
  width: 'wide' | 'narrow',
  style: Style,
): string | undefined {
  const wide = width === 'wide'
  switch (step.kind) {
    case 'hook':
      return wide
        ? `  ${style.strong(step.hook)}${device(' in=', step.in)}${device(' out=', step.out)}`
        : undefined
    case 'rule': {
      const place = formatPlace({ table: step.table, chain: step.chain, rule: step.number })
      if (step.matched) return `    ${place}  ${style.good('match')}  ${ruleText(step.rule, family)}`
      if (!wide || step.failed === undefined) return undefined
      return style.dim(`    ${place}  no     ${step.failed.option}  (${step.failed.seen})`)
    }
    case 'policy':
      return `    ${step.table}/${step.chain}:policy  ${step.verdict === 'DROP' ? style.bad('DROP') : style.good('ACCEPT')}`
    case 'return':
      return wide ? style.dim(`    ${step.table}/${step.chain}  end of chain, return`) : undefined
    case 'hotdrop':
      return `    ${step.table}/${step.chain}:${step.number}  ${style.bad('drop')}  ${step.option} cannot read the header`
    case 'conntrack':
    case 'conntrack-entry':
    case 'conntrack-helper':
      return conntrackLine(step)
    case 'nat-bind':
      if (step.from.equals(step.to)) return wide ? `    nat  ${step.manip} ${step.reason}` : undefined
      return `    nat  ${step.manip} ${step.reason}: ${tupleText(step.from)} becomes ${tupleText(step.to)}`
    case 'nat-rewrite':
      return step.from === step.to ? undefined : `    nat  ${step.manip} ${step.from} → ${step.to}`
    case 'nat-rewrite-error':
      return `    nat  ${step.manip} of the error and of its quote: ${step.from} → ${step.to}`
    case 'nat-evicted':
      return `    nat  closed connection ${tupleText(step.original)} gave up its port`
    case 'nat-dropped':
      return style.bad(`    nat  drop: ${step.why}`)
    case 'nat-device-changed':
      return style.bad(`    nat  drop: masqueraded on ${step.from}, would leave by ${step.to}`)
    case 'nat-mangled':
      return `    nat  payload ${step.from} → ${step.to}`
    case 'sequence-adjusted':
      return `    nat  sequence numbers shifted: seq=${step.sequence} ack=${step.acknowledgement}`
    case 'routed':
      return wide ? `  routed: ${step.to}${device(' by ', step.device)} (${step.why})` : undefined
    case 'dropped':
      return style.bad(`  dropped: ${step.why}`)
    case 'fragment-held':
      return `    fragment: ${step.why}`
    case 'reassembled':
      return `    fragments put together: ${step.length} bytes`
    case 'answer':
      return style.strong(`  answer (${step.why}): ${new Packet(step.packet)}`)
    case 'synproxy':
      return `    synproxy  ${step.what}`
    case 'no-answer':
      return `    no answer: ${step.why}`
    case 'answer-end':
      return undefined
    case 'emitted':
      return style.strong(`${step.device} ← ${new Packet(step.packet)}`)
    case 'delivered':
      return style.strong(`local process ← ${new Packet(step.packet)}`)
    case 'log':
      return `    log <${step.level}> ${step.text.trimEnd()}`
    default:
      return step satisfies never
  }
}

function conntrackLine(step: Extract<TraceStep, { kind: `conntrack${string}` }>): string {
  if (step.kind === 'conntrack-helper') return `    helper ${step.helper}  ${step.what}`
  if (step.kind === 'conntrack-entry')
    return `    conntrack  ${step.what} ${tupleText(step.original)}${step.reason === undefined ? '' : ` (${step.reason})`}`
  const direction = step.direction === undefined ? '' : step.direction === 0 ? ' original' : ' reply'
  const state =
    step.after === undefined || step.after === step.before
      ? (step.after ?? '')
      : `${step.before === undefined ? '' : `${step.before} → `}${step.after}`
  const tuple = step.original === undefined ? '' : ` of ${tupleText(step.original)}`
  const why = step.reason === undefined ? '' : `  ${step.ignored ? 'ignored: ' : ''}${step.reason}`
  return `    conntrack  ${step.ctState}${direction}${tuple}${state && ` [${state}]`}${why}`
}

/** `10.6.0.2:40000 > 198.51.100.7:80`; ICMP ids and types as conntrack shows them. */
function tupleText(tuple: Tuple): string {
  const { protocol, source, destination, sport, dport } = tuple
  if (protocol === 1 || protocol === 58)
    return `${source} > ${destination} type=${dport >> 8} code=${dport & 255} id=${sport}`
  if (sport === 0 && dport === 0) return `${source} > ${destination}`
  const v6 = tuple.family === 6
  const end = (address: string, port: number): string => (v6 ? `[${address}]:${port}` : `${address}:${port}`)
  return `${end(source.toString(), sport)} > ${end(destination.toString(), dport)}`
}

function device(label: string, name: string): string {
  return name === '' ? '' : `${label}${name}`
}
