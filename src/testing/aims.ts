import { Prefix } from '../address.ts'
import type { Analysis } from '../analysis/analyze.ts'
import { EMPTY, FULL, type Node, TooManyNodes } from '../analysis/bdd.ts'
import type { Flow } from '../analysis/flow.ts'
import { readPoint } from '../analysis/header.ts'
import { plausible } from '../analysis/plausible.ts'
import { reachedSet } from '../analysis/reach.ts'
import { TASTES, taste } from '../analysis/taste.ts'
import { NO_DEVICE } from '../analysis/vocabulary.ts'
import { hostMask } from '../ip/interfaces.ts'
import type { RoutingTable } from '../ip/routing.ts'
import type { Hook } from '../rules/model.ts'
import type { FirewallState } from '../state.ts'
import type { History } from './conversations.ts'
import { historyOfPoint } from './point-history.ts'
import type { Site } from './site.ts'

/** Places with more overlapping rules before them are aimed at without taking those away. */
const MANY_RIVALS = 100
/** Beyond so many places only every second, third… is aimed at. */
const MAX_PLACES = 600
/** Packets for one place, as different as they may be. */
const TASTES_EACH = 2

/**
 * For every rule and policy, by every way of jumps that leads to it: histories whose last packet is meant to come there
 * and match, in the surroundings that the firewall has. What is wanted is worked out exactly (see `analysis/reach.ts`);
 * whether the packet gets there also depends on the other tables, and is for the run to see.
 *
 * @param analysis of one family's rules, with the devices of the firewall
 */
export function aimedHistories(firewall: FirewallState, analysis: Analysis, site: Site): readonly History[] {
  const places = analysis.flows.flatMap(flow => flow.entries.map((_, index) => ({ flow, index })))
  const stride = Math.ceil(places.length / MAX_PLACES)
  const { ipv4, ipv6 } = firewall.compiled
  const ground = new GroundSets((site.family === 4 ? ipv4 : ipv6).routing)
  const found = new Map<string, History>()
  try {
    for (let at = 0; at < places.length; at += stride)
      for (const history of historiesFor(places[at]!.flow, places[at]!.index, ground, site))
        found.set(JSON.stringify(history), history)
  } catch (error) {
    // what was found until then is good
    if (!(error instanceof TooManyNodes)) throw error
  }
  return [...found.values()]
}

function historiesFor(flow: Flow, index: number, ground: GroundSets, site: Site): readonly History[] {
  const { space } = flow
  const { bdd } = space
  const reached = reachedSet(flow, index, MANY_RIVALS) ?? flow.entries[index]!.effective
  const set = bdd.and(reached, flow.domain)
  if (set === EMPTY) return []
  const [best, ...others] = ground.wanted(flow)
  const node = [best!, ...others].map(wish => bdd.and(set, wish)).find(wish => wish !== EMPTY)
  if (node === undefined) return []
  const found: History[] = []
  for (const wanted of TASTES.slice(0, TASTES_EACH)) {
    const bits = new Uint8Array(space.width)
    bdd.pick(node, bits, taste(space, wanted))
    const history = historyOfPoint(readPoint(space, bits), site)
    if (history !== undefined) found.push(history)
  }
  return found
}

/** The packets that can be sent here, as sets: which addresses are behind which device. */
class GroundSets {
  private readonly routing: RoutingTable
  private readonly byHook = new Map<Hook, readonly Node[]>()

  constructor(routing: RoutingTable) {
    this.routing = routing
  }

  /** From what is natural to what is merely possible. */
  wanted({ space, hook }: Flow): readonly Node[] {
    let known = this.byHook.get(hook)
    if (known === undefined) {
      const routed = this.routed(space, hook)
      const honest = this.honest(space, hook)
      const [natural = FULL, tracked = FULL, , sendable = FULL] = plausible(space, hook)
      known = [
        space.all(natural, routed, honest),
        space.all(tracked, routed, honest),
        space.all(tracked, routed),
        space.all(sendable, routed),
        sendable,
      ]
      this.byHook.set(hook, known)
    }
    return known
  }

  /** Destinations lie where routes lead, or are the box's own. */
  private routed(space: Flow['space'], hook: Hook): Node {
    const own = this.own(space, 'destination')
    const onDevice = this.leading(space, 'destination', 'out')
    const away = space.all(space.bdd.not(own), onDevice)
    if (hook === 'INPUT') return own
    if (hook === 'PREROUTING') return space.any(own, this.anyRoute(space, 'destination'))
    return hook === 'FORWARD'
      ? away
      : space.any(
          onDevice,
          space.named('out', name => name === 'lo'),
        )
  }

  /** Sources come from where answers to them go. */
  private honest(space: Flow['space'], hook: Hook): Node {
    const own = this.own(space, 'source')
    const fromDevice = space.all(space.bdd.not(own), this.leading(space, 'source', 'in'))
    if (hook === 'OUTPUT') return own
    const sent = space.all(
      own,
      space.named('in', name => name === NO_DEVICE || name === 'lo'),
    )
    return hook === 'POSTROUTING' ? space.any(fromDevice, sent) : fromDevice
  }

  private own(space: Flow['space'], name: 'source' | 'destination'): Node {
    const addresses = [...this.routing.devices.values()].flatMap(device => device.addresses)
    const mask = hostMask(space.family)
    return space.any(...addresses.map(({ address }) => space.inPrefix(name, new Prefix(address, mask))))
  }

  private anyRoute(space: Flow['space'], name: 'source' | 'destination'): Node {
    return space.any(...[...this.sets(space, name).values()])
  }

  /** For each device: what is routed over it, and the packet's device is that one. */
  private leading(space: Flow['space'], name: 'source' | 'destination', device: 'in' | 'out'): Node {
    const pairs = [...this.sets(space, name)].map(([wanted, set]) =>
      space.all(
        space.named(device, other => other === wanted),
        set,
      ),
    )
    return space.any(...pairs)
  }

  /** By device: the addresses that the routing table sends over it. */
  private sets(space: Flow['space'], name: 'source' | 'destination'): ReadonlyMap<string, Node> {
    const { bdd } = space
    const found = new Map<string, Node>()
    // the first route that fits is taken: what comes later only has the rest
    let taken: Node = EMPTY
    for (const { prefix, device, type } of this.routing.entries) {
      const set = space.inPrefix(name, prefix)
      const fresh = bdd.difference(set, taken)
      taken = bdd.or(taken, set)
      if (device === undefined || type !== 'unicast' || device.name === 'lo') continue
      found.set(device.name, bdd.or(found.get(device.name) ?? EMPTY, fresh))
    }
    return found
  }
}
