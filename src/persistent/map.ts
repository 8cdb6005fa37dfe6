/** How the keys of a map are told apart. Equal keys must have equal hashes (any 32-bit integer, well mixed or not). */
export interface KeyKind<K> {
  hash(key: K): number
  equals(a: K, b: K): boolean
}

const STRING_KEYS: KeyKind<string> = { hash: hashString, equals: (a, b) => a === b }
export const NUMBER_KEYS: KeyKind<number> = {
  hash: key => Math.imul(key, 0x9e3779b1) | 0,
  equals: (a, b) => a === b,
}

/**
 * A persistent hash map: a trie over five bits of the hash at a time, nodes holding entries and children side by side
 * (CHAMP, Steindorfer & Vinju 2015). Every version stays good. Changes name an `owner`, as in PersistentVector.
 * Iteration order is that of the hashes.
 *
 * @example
 * const before = PersistentMap.strings<number>().set('a', 1, {})
 * const after = before.delete('a', {})
 * before.get('a') // 1
 * after.size // 0
 */
export class PersistentMap<K, V> {
  readonly size: number
  private readonly keys: KeyKind<K>
  private readonly root: Node

  private constructor(size: number, keys: KeyKind<K>, root: Node) {
    this.size = size
    this.keys = keys
    this.root = root
  }

  static empty<K, V>(keys: KeyKind<K>): PersistentMap<K, V> {
    return new PersistentMap<K, V>(0, keys, EMPTY_NODE)
  }

  static strings<V>(): PersistentMap<string, V> {
    return PersistentMap.empty<string, V>(STRING_KEYS)
  }

  get(key: K): V | undefined {
    const { keys } = this
    const hash = keys.hash(key)
    let node = this.root
    for (let shift = 0; shift < 32; shift += 5) {
      const bit = 1 << ((hash >>> shift) & 31)
      if (((node[ENTRIES] as number) & bit) !== 0) {
        const at = entryIndex(node, bit)
        return keys.equals(node[at] as K, key) ? (node[at + 1] as V) : undefined
      }
      if (((node[CHILDREN] as number) & bit) === 0) return undefined
      node = node[childIndex(node, bit)] as Node
    }
    const at = findCollision(node, keys, key)
    return at < 0 ? undefined : (node[at + 1] as V)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  set(key: K, value: V, owner: object): PersistentMap<K, V> {
    const change = new Change(this.keys as KeyKind<unknown>, owner)
    const root = put(this.root, 0, this.keys.hash(key), key, value, change)
    return root === this.root && change.sizeDelta === 0
      ? this
      : new PersistentMap(this.size + change.sizeDelta, this.keys, root)
  }

  delete(key: K, owner: object): PersistentMap<K, V> {
    const change = new Change(this.keys as KeyKind<unknown>, owner)
    const root = remove(this.root, 0, this.keys.hash(key), key, change)
    return change.sizeDelta === 0 ? this : new PersistentMap(this.size - 1, this.keys, root)
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    return entries(this.root, 0) as Iterator<[K, V]>
  }
}

/**
 * Owner, entry bits, child bits; then key, value, key, value, … in the order of the entry bits, and the children from
 * the end backwards in that of the child bits. Below the last five bits of the hash both bit fields are 0, and there are
 * only keys and values, which all have the same hash. A bare array, like the vector's nodes.
 */
type Node = unknown[]

const OWNER = 0
const ENTRIES = 1
const CHILDREN = 2
const FIRST = 3
const EMPTY_NODE: Node = [undefined, 0, 0]

/** One `set` or `delete` under way. */
class Change {
  readonly keys: KeyKind<unknown>
  readonly owner: object
  sizeDelta = 0

