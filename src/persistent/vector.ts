/**
 * A persistent array indexed by dense integers: a tree of 32-wide nodes, as in Clojure's vectors. Every version stays
 * good; a new one shares all nodes but those on the path to what changed.
 *
 * Changes name an `owner`: nodes made under the same owner are changed in place, all others are copied first. Drop the
 * owner object when the batch is done, and every node is immutable from then on. An owner's intermediate versions are
 * its own: only the last one may be kept.
 *
 * @example
 * const owner = {}
 * const vector = PersistentVector.empty<string>().push('a', owner).push('b', owner)
 * const fork = vector.set(0, 'z', {})
 * vector.get(0) // 'a'
 * fork.get(0) // 'z'
 */
export class PersistentVector<T> {
  readonly length: number
  private readonly root: Node
  /** 5 × (levels − 1): how far the index of the root's children is shifted. */
  private readonly shift: number

  private constructor(length: number, shift: number, root: Node) {
    this.length = length
    this.shift = shift
    this.root = root
  }

  static empty<T>(): PersistentVector<T> {
    return new PersistentVector<T>(0, 0, EMPTY_NODE)
  }

  static from<T>(items: Iterable<T>, owner: object = {}): PersistentVector<T> {
    let vector = PersistentVector.empty<T>()
    for (const item of items) vector = vector.push(item, owner)
    return vector
  }

  /** Undefined outside of 0 … length − 1. */
  get(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined
    let node = this.root
    for (let shift = this.shift; shift > 0; shift -= 5) node = node[(index >>> shift) & 31] as Node
    return node[index & 31] as T
  }

  /** As an array's `at`: −1 is the last. For all else that arrays can do: `[...vector]`. */
  at(index: number): T | undefined {
    return this.get(index < 0 ? this.length + index : index)
  }

  /** @throws RangeError outside of 0 … length − 1 */
  set(index: number, value: T, owner: object): PersistentVector<T> {
    if (index < 0 || index >= this.length) throw new RangeError(`index ${index} of ${this.length}`)
    const root = put(this.root, this.shift, index, value, owner)
    return root === this.root ? this : new PersistentVector(this.length, this.shift, root)
  }

  push(value: T, owner: object): PersistentVector<T> {
    let { root, shift } = this
    if (this.length === 32 << shift) {
      root = newNode(owner)
      root[0] = this.root
      shift += 5
    }
    return new PersistentVector(this.length + 1, shift, put(root, shift, this.length, value, owner))
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let start = 0; start < this.length; start += 32) {
      let node = this.root
      for (let shift = this.shift; shift > 0; shift -= 5) node = node[(start >>> shift) & 31] as Node
      const end = Math.min(32, this.length - start)
      for (let i = 0; i < end; i++) yield node[i] as T
    }
  }
}

/**
 * 32 nodes (values in the lowest level), and behind them the owner. A bare array: the one indirection less on each
 * level is what a lookup among a million costs.
 */
type Node = unknown[]

const OWNER = 32
const EMPTY_NODE: Node = newNode(undefined)

function newNode(owner: object | undefined): Node {
  const node: Node = new Array(33)
  node[OWNER] = owner
  return node
}

/** The node itself if it could be changed in place. */
function put(node: Node, shift: number, index: number, value: unknown, owner: object): Node {
  let editable = node
  if (node[OWNER] !== owner) {
    editable = node.slice()
    editable[OWNER] = owner
  }
  const slot = (index >>> shift) & 31
  if (shift === 0) editable[slot] = value
  else
    editable[slot] = put(
      (editable[slot] as Node | undefined) ?? newNode(owner),
      shift - 5,
      index,
      value,
      owner,
    )
  return editable
}
