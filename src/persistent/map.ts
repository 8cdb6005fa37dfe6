/** How the keys of a map are told apart. Equal keys must have equal hashes (any 32-bit integer, well mixed or not). */
export interface KeyKind<K> {
  hash(key: K): number
  equals(a: K, b: K): boolean
}

export const STRING_KEYS: KeyKind<string> = { hash: hashString, equals: (a, b) => a === b }
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
      if ((node.entryBits & bit) !== 0) {
        const at = 2 * countBits(node.entryBits & (bit - 1))
        return keys.equals(node.slots[at] as K, key) ? (node.slots[at + 1] as V) : undefined
      }
      if ((node.childBits & bit) === 0) return undefined
      node = node.slots[node.slots.length - 1 - countBits(node.childBits & (bit - 1))] as Node
    }
    const at = findCollision(node, keys, key)
    return at < 0 ? undefined : (node.slots[at + 1] as V)
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
 * `slots`: key, value, key, value, … in the order of `entryBits`, and the children from the end backwards in that of
 * `childBits`. Below the last five bits of the hash: only keys and values, which all have the same hash.
 */
class Node {
  readonly owner: object | undefined
  entryBits: number
  childBits: number
  slots: unknown[]

  constructor(owner: object | undefined, entryBits: number, childBits: number, slots: unknown[]) {
    this.owner = owner
    this.entryBits = entryBits
    this.childBits = childBits
    this.slots = slots
  }
}

const EMPTY_NODE = new Node(undefined, 0, 0, [])

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

function put(node: Node, shift: number, hash: number, key: unknown, value: unknown, change: Change): Node {
  if (shift >= 32) return putCollision(node, key, value, change)
  const bit = 1 << ((hash >>> shift) & 31)
  const at = 2 * countBits(node.entryBits & (bit - 1))
  if ((node.entryBits & bit) !== 0) {
    const oldKey = node.slots[at]
    if (change.keys.equals(oldKey, key)) {
      if (node.slots[at + 1] === value) return node
      const same = editable(node, change.owner)
      same.slots[at + 1] = value
      return same
    }
    const oldHash = change.keys.hash(oldKey)
    const child = pair(shift + 5, oldHash, oldKey, node.slots[at + 1], hash, key, value, change.owner)
    change.sizeDelta = 1
    return entryToChild(node, bit, at, child, change.owner)
  }
  if ((node.childBits & bit) !== 0) {
    const childAt = node.slots.length - 1 - countBits(node.childBits & (bit - 1))
    const child = node.slots[childAt] as Node
    const changed = put(child, shift + 5, hash, key, value, change)
    if (changed === child) return node
    const same = editable(node, change.owner)
    same.slots[childAt] = changed
    return same
  }
  change.sizeDelta = 1
  return replaceSlots(
    node,
    inserted(node.slots, at, key, value),
    node.entryBits | bit,
    node.childBits,
    change.owner,
  )
}

function remove(node: Node, shift: number, hash: number, key: unknown, change: Change): Node {
  if (shift >= 32) {
    const at = findCollision(node, change.keys, key)
    if (at < 0) return node
    change.sizeDelta = -1
    return replaceSlots(node, without(node.slots, at, 2), 0, 0, change.owner)
  }
  const bit = 1 << ((hash >>> shift) & 31)
  if ((node.entryBits & bit) !== 0) {
    const at = 2 * countBits(node.entryBits & (bit - 1))
    if (!change.keys.equals(node.slots[at], key)) return node
    change.sizeDelta = -1
    return replaceSlots(node, without(node.slots, at, 2), node.entryBits & ~bit, node.childBits, change.owner)
  }
  if ((node.childBits & bit) === 0) return node
  const childAt = node.slots.length - 1 - countBits(node.childBits & (bit - 1))
  const child = node.slots[childAt] as Node
  const changed = remove(child, shift + 5, hash, key, change)
  if (change.sizeDelta === 0) return node
  // A child with a single entry left becomes an entry here, so that equal maps have equal shapes.
  if (changed.childBits === 0 && changed.slots.length === 2)
    return childToEntry(node, bit, childAt, changed.slots[0], changed.slots[1], change.owner)
  if (changed === child) return node
  const same = editable(node, change.owner)
  same.slots[childAt] = changed
  return same
}

