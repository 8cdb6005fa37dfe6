import type { Skb } from '../packet/skb.ts'
import type { MatchEnvironment, Test } from './extension.ts'
import { isAnyPort, type PortRange, portRangeText } from './ports.ts'

export interface PortMatch extends PortRange {
  readonly negated: boolean
}

/**
 * What every port match does first (`tcp_mt`, `udp_mt`): later fragments have no ports, and a packet that is too short
 * for its transport header is dropped at once. `dropsSecondFragment` is Alan Cox' rule for TCP: a fragment 8 bytes in
 * would overwrite the flags, so it is dropped as well (IPv4; IPv6 counts the offset in bytes and never gets there).
 */
export function headerTest(protocol: string, headerLength: number, dropsSecondFragment: boolean): Test {
  return {
    option: `-m ${protocol}`,
    passes(skb: Skb, environment: MatchEnvironment): boolean {
      if (skb.fragmentOffset !== 0) {
        if (dropsSecondFragment && skb.fragmentOffset === 8 && skb.family === 4) environment.hotdrop = true
        return false
      }
      if (skb.transportOffset + headerLength > skb.bytes.length) {
        environment.hotdrop = true
        return false
      }
      return true
    },
    seen: skb =>
      skb.fragmentOffset === 0
        ? `a truncated ${protocol} header`
        : `a fragment at offset ${skb.fragmentOffset}`,
    headerBytes: headerLength,
  }
}

/** A test of the source port (at `offset` 0 of the transport header) or the destination port (at 2). */
export function portTest(field: 'sport' | 'dport', match: PortMatch | undefined): readonly Test[] {
  if (match === undefined || (isAnyPort(match) && !match.negated)) return []
  const { min, max, negated } = match
  const offset = field === 'sport' ? 0 : 2
  return [
    {
      option: `${negated ? '! ' : ''}--${field} ${portRangeText(match)}`,
      passes(skb: Skb): boolean {
        const port = skb.u16(skb.transportOffset + offset)
        return (port >= min && port <= max) !== negated
      },
      seen: skb => `${field} ${skb.u16(skb.transportOffset + offset)}`,
      constraint: { field, ranges: [[min, max]], negated },
    },
  ]
}
