import type { Hook, Ruleset } from '../rules/model.ts'
import { tooBig } from './analyze.ts'
import { EMPTY } from './bdd.ts'
import { decide } from './decisions.ts'
import { type Flow, flowOf } from './flow.ts'
import { plausible } from './plausible.ts'
import { type Region, regionsOf } from './regions.ts'
import { PacketSpace } from './space.ts'
import { NO_DEVICE } from './vocabulary.ts'

/** What may open a connection from one device to another, or to the box itself. */
export interface ServiceCell {
  readonly from: string
  /** `box` for the box itself. */
  readonly to: string
  readonly hook: Hook
  /** Disjoint; none if nothing may pass. */
  readonly open: readonly Region[]
  /** Packets that pass or not depending on conditions that are no fields. */
  readonly depends: readonly Region[]
  /** There are more regions than were asked for. */
  readonly more: boolean
}

/** What may be opened from where to where. */
export interface ServiceMatrix {
  readonly cells: readonly ServiceCell[]
  readonly undecided: readonly string[]
}

/**
 * Which new connections the filter table lets through, for every pair of devices that the ruleset tells apart (devices
 * it does not name are one, called `other…`): TCP's by their SYN, others by any first packet. Destination addresses are
 * those after DNAT.
 *
 * @param options `limit`: the most regions a cell; default 12
 * @example
 * const { ruleset } = parseRules('iptables -P FORWARD DROP\niptables -A FORWARD -i lan0 -o wan0 -p tcp --dport 443 -j ACCEPT', { family: 4 })
 * const cell = serviceMatrix(ruleset).cells.find(({ from, to }) => from === 'lan0' && to === 'wan0')
 * cell.open.map(region => formatRegion(region)) // ["protocol tcp, dport 443"]
 */
export function serviceMatrix(ruleset: Ruleset, options: { readonly limit?: number } = {}): ServiceMatrix {
  const { limit = 12 } = options
  const space = new PacketSpace([ruleset])
  const { bdd } = space
  const devices = space.fields.in.atoms!.filter(name => name !== NO_DEVICE)
  // nothing is forwarded to or from loopback
  const links = devices.filter(name => name !== 'lo')
  const cells: ServiceCell[] = []
  const undecided: string[] = []
  const opening = space.all(
    space.named('state', state => state === 'NEW'),
    space.named('kind', kind => kind === 'whole'),
    // TCP opens by a SYN; nobody else has flags
    space.masked('flags', 0x02, 0x17),
  )
  for (const hook of ['INPUT', 'FORWARD'] as const)
    try {
      const flow = flowOf(space, ruleset, 'filter', hook)
      if (flow === undefined) continue
      const within = bdd.and(flow.domain, opening)
      const accepted = decide(flow, within).verdicts.get('ACCEPT') ?? EMPTY
      const sometimesNot = bdd.difference(within, accepted)
      for (const from of hook === 'INPUT' ? devices : links)
        for (const to of hook === 'INPUT' ? ['box'] : links) {
          const pair = space.all(
            space.named('in', name => name === from),
            hook === 'INPUT' ? within : space.named('out', name => name === to),
          )
          // once for some value of the free variables, and not for others
          const maybe = bdd.exists(bdd.and(accepted, pair), space.fieldBits, space.width)
          const maybeNot = bdd.exists(bdd.and(sometimesNot, pair), space.fieldBits, space.width)
          const domain = bdd.and(within, pair)
          const cut = (set: number) => regionsOf(space, set, domain, plausible(space, hook), limit)
          const open = cut(bdd.difference(maybe, maybeNot))
          const depends = cut(bdd.and(maybe, maybeNot))
          const more = !open.complete || !depends.complete
          cells.push({ from, to, hook, open: open.regions, depends: depends.regions, more })
        }
      if (hasProxy(flow))
        undecided.push(
          `filter/${hook}: SYNPROXY opens to servers what it has answered for, which is not counted`,
        )
    } catch (error) {
      undecided.push(`filter/${hook}: ${tooBig(error)}`)
    }
  return { cells, undecided }
}

function hasProxy({ entries }: Flow): boolean {
  return entries.some(({ rule }) => rule?.target.kind === 'extension' && rule.target.name === 'SYNPROXY')
}
