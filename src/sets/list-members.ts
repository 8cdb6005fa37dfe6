/** Members of a `list:set`: net/netfilter/ipset/ip_set_list_set.c, `list_set_uadd` and `list_set_udel`. */
import { kept } from './addition.ts'
import { isExpired } from './element.ts'
import type { IpSet, ListMember, ListSet } from './ip-set.ts'
import type { ElementWords } from './read-extensions.ts'
import { SetError, type SetWord } from './set-error.ts'

/** A set that a line names as a member of a list. */
interface Member {
  readonly word: SetWord
  readonly set: IpSet
}

/** @throws SetError */
export function addMember(
  list: ListSet,
  member: Member,
  { extensions, keeps, place }: ElementWords,
  exist: boolean,
  nowJiffies: number,
): ListSet {
  const { text: name } = member.word
  checkMember(member)
  const members = list.members.filter(old => !isExpired(old.extensions, nowJiffies))
  const reference = place && placeOf(members, place, name)
  const present = members.findIndex(old => old.name === name)
  if (present >= 0 && !exist)
    throw new SetError(`'${name}' is in the list already`, member.word, {}, 'kernel')
  if (present >= 0) {
    const counters = kept(members[present]!.extensions, { extensions, keeps })
    return list.with(
      members.map((old, at) => (at === present ? { name, extensions: { ...extensions, ...counters } } : old)),
    )
  }
  const at = place === undefined ? members.length : reference! + (place.before ? 0 : 1)
  return list.with([...members.slice(0, at), { name, extensions }, ...members.slice(at)])
}

/** With a place: only if the member stands right there. @throws SetError */
export function deleteMember(
  list: ListSet,
  given: Member,
  place: ElementWords['place'],
  exist: boolean,
  nowJiffies: number,
): ListSet {
  checkMember(given)
  const member = given.word
  const members = list.members.filter(old => !isExpired(old.extensions, nowJiffies))
  const at = members.findIndex(old => old.name === member.text)
  const neighbour = place && members[at + (place.before ? 1 : -1)]?.name
  if (at >= 0 && (place === undefined || neighbour === place.name.text))
    return list.with(members.filter((_, index) => index !== at))
  if (exist && place === undefined) return list
  const where = place === undefined ? '' : ` ${place.before ? 'before' : 'behind'} '${place.name.text}'`
  throw new SetError(`'${member.text}' is not in the list${where}`, member, {}, 'kernel')
}

/** @throws SetError */
function checkMember({ word, set }: Member): void {
  if (set.kind === 'list') throw new SetError('a list:set cannot be a member of one', word, {}, 'kernel')
}

/** @param own no member stands before or behind itself */
function placeOf(
  members: readonly ListMember[],
  { name }: NonNullable<ElementWords['place']>,
  own: string,
): number {
  const at = members.findIndex(member => member.name === name.text)
  if (at >= 0 && name.text !== own) return at
  throw new SetError(`'${name.text}' is not in the list`, name, {}, 'kernel')
}
