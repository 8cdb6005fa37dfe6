/** Members of a `list:set`: net/netfilter/ipset/ip_set_list_set.c, `list_set_uadd` and `list_set_udel`. */
import { isExpired } from './element.ts'
import type { IpSet, ListMember, ListSet } from './ip-set.ts'
import type { ElementWords } from './read-extensions.ts'
import { SetError, type SetWord } from './set-error.ts'

/** @throws SetError */
export function addMember(
  list: ListSet,
  member: { readonly word: SetWord; readonly set: IpSet },
  { extensions, keepsCounters, place }: ElementWords,
  exist: boolean,
  nowJiffies: number,
): ListSet {
  const { text: name } = member.word
  if (member.set.kind === 'list')
    throw new SetError('a list:set cannot be a member of one', member.word, {}, 'kernel')
  const members = list.members.filter(old => !isExpired(old.extensions, nowJiffies))
  const reference = place && placeOf(members, place)
  const present = members.findIndex(old => old.name === name)
  if (present >= 0 && !exist)
    throw new SetError(`'${name}' is in the list already`, member.word, {}, 'kernel')
  if (present >= 0) {
    const { packets, bytes } = keepsCounters ? members[present]!.extensions : extensions
    return list.with(
      members.map((old, at) =>
        at === present ? { name, extensions: { ...extensions, packets, bytes } } : old,
      ),
    )
  }
  const at = place === undefined ? members.length : reference! + (place.before ? 0 : 1)
  return list.with([...members.slice(0, at), { name, extensions }, ...members.slice(at)])
}

/** With a place: only if the member stands right there. @throws SetError */
export function deleteMember(
  list: ListSet,
  member: SetWord,
  place: ElementWords['place'],
  exist: boolean,
  nowJiffies: number,
): ListSet {
  const members = list.members.filter(old => !isExpired(old.extensions, nowJiffies))
  const at = members.findIndex(old => old.name === member.text)
  const neighbour = place && members[at + (place.before ? 1 : -1)]?.name
  if (at >= 0 && (place === undefined || neighbour === place.name.text))
    return list.with(members.filter((_, index) => index !== at))
  if (exist) return list
  throw new SetError(`'${member.text}' is not in the list`, member, {}, 'kernel')
}

function placeOf(members: readonly ListMember[], { name }: NonNullable<ElementWords['place']>): number {
  const at = members.findIndex(member => member.name === name.text)
  if (at >= 0) return at
  throw new SetError(`'${name.text}' is not in the list`, name, {}, 'kernel')
}
