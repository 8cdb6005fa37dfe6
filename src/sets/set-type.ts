/**
 * The set types: what an element of each consists of, and what may be said when one is created. Everything else
 * (reading, printing, asking a packet, looking up) is derived from the dimensions.
 */

/** One part of an element, in the words of ipset's own type names; `set` is a member of a `list:set`. */
export type Dimension = 'ip' | 'net' | 'port' | 'mac' | 'iface' | 'set'

export interface SetType {
  /** `hash:ip,port`; before the colon how the kernel stores it, behind it the dimensions. */
  readonly name: string
  /** The names it had in ipset 4, which are still understood. */
  readonly aliases: readonly string[]
  readonly method: 'hash' | 'bitmap' | 'list'
  readonly dimensions: readonly Dimension[]
  /** What may stand behind `create NAME TYPE`, besides the extensions that every type has. */
  readonly createOptions: readonly CreateOption[]
}

/** In the order in which `ipset save` prints them; `EXTENSIONS` stand where it prints these. */
export type CreateOption =
  | 'family'
  | 'hashsize'
  | 'maxelem'
  | 'range'
  | 'size'
  | 'netmask'
  | 'bitmask'
  | 'bucketsize'
  | 'initval'
  | 'timeout'
  | 'counters'
  | 'comment'
  | 'skbinfo'
  | 'forceadd'

const EXTENSIONS: readonly CreateOption[] = ['timeout', 'counters', 'comment', 'skbinfo']
const SIZES: readonly CreateOption[] = ['family', 'hashsize', 'maxelem']
const BUCKETS: readonly CreateOption[] = ['bucketsize', 'initval']
const HASH: readonly CreateOption[] = [...SIZES, ...EXTENSIONS, ...BUCKETS, 'forceadd']

/** The types of ipset 7.17 that Linux 6.18 as built for the reference has, and the simulator models. */
export const SET_TYPES: readonly SetType[] = [
  type('hash:ip', ['iphash'], [...SIZES, 'netmask', 'bitmask', ...EXTENSIONS, ...BUCKETS, 'forceadd']),
  type('hash:net', ['nethash'], HASH),
  type('hash:ip,port', ['ipporthash'], [...HASH, 'netmask', 'bitmask']),
  type('hash:net,port', [], HASH),
  type('hash:ip,port,ip', ['ipportiphash'], HASH),
  type('hash:ip,port,net', ['ipportnethash'], HASH),
  type('hash:net,iface', [], HASH),
  type('bitmap:ip', ['ipmap'], ['range', 'netmask', ...EXTENSIONS]),
  type('bitmap:ip,mac', ['macipmap'], ['range', ...EXTENSIONS]),
  type('bitmap:port', ['portmap'], ['range', ...EXTENSIONS]),
  type('list:set', ['setlist'], ['size', ...EXTENSIONS]),
]

/** Types that ipset 7.17 knows and that are refused by name. */
export const UNMODELLED_TYPES: readonly string[] = [
  'hash:ip,mac',
  'hash:ip,mark',
  'hash:mac',
  'hash:net,net',
  'hash:net,port,net',
]

/** A type by its name or an old one. */
export function findSetType(name: string): SetType | undefined {
  return SET_TYPES.find(known => known.name === name || known.aliases.includes(name))
}

/** bitmap:ip,mac: the second dimension is no part of what an element is found by. */
export function hasMac({ dimensions }: SetType): boolean {
  return dimensions[1] === 'mac'
}

/** Which dimension has a prefix length; -1 for none. No type here has two. */
export function netDimension({ dimensions }: SetType): number {
  return dimensions.indexOf('net')
}

function type(name: string, aliases: readonly string[], createOptions: readonly CreateOption[]): SetType {
  const [method = '', dimensions = ''] = name.split(':')
  return {
    name,
    aliases,
    method: method as SetType['method'],
    dimensions: dimensions.split(',') as Dimension[],
    createOptions,
  }
}