  constructor(keys: KeyKind<unknown>, owner: object) {
    this.keys = keys
    this.owner = owner
  }
}

function entryIndex(node: Node, bit: number): number {
  return FIRST + 2 * countBits((node[ENTRIES] as number) & (bit - 1))
}

function childIndex(node: Node, bit: number): number {
  return node.length - 1 - countBits((node[CHILDREN] as number) & (bit - 1))
}

function put(node: Node, shift: number, hash: number, key: unknown, value: unknown, change: Change): Node {
  if (shift >= 32) return putCollision(node, key, value, change)
  const bit = 1 << ((hash >>> shift) & 31)
  const entryBits = node[ENTRIES] as number
  const childBits = node[CHILDREN] as number
  const at = entryIndex(node, bit)
  if ((entryBits & bit) !== 0) {
    const oldKey = node[at]
    if (change.keys.equals(oldKey, key)) return withSlot(node, at + 1, value, change.owner)
    const oldHash = change.keys.hash(oldKey)
    const child = pair(shift + 5, oldHash, oldKey, node[at + 1], hash, key, value, change.owner)
    change.sizeDelta = 1
    return entryToChild(node, bit, at, child, change.owner)
  }
  if ((childBits & bit) !== 0) {
    const childAt = childIndex(node, bit)
    return withSlot(
      node,
      childAt,
      put(node[childAt] as Node, shift + 5, hash, key, value, change),
      change.owner,
    )
  }
  change.sizeDelta = 1
  return inserted(node, at, key, value, entryBits | bit, change.owner)
}

function remove(node: Node, shift: number, hash: number, key: unknown, change: Change): Node {
  if (shift >= 32) {
    const found = findCollision(node, change.keys, key)
    if (found < 0) return node
    change.sizeDelta = -1
    return without(node, found, 2, 0, 0, change.owner)
  }
  const bit = 1 << ((hash >>> shift) & 31)
  const entryBits = node[ENTRIES] as number
  const childBits = node[CHILDREN] as number
  if ((entryBits & bit) !== 0) {
    const at = entryIndex(node, bit)
    if (!change.keys.equals(node[at], key)) return node
    change.sizeDelta = -1
    return without(node, at, 2, entryBits & ~bit, childBits, change.owner)
  }
  if ((childBits & bit) === 0) return node
  const childAt = childIndex(node, bit)
  const changed = remove(node[childAt] as Node, shift + 5, hash, key, change)
  if (change.sizeDelta === 0) return node
  // A child with a single entry left becomes an entry here, so that equal maps have equal shapes.
  if (changed[CHILDREN] === 0 && changed.length === FIRST + 2) {
    const { owner } = change
    const narrower = without(node, childAt, 1, entryBits, childBits & ~bit, owner)
    return inserted(
      narrower,
      entryIndex(narrower, bit),
      changed[FIRST],
      changed[FIRST + 1],
      entryBits | bit,
      owner,
    )
  }
  return withSlot(node, childAt, changed, change.owner)
}

function putCollision(node: Node, key: unknown, value: unknown, change: Change): Node {
  const at = findCollision(node, change.keys, key)
  if (at >= 0) return withSlot(node, at + 1, value, change.owner)
  change.sizeDelta = 1
  return inserted(node, node.length, key, value, 0, change.owner)
}

function findCollision<K>(node: Node, keys: KeyKind<K>, key: K): number {
  for (let at = FIRST; at < node.length; at += 2) if (keys.equals(node[at] as K, key)) return at
  return -1
}

/** The smallest subtree that holds two entries. */
function pair(
  shift: number,
  hashA: number,
  keyA: unknown,
  valueA: unknown,
  hashB: number,
  keyB: unknown,
  valueB: unknown,
  owner: object,
): Node {
  if (shift >= 32) return [owner, 0, 0, keyA, valueA, keyB, valueB]
  const a = (hashA >>> shift) & 31
  const b = (hashB >>> shift) & 31
  if (a === b) return [owner, 0, 1 << a, pair(shift + 5, hashA, keyA, valueA, hashB, keyB, valueB, owner)]
  const bits = (1 << a) | (1 << b)
  return a < b ? [owner, bits, 0, keyA, valueA, keyB, valueB] : [owner, bits, 0, keyB, valueB, keyA, valueA]
}

/** In place where the owner may, in a copy otherwise. */
function withSlot(node: Node, at: number, value: unknown, owner: object): Node {
  if (node[at] === value) return node
  let editable = node
  if (node[OWNER] !== owner) {
    editable = node.slice()
    editable[OWNER] = owner
  }
  editable[at] = value
  return editable
}

function entryToChild(node: Node, bit: number, at: number, child: Node, owner: object): Node {
  const childAt = childIndex(node, bit) - 1
  const result: Node = [owner, (node[ENTRIES] as number) & ~bit, (node[CHILDREN] as number) | bit]
  for (let from = FIRST; from < node.length; from++) {
    if (from === at || from === at + 1) continue
    if (result.length === childAt) result.push(child)
    result.push(node[from])
  }
  if (result.length === childAt) result.push(child)
  return result
}

function inserted(
  node: Node,
  at: number,
  key: unknown,
  value: unknown,
  entryBits: number,
  owner: object,
): Node {
  const result: Node = [owner, entryBits, node[CHILDREN]]
  for (let i = FIRST; i < at; i++) result.push(node[i])
  result.push(key, value)
  for (let i = at; i < node.length; i++) result.push(node[i])
  return result
}

function without(
  node: Node,
  at: number,
  count: number,
  entryBits: number,
  childBits: number,
  owner: object,
): Node {
  const result: Node = [owner, entryBits, childBits]
  for (let i = FIRST; i < node.length; i++) if (i < at || i >= at + count) result.push(node[i])
  return result
}

function* entries(node: Node, shift: number): Generator<[unknown, unknown]> {
  const end = shift >= 32 ? node.length : FIRST + 2 * countBits(node[ENTRIES] as number)
  for (let at = FIRST; at < end; at += 2) yield [node[at], node[at + 1]]
  for (let at = node.length - 1; at >= end; at--) yield* entries(node[at] as Node, shift + 5)
}

function countBits(bits: number): number {
  bits -= (bits >>> 1) & 0x55555555
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function hashString(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash ^ (hash >>> 15)
}
