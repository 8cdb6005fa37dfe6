import type { Hop } from '../../network/index.ts'
import type { Outcome } from '../../outcome.ts'
import { Packet } from '../../packet/packet.ts'
import type { TableName } from '../../rules/model.ts'
import { decisionOf, droppedAt } from '../../scenario/decision.ts'
import { type Ends, endsOf } from '../../scenario/packet-view.ts'
import { because, type Judged, type Translation } from './result.ts'

/** About one packet at one firewall: the outcome of a `step`, or a hop of a network. */
export const outcomeMatchers = {
  /**
   * `expect(outcome).toBeDecidedBy('filter/FORWARD:3')`: the rule, or policy (`filter/INPUT:policy`), that dropped,
   * rejected or let it pass.
   *
   * @param received the outcome of a `step`, or a hop of a network
   * @param place table, chain and the rule's number from 1, or `policy`
   * @throws RangeError when that is no place, e.g. without a table, or there is no such rule
   * @example
   * const gateway = createFirewall({
   *   interfaces: { lan0: ['10.6.0.1/24'], wan0: ['203.0.113.1/24'] },
   *   routes: ['default via 203.0.113.254 dev wan0'],
   *   rules: 'iptables -A FORWARD -i lan0 -j ACCEPT',
   * })
   * const syn = tcp({ from: '10.6.0.2:40000', to: '198.51.100.7:443', flags: 'S' })
   * const outcome = step(gateway, { device: 'lan0', packet: syn })
   * expect(outcome).toBeDecidedBy('filter/FORWARD:1')
   * expect(outcome).not.toBeDecidedBy('filter/FORWARD:policy')
   */
  toBeDecidedBy(received: Outcome | Hop, place: string): Judged {
    if (!PLACE.test(place))
      throw new RangeError(`not a rule: '${place}'; e.g. 'filter/FORWARD:3' or 'filter/INPUT:policy'`)
    const outcome = outcomeOf(received)
    refuseMissing(place, outcome)
    const actual = droppedAt(outcome.fate) ?? decisionOf(outcome.trace[0]).place
    const pass = actual === place
    const message = (): string =>
      because(
        pass
          ? `expected another rule to decide than ${place}`
          : `expected ${place} to decide, but ${actual ?? 'no rule'} did`,
        [received],
      )
    return { pass, message }
  },

  /**
   * `expect(outcome).toHaveTranslated({ source: '203.0.113.1:40001' })`: NAT has changed this end of the packet to that.
   * Without a port the address is enough; without an argument any translation is.
   *
   * @param received the outcome of a `step`, or a hop of a network
   * @param wanted the ends after NAT
   * @example
   * const gateway = createFirewall({
   *   interfaces: { lan0: ['10.6.0.1/24'], wan0: ['203.0.113.1/24'] },
   *   routes: ['default via 203.0.113.254 dev wan0'],
   *   rules: 'iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE',
   * })
   * const syn = tcp({ from: '10.6.0.2:40000', to: '198.51.100.7:443', flags: 'S' })
   * const outcome = step(gateway, { device: 'lan0', packet: syn })
   * expect(outcome).toHaveTranslated({ source: '203.0.113.1' })
   * expect(outcome).not.toHaveTranslated({ destination: '198.51.100.7' })
   */
  toHaveTranslated(received: Outcome | Hop, wanted: Translation = {}): Judged {
    const outcome = outcomeOf(received)
    const { before, after } = endsAround(outcome)
    const sides = SIDES.filter(side => wanted[side] !== undefined)
    const isChanged = (side: keyof Ends): boolean => before?.[side] !== after?.[side]
    const pass =
      after !== undefined &&
      (sides.length === 0
        ? SIDES.some(isChanged)
        : sides.every(side => isChanged(side) && isAt(after[side], wanted[side]!)))
    const told = SIDES.map(side => `${side} ${before?.[side] ?? '?'} → ${after?.[side] ?? 'nowhere'}`)
    const asked = sides.map(side => `${side} to ${wanted[side]}`).join(', ') || 'something'
    const message = (): string =>
      because(`expected NAT ${pass ? 'not ' : ''}to translate ${asked}; it was ${told.join(', ')}`, [
        received,
      ])
    return { pass, message }
  },
}

const PLACE = /^(raw|mangle|nat|filter|security)\/([^\s:/]+):([1-9]\d*|policy)$/
const SIDES = ['source', 'destination'] as const

function outcomeOf(received: Outcome | Hop): Outcome {
  const given: unknown = received
  if (typeof given !== 'object' || given === null || !('outcome' in given || 'fate' in given))
    throw new TypeError('this is about the outcome of a step, or a hop of a network: expect(step(…)).…')
  return 'outcome' in received ? received.outcome : received
}

/** `not.toBeDecidedBy` a rule that is not there would always hold. */
function refuseMissing(place: string, { state }: Outcome): void {
  const [, table = '', chain = '', rule = ''] = PLACE.exec(place)!
  const { ipv4, ipv6 } = state.config.rules
  const chains = [ipv4, ipv6].flatMap(rules => rules?.tables[table as TableName]?.chains[chain] ?? [])
  if (chains.length === 0)
    throw new RangeError(`there is no ${place}: this firewall has no ${table}/${chain}`)
  const most = Math.max(...chains.map(({ rules }) => rules.length))
  if (rule !== 'policy' && Number(rule) > most)
    throw new RangeError(
      `there is no ${place}: ${table}/${chain} has ${most === 1 ? '1 rule' : `${most} rules`}`,
    )
}

/** The packet's ends when it entered the first hook, and as it left. */
function endsAround(outcome: Outcome): {
  readonly before: Ends | undefined
  readonly after: Ends | undefined
} {
  const first = outcome.trace[0]?.steps.find(step => step.kind === 'hook')
  const left =
    outcome.emitted.find(({ answer }) => !answer)?.packet ??
    outcome.delivered.find(({ answer }) => !answer)?.packet
  return {
    before: first === undefined ? undefined : endsOf(new Packet(first.packet)),
    after: left === undefined ? undefined : endsOf(left),
  }
}

/** The whole end, or its address alone. */
function isAt(end: string, wanted: string): boolean {
  return (
    end === wanted || end.replace(/^\[(.*)\]:\d+$/, '$1') === wanted || end.replace(/:\d+$/, '') === wanted
  )
}
