import type { ConntrackSysctls } from './conntrack/sysctls.ts'
import type { RoutingTable } from './ip/routing.ts'
import type { CompiledRuleset } from './rules/compiled-rules.ts'

/** What a configuration was made into, once per edit. */
export interface CompiledConfig {
  readonly ipv4: CompiledFamily
  readonly ipv6: CompiledFamily
  readonly conntrackSysctls: ConntrackSysctls
  /** The first counter slot that no rule has had yet. */
  readonly nextSlot: number
}

export interface CompiledFamily {
  readonly rules: CompiledRuleset | undefined
  readonly routing: RoutingTable
  /** Connection tracking is on, and with it defragmentation. */
  readonly tracking: boolean
  /** Fragments are put together before anything looks at them. */
  readonly defragments: boolean
}
