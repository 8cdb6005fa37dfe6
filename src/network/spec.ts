import type { FirewallOptions } from '../firewall.ts'
import type { InterfaceConfig } from '../ip/interfaces.ts'
import type { StepOptions } from '../transaction.ts'
import type { Program } from './process.ts'
import type { TcpSettings } from './tcp-connection.ts'

/** One or several of something. */
export type OneOrMore<T> = T | readonly T[]

/** A host, router or firewall as people describe it. */
export interface NodeSpec {
  /**
   * A host with one device: its address or addresses, with the prefix length (`10.6.34.100/24`). Without one it is a
   * /24 or a /64; on an internet, a single address.
   */
  readonly address?: OneOrMore<string>
  /** The device's name. Default `eth0`. */
  readonly device?: string
  readonly mtu?: number
  /** Default: the only router on its link that is in the same subnet. `none` for no default route. */
  readonly gateway?: OneOrMore<string>
  /** Several devices, or more detail: `{ lan0: '10.6.0.1/16', wan0: ['203.0.113.1/24', '2001:db8::1/64'] }`. */
  readonly interfaces?: { readonly [device: string]: string | readonly string[] | InterfaceConfig }
  /** As `ip route` takes them. */
  readonly routes?: readonly string[]
  /** See `FirewallOptions.rules`; names in rules are looked up in the network's hosts table. */
  readonly rules?: FirewallOptions['rules']
  /** See `FirewallOptions.sets`: the ipsets that the rules name, as `ipset restore` reads them. */
  readonly sets?: string
  /** Default: `on` with rules, else `auto`. */
  readonly conntrack?: 'on' | 'auto'
  readonly sysctls?: FirewallOptions['sysctls']
  /** Forwards packets that are not for it. Default: with more than one device. */
  readonly forwarding?: boolean
  /** `silent`: answers neither pings nor packets to closed ports. */
  readonly stack?: 'normal' | 'silent'
  readonly tcp?: Partial<TcpSettings>
  /** Programs that run from the beginning. */
  readonly services?: readonly Program[]
}

/** A link as people describe it. */
export interface LinkSpec {
  /** Nodes with one device by their names, others as `node:device`. */
  readonly members: readonly string[]
  /**
   * `segment`: a switch. `point-to-point`: a cable between two. `internet`: a cloud that routes between all public
   * addresses on it; it is a node of that name in traces, and drops what has a private destination. Default: `internet`
   * for a link of that name, else `segment`.
   */
  readonly kind?: 'segment' | 'point-to-point' | 'internet'
  /** Default 1. */
  readonly delayMs?: number
  /** Internet only: networks behind a member, `{ '198.51.100.0/24': 'isp-router' }`. */
  readonly routes?: { readonly [prefix: string]: string }
}

/** A whole network as people describe it. */
export interface NetworkSpec {
  readonly nodes: { readonly [name: string]: NodeSpec }
  readonly links?: { readonly [name: string]: readonly string[] | LinkSpec }
  /** The hosts table. A node's own name need not be in it. */
  readonly dns?: { readonly [name: string]: OneOrMore<string> }
  readonly nowMs?: number
  /** Whether every hop is kept, and told by `send`, `tick` and the verbs (about 2 kB each). Default true. */
  readonly log?: boolean
  /** Where the kernel would be random; see `StepOptions`. */
  readonly stepOptions?: StepOptions
}

export function asList<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as T]
}