function putCollision(node: Node, key: unknown, value: unknown, change: Change): Node {
  const at = findCollision(node, change.keys, key)
  if (at < 0) {
    change.sizeDelta = 1
    return replaceSlots(node, inserted(node.slots, node.slots.length, key, value), 0, 0, change.owner)
  }
  if (node.slots[at + 1] === value) return node
  const same = editable(node, change.owner)
  same.slots[at + 1] = value
  return same
}

function findCollision<K>(node: Node, keys: KeyKind<K>, key: K): number {
  for (let at = 0; at < node.slots.length; at += 2) if (keys.equals(node.slots[at] as K, key)) return at
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
  if (shift >= 32) return new Node(owner, 0, 0, [keyA, valueA, keyB, valueB])
  const a = (hashA >>> shift) & 31
  const b = (hashB >>> shift) & 31
  if (a === b)
    return new Node(owner, 0, 1 << a, [pair(shift + 5, hashA, keyA, valueA, hashB, keyB, valueB, owner)])
  const slots = a < b ? [keyA, valueA, keyB, valueB] : [keyB, valueB, keyA, valueA]
  return new Node(owner, (1 << a) | (1 << b), 0, slots)
}

function entryToChild(node: Node, bit: number, at: number, child: Node, owner: object): Node {
  const { slots } = node
  const result: unknown[] = new Array(slots.length - 1)
  const childAt = slots.length - 2 - countBits(node.childBits & (bit - 1))
  let to = 0
  for (let from = 0; from < slots.length; from++) {
    if (from === at || from === at + 1) continue
    if (to === childAt) to++
    result[to++] = slots[from]
  }
  result[childAt] = child
  return replaceSlots(node, result, node.entryBits & ~bit, node.childBits | bit, owner)
}

function childToEntry(
  node: Node,
  bit: number,
  childAt: number,
  key: unknown,
  value: unknown,
  owner: object,
): Node {
  const at = 2 * countBits(node.entryBits & (bit - 1))
  const slots = inserted(without(node.slots, childAt, 1), at, key, value)
  return replaceSlots(node, slots, node.entryBits | bit, node.childBits & ~bit, owner)
}

function replaceSlots(
  node: Node,
  slots: unknown[],
  entryBits: number,
  childBits: number,
  owner: object,
): Node {
  if (node.owner !== owner) return new Node(owner, entryBits, childBits, slots)
  node.slots = slots
  node.entryBits = entryBits
  node.childBits = childBits
  return node
}

function editable(node: Node, owner: object): Node {
  return node.owner === owner ? node : new Node(owner, node.entryBits, node.childBits, node.slots.slice())
}

function inserted(slots: readonly unknown[], at: number, key: unknown, value: unknown): unknown[] {
  const result: unknown[] = new Array(slots.length + 2)
  for (let i = 0; i < at; i++) result[i] = slots[i]
  result[at] = key
  result[at + 1] = value
  for (let i = at; i < slots.length; i++) result[i + 2] = slots[i]
  return result
}

function without(slots: readonly unknown[], at: number, count: number): unknown[] {
  const result: unknown[] = new Array(slots.length - count)
  for (let i = 0; i < at; i++) result[i] = slots[i]
  for (let i = at + count; i < slots.length; i++) result[i - count] = slots[i]
  return result
}

function* entries(node: Node, shift: number): Generator<[unknown, unknown]> {
  const count = shift >= 32 ? node.slots.length : 2 * countBits(node.entryBits)
  for (let at = 0; at < count; at += 2) yield [node.slots[at], node.slots[at + 1]]
  for (let at = node.slots.length - 1; at >= count; at--) yield* entries(node.slots[at] as Node, shift + 5)
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
