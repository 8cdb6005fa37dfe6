import type { InterfaceConfig } from './ip/interfaces.ts'
import type { Ruleset } from './rules/model.ts'

/**
 * What a person configures: plain data, edited with `edit(state, draft => …)`. Everything else in a state is what
 * packets and time made of it.
 */
export interface FirewallConfig {
  /** Layer-3 devices by name. `lo` is always there. */
  readonly interfaces: { readonly [device: string]: InterfaceConfig }
  /** Routes as `ip route` takes them, e.g. `default via 203.0.113.254 dev wan0`; connected networks are implied. */
  readonly routes: readonly string[]
  /** iptables' and ip6tables' rules. A family without rules has no tables. */
  readonly rules: { readonly ipv4?: Ruleset; readonly ipv6?: Ruleset }
  /**
   * `on`: connection tracking from the start, as on any box that has used it once. `auto`: only when a rule needs it
   * (a state match, CT, NAT …), as in a fresh network namespace.
   */
  readonly conntrack: 'on' | 'auto'
  /** By the kernel's names: `net.netfilter.nf_conntrack_tcp_loose`, `net.ipv4.ip_forward` …; only what differs from the defaults. */
  readonly sysctls: { readonly [name: string]: number }
}
