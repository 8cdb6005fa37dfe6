import { compileConfig } from './compile-config.ts'
import type { CompiledConfig } from './compiled.ts'
import type { FirewallConfig } from './config.ts'
import type { ExpectationTable } from './conntrack/expectations.ts'
import type { GreKeys } from './conntrack/gre-keys.ts'
import type { SessionTable } from './conntrack/session-table.ts'
import type { FragmentQueue } from './packet/fragments.ts'
import type { PersistentMap } from './persistent/map.ts'
import type { PersistentVector } from './persistent/vector.ts'
import type { Counters } from './rules/model.ts'
import { refuseMissingSets } from './rules/set-names.ts'
import type { SetTable } from './sets/set-table.ts'

interface Parts {
  config: FirewallConfig
  compiled: CompiledConfig
  nowMs: number
  sessions: SessionTable
  expectations: ExpectationTable
  greKeys: GreKeys
  counters: PersistentVector<Counters>
  memory: PersistentMap<string, unknown>
  sets: SetTable
  fragments: FragmentQueue
  nextPacketId: number
}

/**
 * A firewall, whole: its configuration and everything that packets and time have made of it. Immutable: `step`, `edit`
 * and `advance` return the next one, and the old one stays good, so a fork is nothing but keeping it.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const query = { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) }
 * const { state } = step(box, query)
 * state.sessions.size // 1
 * box.sessions.size // 0
 */
export class FirewallState {
  /** What a person configured; change it with `edit`. */
  readonly config: FirewallConfig
  readonly compiled: CompiledConfig
  /** The virtual clock, in ms. */
  readonly nowMs: number
  readonly sessions: SessionTable
  readonly expectations: ExpectationTable
  /** The call ids that control connections of PPTP have agreed on. */
  readonly greKeys: GreKeys
  /** By the slots of `compiled`; read them with `readCounters`. */
  readonly counters: PersistentVector<Counters>
  /** What stateful matches remember. */
  readonly memory: PersistentMap<string, unknown>
  /** The ipsets; print them with `ipsetSave`, change them with `ipset`. */
  readonly sets: SetTable
  /** Fragments that wait for the rest. */
  readonly fragments: FragmentQueue
  readonly nextPacketId: number

  constructor(parts: Parts) {
    this.config = parts.config
    this.compiled = parts.compiled
    this.nowMs = parts.nowMs
    this.sessions = parts.sessions
    this.expectations = parts.expectations
    this.greKeys = parts.greKeys
    this.counters = parts.counters
    this.memory = parts.memory
    this.sets = parts.sets
    this.fragments = parts.fragments
    this.nextPacketId = parts.nextPacketId
  }

  /**
   * The same connections, counters and memory under another configuration.
   * @throws RangeError when it is impossible, or its rules name an ipset that is not there
   */
  reconfigured(config: FirewallConfig): FirewallState {
    const { compiled, counters } = compileConfig(config, this, this.counters)
    const { ipv4, ipv6 } = this.config.rules
    if (config.rules.ipv4 !== ipv4) refuseMissingSets(config.rules.ipv4, this.sets)
    if (config.rules.ipv6 !== ipv6) refuseMissingSets(config.rules.ipv6, this.sets)
    return this.with({ config, compiled, counters })
  }

  /** This state with some parts replaced. */
  with(parts: Partial<Parts>): FirewallState {
    return new FirewallState({ ...this, ...parts })
  }
}
