import type { PacketView } from '../packet-view.ts'

/** Where each node's line runs, and how packets are drawn between them. */
export interface Lanes {
  readonly heading: string
  /** A packet as an arrow; undefined where it does not go straight. */
  readonly draw: (packet: PacketView) => string | undefined
  readonly width: number
}

const GAP = 4
const MIN_DISTANCE = 9

/**
 * The nodes as columns, in the order in which the packet with the longest way comes to them. Clouds that only pass things on have none.
 *
 * @returns undefined when there are too many nodes for the width
 */
export function lanesFor(
  packets: readonly PacketView[],
  shown: (node: string) => boolean,
  maxWidth: number,
): Lanes | undefined {
  const names: string[] = []
  const longestFirst = [...packets].sort((a, b) => b.path.length - a.path.length)
  for (const { path } of longestFirst)
    for (const name of path) if (shown(name) && !names.includes(name)) names.push(name)
  const columns = new Map<string, number>()
  let heading = ''
  names.forEach((name, at) => {
    const before = names[at - 1]
    const column =
      before === undefined ? 0 : columns.get(before)! + Math.max(MIN_DISTANCE, before.length + GAP)
    columns.set(name, column)
    heading = heading.padEnd(column) + name
  })
  if (heading.length > maxWidth || names.length < 1) return undefined
  const width = Math.max(heading.length, 1)
  return { heading, width, draw: packet => draw(packet, columns, names, shown) }
}

function draw(
  { path, hops, lost }: PacketView,
  columns: ReadonlyMap<string, number>,
  names: readonly string[],
  shown: (node: string) => boolean,
): string | undefined {
  const stops = path.filter(shown).map(name => columns.get(name)!)
  const [first, ...rest] = stops
  if (first === undefined) return undefined
  const last = rest.at(-1) ?? first
  const goesRight = last >= first
  if (rest.some((stop, at) => stop > stops[at]! !== goesRight)) return undefined
  const end = hops.at(-1)
  const isBad = end === undefined || lost !== undefined || !/^(delivered|sent|forwarded)$/.test(end.verdict)
  const length = (columns.get(names.at(-1)!) ?? 0) + 1
  const cells = Array.from({ length: length + 2 }, () => ' ')
  for (const column of columns.values()) cells[column] = '│'
  const beyond = lost !== undefined ? last + (goesRight ? 4 : -4) : last
  const [low, high] = [Math.max(0, Math.min(first, beyond)), Math.max(first, beyond)]
  for (let at = low; at <= high; at++) cells[at] = '─'
  for (const stop of stops) cells[stop] = '●'
  cells[first] = goesRight ? '├' : '┤'
  const stop = isBad ? '✗' : goesRight ? '▶' : '◀'
  cells[Math.max(0, beyond)] = first === beyond ? (isBad ? '✗' : '●') : stop
  return cells.join('').trimEnd()
}
