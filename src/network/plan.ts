import { Address, Prefix } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import type { InterfaceConfig } from '../ip/interfaces.ts'
import type { NodeSpec } from './spec.ts'

/** Something wrong with a network's description; `path` leads to it: `['nodes', 'laptop', 'address']`. */
export interface NetworkDiagnostic extends Diagnostic {
  readonly path: readonly (string | number)[]
}

/** Collects everything that is wrong, so that it can be told at once. */
export class Problems {
  readonly list: NetworkDiagnostic[] = []

  add(path: readonly (string | number)[], message: string, hint?: string): void {
    const base = { severity: 'error', file: path.join('.'), line: 1, column: 1, message, path } as const
    this.list.push(hint === undefined ? base : { ...base, hint })
  }
}

/** A node while the network is being planned. */
export interface PlannedNode {
  readonly name: string
  readonly spec: NodeSpec
  readonly devices: Map<string, PlannedDevice>
  readonly routes: string[]
  forwarding: boolean
}

export interface PlannedDevice {
  readonly name: string
  /** With prefix lengths where they were given. */
  addresses: readonly string[]
  readonly config: Omit<InterfaceConfig, 'addresses'>
  /** Where it is plugged in. */
  link: string | undefined
  /** The link is an internet. */
  isPublic: boolean
}

export interface PlannedLink {
  readonly name: string
  readonly kind: 'segment' | 'point-to-point'
  readonly delayMs: number
  readonly members: readonly { readonly node: string; readonly device: string }[]
}

/** The text before the slash as an address; undefined if it is none. */
export function addressOf(text: string): Address | undefined {
  return Address.tryParse(text.split('/')[0]!)
}

/** The network an address with its prefix length is in. */
export function networkOf(text: string): Prefix | undefined {
  return Prefix.tryParse(text)
}

const PRIVATE: readonly Prefix[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
].map(text => Prefix.parse(text))

/** Addresses that the internet does not route (RFC 1918, 6598, 3927, 4193). */
export function isPrivate(address: Address): boolean {
  return PRIVATE.some(prefix => prefix.contains(address))
}
