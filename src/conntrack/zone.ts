import { DEFAULT_ZONE, type Zone } from './connection.ts'
import type { ConntrackTemplate } from './template.ts'

/** The zone that a packet is looked up in: `CT --zone`, or its mark under `CT --zone mark` (`nf_ct_zone_tmpl`). */
export function zoneOf(template: ConntrackTemplate | undefined, mark: number): Zone {
  const zone = template?.zone
  if (zone === undefined) return DEFAULT_ZONE
  if (zone !== 'mark') return zone
  const direction = template?.zoneDirection ?? 'both'
  return { id: mark & 0xffff, original: direction !== 'reply', reply: direction !== 'original' }
}
