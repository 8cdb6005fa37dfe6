import { type Address, Prefix } from '../address.ts'
import {
  type Device,
  type Devices,
  type InterfaceAddress,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isMulticast,
  Scope,
} from './interfaces.ts'

/**
 * IPv4: a device's address for talking to `destination` (`inet_select_addr` in net/ipv4/devinet.c): the first primary
 * one, but one in the destination's subnet if there is one. A device without addresses borrows from another.
 *
 * @param scope how far the address must reach at least
 */
export function selectSourceAddress(
  devices: Devices,
  device: Device,
  destination: Address | undefined,
  scope: number,
): Address | undefined {
  const localnetScope = device.settings.routeLocalnet ? Scope.LINK : Scope.HOST
  let first: Address | undefined
  if (device.up) {
    for (const own of device.addresses) {
      if (own.secondary || Math.min(own.scope, localnetScope) > scope) continue
      const near = destination === undefined || destination.isZero() || inSubnet(own, destination)
      if (near) return own.address
      first ??= own.address
    }
  }
  if (first !== undefined) return first
  for (const other of devices.values()) {
    if (!other.up) continue
    const borrowed = other.addresses.find(
      own => !own.secondary && own.scope !== Scope.LINK && own.scope <= scope,
    )
    if (borrowed !== undefined) return borrowed.address
  }
  return undefined
}

function inSubnet(own: InterfaceAddress, destination: Address): boolean {
  return ((own.address.w0 ^ destination.w0) & own.mask.w0) === 0
}

/**
 * IPv6: `ipv6_dev_get_saddr` (net/ipv6/addrconf.c), RFC 6724 section 5 as far as addresses that are all permanent,
 * preferred and no home addresses can differ. Of equals the first wins: the newest of the first device.
 *
 * @param device where the packet will leave; undefined if that is not known
 */
export function selectSourceAddress6(
  devices: Devices,
  device: Device | undefined,
  destination: Address,
): Address | undefined {
  let best: Candidate | undefined
  const onlyDevice = isMulticast(destination) || scopeOf(destination) <= SCOPE_LINK_LOCAL
  for (const other of devices.values()) {
    if (!other.up || (onlyDevice && device !== undefined && other !== device)) continue
    for (const own of other.addresses) {
      const candidate = new Candidate(own, other, device, destination)
      if (best === undefined || candidate.beats(best)) best = candidate
    }
  }
  return best?.address
}

class Candidate {
  readonly address: Address
  readonly same: boolean
  readonly scopeDistance: number
  readonly outgoing: boolean
  readonly labelMatches: boolean
  readonly orchidMatches: boolean
  readonly matchLength: number

  constructor(own: InterfaceAddress, on: Device, out: Device | undefined, destination: Address) {
    const { address } = own
    this.address = address
    this.same = address.equals(destination)
    const scope = scopeOf(address)
    // Scopes that reach the destination first, the narrowest of them best; then the widest of those that do not.
    this.scopeDistance = scope >= scopeOf(destination) ? -scope : scope - 128
    this.outgoing = out === undefined || out === on
    this.labelMatches = labelOf(address) === labelOf(destination)
    this.orchidMatches = isOrchid(address) === isOrchid(destination)
    this.matchLength = Math.min(commonBits(address, destination), own.length)
  }

  beats(other: Candidate): boolean {
    if (this.same !== other.same) return this.same
    if (this.scopeDistance !== other.scopeDistance) return this.scopeDistance > other.scopeDistance
    if (this.outgoing !== other.outgoing) return this.outgoing
    if (this.labelMatches !== other.labelMatches) return this.labelMatches
    if (this.orchidMatches !== other.orchidMatches) return this.orchidMatches
    return this.matchLength > other.matchLength
  }
}

const SCOPE_LINK_LOCAL = 2

/** RFC 4007 scopes, multicast's from its own scope field. */
function scopeOf(address: Address): number {
  if (isMulticast(address)) return (address.w0 >>> 16) & 15
  if (isIpv6LinkLocal(address) || isIpv6Loopback(address)) return SCOPE_LINK_LOCAL
  if ((address.w0 & 0xffc00000) === (0xfec00000 | 0)) return 5
  return 14
}

/** The kernel's default policy table (net/ipv6/addrlabel.c), longest prefix first. */
const LABELS: readonly (readonly [Prefix, number])[] = [
  [Prefix.parse('::1/128'), 0],
  [Prefix.parse('::ffff:0:0/96'), 4],
  [Prefix.parse('::/96'), 3],
  [Prefix.parse('2001::/32'), 6],
  [Prefix.parse('2001:10::/28'), 7],
  [Prefix.parse('3ffe::/16'), 12],
  [Prefix.parse('2002::/16'), 2],
  [Prefix.parse('fec0::/10'), 11],
  [Prefix.parse('fc00::/7'), 5],
]

function labelOf(address: Address): number {
  for (const [prefix, label] of LABELS) if (prefix.contains(address)) return label
  return 1
}

/** 2001:10::/28, RFC 4843. */
function isOrchid(address: Address): boolean {
  return address.w0 >>> 4 === 0x2001001
}

function commonBits(a: Address, b: Address): number {
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0)
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1)
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2)
  return 96 + Math.clz32(a.w3 ^ b.w3)
}
