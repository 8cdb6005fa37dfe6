import { Address } from '../address.ts'
import { addressBit, bitOf, FIELD_NAMES, type FieldName } from './fields.ts'
import type { PacketSpace } from './space.ts'
import { NO_DEVICE, NO_MAC } from './vocabulary.ts'

/** Which packet to take where a set leaves a choice. */
export interface Taste {
  /** Number fields that differ from what people would send. */
  readonly protocol?: number
  readonly flags?: number
  readonly dport?: number
  /** Free variables: false unless told. */
  readonly opaque?: 0 | 1
  /** Anything at all, the same for the same seed. */
  readonly seed?: number
}

export const TASTES: readonly Taste[] = [
  {},
  { protocol: 17, dport: 53 },
  { opaque: 1 },
  { flags: 0x10 },
  { protocol: 1 },
  { protocol: 17, opaque: 1, dport: 123 },
]

/** A chooser for `Bdd.pick`. */
export function taste(space: PacketSpace, wanted: Taste): (level: number) => 0 | 1 {
  const { opaque = 0, seed } = wanted
  if (seed !== undefined) {
    let state = Math.imul(seed + 1, 0x9e3779b1) | 1
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return ((state >>> 16) & 1) as 0 | 1
    }
  }
  const bits = template(space, wanted)
  return level => (level < bits.length ? (bits[level] as 0 | 1) : opaque)
}

function template(space: PacketSpace, wanted: Taste): Uint8Array {
  const key = JSON.stringify(wanted)
  let bits = space.templates.get(key)
  if (bits === undefined) {
    bits = makeTemplate(space, wanted)
    space.templates.set(key, bits)
  }
  return bits
}

/** What people would send: TCP to a web server, opening a connection, from documentation addresses (RFC 5737, 3849). */
function makeTemplate(space: PacketSpace, { protocol, flags, dport }: Taste): Uint8Array {
  const bits = new Uint8Array(space.fieldBits)
  const v4 = space.family === 4
  const icmp = v4 ? 1 : 58
  const numbers: { readonly [name in FieldName]?: number } = {
    in: indexOfAny(space, 'in'),
    out: indexOfAny(space, 'out'),
    mac: space.fields.mac.atoms!.indexOf(NO_MAC),
    protocol: protocol === 1 ? icmp : (protocol ?? 6),
    sport: 40000,
    dport: dport ?? 8080,
    flags: flags ?? 0x02,
    icmpType: v4 ? 8 : 128,
    ttl: 64,
    length: 100,
  }
  for (const name of FIELD_NAMES) {
    const { offset, bits: width } = space.fields[name]
    const value = numbers[name] ?? 0
    if (name === 'source' || name === 'destination') continue
    for (let i = 0; i < width; i++) bits[offset + i] = bitOf(value, width, i)
  }
  const addresses = v4 ? ['198.51.100.7', '203.0.113.9'] : ['2001:db8:1::7', '2001:db8:2::9']
  ;(['source', 'destination'] as const).forEach((name, side) => {
    const address = Address.parse(addresses[side]!)
    const { offset, bits: width } = space.fields[name]
    for (let i = 0; i < width; i++) bits[offset + i] = addressBit(address, i)
  })
  return bits
}

/** Rather the stand-in for "any other device", never none. */
function indexOfAny(space: PacketSpace, name: 'in' | 'out'): number {
  const atoms = space.fields[name].atoms!
  const other = atoms.findIndex(atom => atom.startsWith('other'))
  return other >= 0 ? other : atoms.findIndex(atom => atom !== NO_DEVICE)
}
