import type { HopView, PacketView } from '../packet-view.ts'

/** What happened at the devices that have a say, or that changed something: a text each. */
export function hopTexts(packet: PacketView): { readonly hop: HopView; readonly text: string }[] {
  return packet.hops.filter(isTold).map(hop => ({ hop, text: hopText(hop) }))
}

/** `fw: forwarded by filter/FORWARD:3 (policy line 5), ESTABLISHED; source 10.6.0.2:40000 → 203.0.113.1:40000` */
export function hopText(hop: HopView): string {
  const { node, verdict, place, policyLine, ctState, why } = hop
  const line = policyLine === undefined ? '' : ` (${policyLine})`
  const by = place === undefined ? '' : ` by ${place}${line}`
  const state = ctState === undefined ? '' : `, ${ctState}`
  const reason = why === undefined ? '' : `: ${why}`
  const changes = translations(hop)
  return `${node}: ${verdict}${by}${reason}${state}${changes.length === 0 ? '' : `; ${changes.join(', ')}`}`
}

function translations({ before, after }: HopView): string[] {
  const changes: string[] = []
  if (before.source !== after.source) changes.push(`source ${before.source} → ${after.source}`)
  if (before.destination !== after.destination)
    changes.push(`destination ${before.destination} → ${after.destination}`)
  return changes
}

export function isBadVerdict(verdict: HopView['verdict']): boolean {
  return verdict === 'dropped' || verdict === 'rejected' || verdict === 'discarded'
}

/** A host without rules that sends or gets a packet adds nothing to the arrow. */
function isTold({ place, isTranslated, verdict }: HopView): boolean {
  return place !== undefined || isTranslated || isBadVerdict(verdict)
}

/** Breaks a text at blanks; lines after the first are indented. */
export function wrap(text: string, width: number, indent: string, hanging = `${indent}  `): string[] {
  const lines: string[] = []
  let line = indent
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd())
      line = hanging
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line.trimEnd()]
}
