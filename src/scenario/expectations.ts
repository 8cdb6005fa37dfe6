import type { Network } from '../network/index.ts'
import { tcpFlagsText } from '../packet/names.ts'
import { type ListingView, parseListing, runListing } from './listing.ts'
import type { HopView, PacketView } from './packet-view.ts'
import type { Performed } from './perform.ts'
import type { Path } from './positions.ts'
import type { Expectation, ExpectedListing, ExpectedPacket } from './schema-expectation.ts'

/** One thing that was expected, and what was. */
export interface Check {
  readonly ok: boolean
  /** `outcome`, `packets at fw: by`. */
  readonly what: string
  readonly expected: string
  readonly actual: string
  /** Where the expectation stands in the scenario. */
  readonly path: Path
  /** The hop it is about, whose trace says why. */
  readonly hop?: HopView | undefined
}

/** What a step's expectations are held against. */
export interface Seen {
  readonly performed: Performed
  readonly packets: readonly PacketView[]
  readonly view: ListingView
}

/** Holds a step against one of its expectations. */
export function check(expected: Expectation, seen: Seen, path: Path): Check[] {
  const { performed, packets } = seen
  const checks: Check[] = []
  const add = (key: string, ok: boolean, wanted: string, actual: string, hop?: HopView): void => {
    checks.push({ ok, what: key, expected: wanted, actual, path: [...path, key], hop })
  }
  const { outcome, status, says, reaches, misses, log } = expected
  if (outcome !== undefined)
    add('outcome', performed.outcome === outcome, outcome, performed.outcome, lastWord(packets))
  if (status !== undefined)
    add('status', performed.status === status, String(status), String(performed.status ?? 'no answer'))
  for (const text of listOf(says))
    add('says', contains(performed.text, text), text, performed.text || 'nothing')
  for (const key of ['open', 'closed', 'filtered'] as const) {
    const wanted = expected[key]
    if (wanted === undefined) continue
    const actual = performed.ports?.[key] ?? []
    const sorted = [...wanted].sort((a, b) => a - b)
    add(
      key,
      String(sorted) === String([...actual].sort((a, b) => a - b)),
      sorted.join(', ') || 'none',
      actual.join(', ') || 'none',
    )
  }
  const nodes = new Set(packets.flatMap(packet => packet.path))
  const reached = [...nodes].join(', ') || 'none'
  for (const node of listOf(reaches))
    add('reaches', nodes.has(node), `a packet at ${node}`, `packets at ${reached}`)
  for (const node of listOf(misses))
    add('misses', !nodes.has(node), `no packet at ${node}`, `packets at ${reached}`)
  const lines = packets.flatMap(packet => packet.hops.flatMap(hop => hop.log))
  for (const text of listOf(log))
    add(
      'log',
      lines.some(line => contains(line, text)),
      text,
      lines.join('\n') || 'nothing was logged',
    )
  for (const [at, packet] of (expected.packets ?? []).entries())
    checks.push(...checkPacket(packet, packets, [...path, 'packets', at]))
  for (const [at, listing] of (expected.listings ?? []).entries())
    checks.push(...checkListing(listing, performed.world.network, seen.view, [...path, 'listings', at]))
  return checks
}

/** Where the last packet that came to nothing did so: most likely the reason for what the caller saw. */
function lastWord(packets: readonly PacketView[]): HopView | undefined {
  const bad = packets
    .flatMap(({ hops }) => hops)
    .filter(({ verdict }) => /^(dropped|rejected|discarded)$/.test(verdict))
  return bad.at(-1) ?? packets.at(-1)?.hops.at(-1)
}

