import type { ConntrackContext } from '../conntrack/context.ts'
import type { ConntrackStep } from '../conntrack/steps.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import type { Recorder } from '../recorder.ts'
import type { Manip } from './manip.ts'
import type { NatStep } from './steps.ts'

/** What the kernel asks its random numbers for: a port (or ICMP id, or GRE key), since the old one cannot stay. */
export interface PortRequest {
  /** The connection's original tuple. */
  readonly original: Tuple
  readonly manip: Manip
  /** What is allowed, inclusive. */
  readonly min: number
  readonly max: number
  /** The port as it is now. */
  readonly current: number
  /** Where the simulator's own search begins. */
  readonly proposal: number
  /** May the port be chosen: has nobody got it, or only a closed TCP connection that gives way? */
  isFree(port: number): boolean
}

/**
 * Chooses a port where the kernel would search from a random offset. Undefined leaves it to the simulator, whose search
 * begins at a hash of the tuple. Asked only where there is a choice: never where the port can stay, where an existing
 * mapping of the same source is reused, or where the range has one port.
 */
export type PortChooser = (request: PortRequest) => number | undefined

/** What NAT needs of the step that is under way; the transaction implements it. */
export interface NatContext extends ConntrackContext {
  readonly options: { readonly choosePort?: PortChooser }
  readonly recorder: Recorder<ConntrackStep | NatStep> | undefined
}
