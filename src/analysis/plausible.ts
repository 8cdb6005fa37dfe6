import { Address, Prefix } from '../address.ts'
import type { Hook } from '../rules/model.ts'
import { FULL, type Node } from './bdd.ts'
import { KINDS } from './fields.ts'
import type { PacketSpace } from './space.ts'
import { NO_DEVICE } from './vocabulary.ts'

/**
 * Packets that can be made and sent, and that conntrack will see in the state they claim: only for choosing witnesses,
 * never for deciding. From strict to lenient; the first that leaves something is used.
 */
export function plausible(space: PacketSpace, hook: Hook): readonly Node[] {
  const v4 = space.family === 4
  const { bdd } = space
  const implies = (a: Node, b: Node): Node => space.any(bdd.not(a), b)
  const protocol = (number: number): Node => space.is('protocol', number)
  const state = (name: string): Node => space.named('state', atom => atom === name)
  const icmp = protocol(v4 ? 1 : 58)
  const tcp = protocol(6)
  const header = v4 ? 20 : 40
  const types = (...numbers: number[]): Node => space.any(...numbers.map(type => space.is('icmpType', type)))
  const requests = v4 ? types(8, 13, 15, 17) : types(128)
  const replies = v4 ? types(0, 14, 16, 18) : types(129)
  const errors = v4 ? types(3, 11, 12) : types(1, 2, 3, 4)
  const reply = space.is('direction', 1)
  const sendable = space.all(
    space.is('kind', KINDS.indexOf('whole')),
    space.between('ttl', 2, 254),
    space.between('length', header, 1400),
    implies(tcp, space.between('length', header + 20, 1400)),
    implies(space.any(icmp, protocol(17)), space.between('length', header + 8, 1400)),
    space.is('snat', 0),
    space.is('dnat', 0),
    hook === 'POSTROUTING' ? space.named('in', name => name !== NO_DEVICE) : FULL,
    ...(hook === 'FORWARD' || hook === 'POSTROUTING'
      ? [space.named('in', name => name !== 'lo'), space.named('out', name => name !== 'lo')]
      : []),
    implies(space.is('packetType', 1), space.is('packetType', 0)),
  )
  const tracked = space.all(
    implies(
      space.all(tcp, state('NEW')),
      space.any(space.masked('flags', 0x02, 0x17), space.masked('flags', 0x10, 0x17)),
    ),
    implies(space.all(tcp, state('ESTABLISHED')), space.masked('flags', 0x10, 0x17)),
    implies(space.all(icmp, state('NEW')), space.all(requests, space.is('icmpCode', 0))),
    implies(
      space.all(icmp, state('ESTABLISHED')),
      space.all(
        space.is('icmpCode', 0),
        space.any(space.all(reply, replies), space.all(bdd.not(reply), requests)),
      ),
    ),
    implies(state('RELATED'), space.all(icmp, errors)),
    implies(state('INVALID'), space.any(tcp, icmp, protocol(17))),
  )
  const routable = space.all(...(['source', 'destination'] as const).map(name => unicast(space, name)))
  return [
    space.all(sendable, tracked, routable),
    space.all(sendable, tracked),
    space.all(sendable, routable),
    sendable,
    FULL,
  ]
}

function unicast(space: PacketSpace, name: 'source' | 'destination'): Node {
  if (space.family === 6) return space.inPrefix(name, Prefix.parse('2000::/3'))
  const range = (first: string, last: string): Node =>
    space.inAddressRange(name, Address.parse(first), Address.parse(last))
  return space.any(range('1.0.0.0', '126.255.255.255'), range('128.0.0.0', '223.255.255.255'))
}