function checkPacket(expected: ExpectedPacket, packets: readonly PacketView[], path: Path): Check[] {
  const { at, nth = 1, data } = expected
  const firstSender = packets[0]?.path[0]
  const fitting = packets.flatMap(packet =>
    fits(packet, expected, firstSender) ? packet.hops.filter(hop => hop.node === at && holds(hop, data)) : [],
  )
  const hop = fitting[nth - 1]
  if (hop === undefined) {
    const actual = fitting.length === 0 ? 'there was none' : `there were ${fitting.length}`
    return [{ ok: false, what: 'packet', expected: `${describe(expected)} at ${at}`, actual, path }]
  }
  const checks: Check[] = []
  const add = (key: keyof ExpectedPacket, actual: string | undefined, ok?: boolean): void => {
    const wanted = expected[key]
    if (wanted === undefined) return
    const text = String(wanted)
    checks.push({
      ok: ok ?? actual === text,
      what: `packet at ${at}: ${key}`,
      expected: text,
      actual: actual ?? 'nothing',
      path: [...path, key],
      hop,
    })
  }
  add('verdict', hop.verdict)
  add('by', hop.place)
  add('line', hop.policyLine)
  add('ctstate', hop.ctState)
  add('source', hop.after.source)
  add('destination', hop.after.destination)
  add('why', hop.why, hop.why?.includes(expected.why ?? ''))
  if (checks.length === 0)
    checks.push({
      ok: true,
      what: 'packet',
      expected: `${describe(expected)} at ${at}`,
      actual: 'there was one',
      path,
      hop,
    })
  return checks
}

function fits(
  view: PacketView,
  { flags, protocol, answer }: ExpectedPacket,
  firstSender: string | undefined,
): boolean {
  const { decoded } = view.packet
  if (protocol !== undefined && view.protocol !== protocol.toLowerCase()) return false
  if (answer !== undefined && answer !== (view.path[0] !== firstSender)) return false
  return flags === undefined || (decoded.kind === 'tcp' && sameLetters(tcpFlagsText(decoded.flags), flags))
}

const TEXT = new TextDecoder()

/** Whether the payload, as it came to the node, contains a text. */
function holds({ hop }: HopView, data: string | undefined): boolean {
  if (data === undefined) return true
  const { decoded } = hop.packet
  return 'payload' in decoded && TEXT.decode(decoded.payload).includes(data)
}

function sameLetters(a: string, b: string): boolean {
  return [...a].sort().join('') === [...b].sort().join('')
}

function describe({ nth, flags, protocol, answer, data }: ExpectedPacket): string {
  const parts = [
    answer === true ? 'an answer' : 'a packet',
    protocol,
    flags === undefined ? undefined : `with ${flags}`,
    data === undefined ? undefined : `with ${JSON.stringify(data)}`,
  ]
  return `${parts.filter(part => part !== undefined).join(' ')}${nth === undefined ? '' : ` (number ${nth})`}`
}

function checkListing(expected: ExpectedListing, network: Network, view: ListingView, path: Path): Check[] {
  const { text, headings } = runListing(network, parseListing(expected.of), view)
  const lines = text === '' ? [] : text.split('\n')
  const what = expected.of
  const checks: Check[] = []
  for (const wanted of listOf(expected.has))
    checks.push({
      ok: lines.some(line => contains(line, wanted)),
      what,
      expected: `a line with ${wanted}`,
      actual: excerpt(lines),
      path: [...path, 'has'],
    })
  for (const unwanted of listOf(expected.lacks))
    checks.push({
      ok: !lines.some(line => contains(line, unwanted)),
      what,
      expected: `no line with ${unwanted}`,
      actual: excerpt(lines),
      path: [...path, 'lacks'],
    })
  const count = Math.max(0, lines.length - headings)
  if (expected.lines !== undefined)
    checks.push({
      ok: count === expected.lines,
      what,
      expected: `${expected.lines} lines`,
      actual: `${count} lines${count === 0 ? '' : `:\n${excerpt(lines)}`}`,
      path: [...path, 'lines'],
    })
  return checks
}

/** A table of thousands of lines would say nothing. */
function excerpt(lines: readonly string[]): string {
  const shown = lines.slice(0, 12).join('\n')
  return lines.length > 12 ? `${shown}\n… and ${lines.length - 12} lines more` : shown || 'nothing'
}

/** Blanks count as one. */
function contains(text: string, part: string): boolean {
  return squeeze(text).includes(squeeze(part))
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
