/** What an element of a set is made of, in the order of its text and of the `src,dst` words of a rule. */
export type Part = 'ip' | 'net' | 'port' | 'iface' | 'mark' | 'mac' | 'set'

/** The options of `create`, by the names that ipset prints. */
export type CreateOption =
  | 'family'
  | 'range'
  | 'size'
  | 'markmask'
  | 'hashsize'
  | 'maxelem'
  | 'netmask'
  | 'bitmask'
  | 'timeout'
  | 'counters'
  | 'comment'
  | 'forceadd'
  | 'skbinfo'
  | 'bucketsize'
  | 'initval'

/** A set type: everything that tells one from another is in its row, the code is shared. */
export interface SetType {
  readonly name: string
  readonly method: 'hash' | 'bitmap' | 'list'
  readonly parts: readonly Part[]
  /** What this kernel and ipset agree on (`ipset list` prints it). */
  readonly revision: number
  /** Names from before ipset 4. */
  readonly aliases: readonly string[]
  /** In the order in which `ipset save` prints them. */
  readonly options: readonly CreateOption[]
}

const EXTENSIONS = ['timeout', 'counters', 'comment', 'skbinfo'] as const
const HASH_EXTENSIONS = ['timeout', 'counters', 'comment', 'forceadd', 'skbinfo'] as const
const BUCKETS = ['bucketsize', 'initval'] as const
const HASH = ['family', 'hashsize', 'maxelem', ...HASH_EXTENSIONS, ...BUCKETS] as const
const MASKS = ['netmask', 'bitmask'] as const

function hash(
  parts: readonly Part[],
  revision: number,
  aliases: readonly string[] = [],
  options: readonly CreateOption[] = HASH,
): SetType {
  return { name: `hash:${parts.join(',')}`, method: 'hash', parts, revision, aliases, options }
}

function bitmap(
  parts: readonly Part[],
  aliases: readonly string[],
  options: readonly CreateOption[],
): SetType {
  return { name: `bitmap:${parts.join(',')}`, method: 'bitmap', parts, revision: 3, aliases, options }
}

/** Every type of ipset 7.17, with the revisions of Linux 6.18 (the man page, and the headers of `ipset save`). */
export const SET_TYPES: readonly SetType[] = [
  hash(['ip'], 6, ['iphash'], ['family', 'hashsize', 'maxelem', ...MASKS, ...HASH_EXTENSIONS, ...BUCKETS]),
  hash(['net'], 7, ['nethash']),
  hash(['ip', 'port'], 7, ['ipporthash'], [...HASH, ...MASKS]),
  hash(['net', 'port'], 8, ['netporthash']),
  hash(['ip', 'port', 'ip'], 6, ['ipportiphash']),
  hash(['ip', 'port', 'net'], 8, ['ipportnethash']),
  hash(['net', 'net'], 4, ['netnethash'], [...HASH, ...MASKS]),
  hash(['net', 'port', 'net'], 3, ['netportnethash']),
  hash(['ip', 'mark'], 3, ['ipmarkhash'], ['family', 'markmask', ...HASH.slice(1)]),
  hash(['ip', 'mac'], 1, [], HASH),
  hash(
    ['mac'],
    1,
    ['machash'],
    HASH.filter(option => option !== 'family'),
  ),
  hash(['net', 'iface'], 8, ['netifacehash']),
  bitmap(['ip'], ['ipmap'], ['range', 'netmask', ...EXTENSIONS]),
  bitmap(['ip', 'mac'], ['macipmap'], ['range', ...EXTENSIONS]),
  bitmap(['port'], ['portmap'], ['range', ...EXTENSIONS]),
  {
    name: 'list:set',
    method: 'list',
    parts: ['set'],
    revision: 3,
    aliases: ['setlist'],
    options: ['size', ...EXTENSIONS],
  },
]

/** The type of that name; old names count too. Undefined when there is none. */
export function findSetType(name: string): SetType | undefined {
  return SET_TYPES.find(type => type.name === name || type.aliases.includes(name))
}

/**
 * What a type's elements are, for `ipset swap`, which exchanges only sets of equal features (`set->type->features` in
 * net/netfilter/ipset): `hash:ip` and `bitmap:ip` may change places, `hash:ip` and `hash:net` may not.
 */
export function featuresOf(type: SetType): string {
  const parts = type.parts.map(part => (part === 'net' ? 'ip' : part))
  return `${parts.join(',')}${hasNets(type) ? ' nomatch' : ''}`
}

/** Types whose elements have prefix lengths, and may be marked `nomatch`. */
export function hasNets(type: SetType): boolean {
  return type.parts.includes('net')
}
