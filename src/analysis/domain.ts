import type { Hook, TableName } from '../rules/model.ts'
import { FULL, type Node } from './bdd.ts'
import type { FieldName } from './fields.ts'
import type { PacketSpace } from './space.ts'
import { NO_DEVICE } from './vocabulary.ts'

const HAS_IN: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD']
const HAS_OUT: readonly Hook[] = ['FORWARD', 'OUTPUT', 'POSTROUTING']

/** The packets that can come to a table at a hook at all. */
export function domainOf(space: PacketSpace, table: TableName, hook: Hook): Node {
  const { bdd } = space
  const tracked = space.named('state', name => name !== 'INVALID' && name !== 'UNTRACKED')
  const isNew = space.named('state', name => name === 'NEW')
  const device = (name: 'in' | 'out'): Node => {
    if (name === 'in' && hook === 'POSTROUTING') return FULL
    const has = (name === 'in' ? HAS_IN : HAS_OUT).includes(hook)
    return space.named(name, atom => (atom !== NO_DEVICE) === has)
  }
  return space.all(
    ...HIGH_FIELDS.map(name => isName(space, name)),
    device('in'),
    device('out'),
    // NEW is by definition the original direction; without a connection there is none, and no translation
    bdd.not(space.all(isNew, space.is('direction', 1))),
    space.any(tracked, space.all(space.is('direction', 0), space.is('snat', 0), space.is('dnat', 0))),
    // the nat table is asked about a connection's first packet only
    table === 'nat' ? space.named('state', name => name === 'NEW' || name === 'RELATED') : FULL,
    table === 'nat' ? space.is('direction', 0) : FULL,
    lowDomain(space),
  )
}

/** The part of every domain that lies below the addresses. Put under a rule's conditions first, it is never copied. */
export function lowDomain(space: PacketSpace): Node {
  return space.all(
    isName(space, 'kind'),
    isName(space, 'mac'),
    space.between('length', space.family === 4 ? 20 : 40, 65535),
  )
}

const HIGH_FIELDS: readonly FieldName[] = ['state', 'direction', 'in', 'out']

/** Every number of a field of names must be a name. */
function isName(space: PacketSpace, field: FieldName): Node {
  return space.between(field, 0, space.fields[field].atoms!.length - 1)
}
