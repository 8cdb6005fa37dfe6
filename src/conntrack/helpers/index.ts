import type { Family } from '../../address.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import type { ConntrackHelper } from '../helper.ts'
import { amanda } from './amanda.ts'
import { ftp } from './ftp.ts'
import { irc } from './irc.ts'
import { sane } from './sane.ts'
import { tftp } from './tftp.ts'

interface Registration {
  readonly helper: ConntrackHelper
  readonly families: readonly Family[]
}

/** Every helper of the kernel, in the order of their names. */
const REGISTRATIONS: readonly Registration[] = [
  { helper: notModelled('H.245', [IPPROTO_UDP]), families: [4, 6] },
  { helper: notModelled('Q.931', [IPPROTO_TCP]), families: [4, 6] },
  { helper: notModelled('RAS', [IPPROTO_UDP]), families: [4, 6] },
  { helper: amanda, families: [4, 6] },
  { helper: ftp, families: [4, 6] },
  { helper: irc, families: [4] },
  { helper: notModelled('netbios-ns', [IPPROTO_UDP]), families: [4] },
  { helper: notModelled('pptp', [IPPROTO_TCP]), families: [4] },
  { helper: sane, families: [4, 6] },
  { helper: notModelled('sip', [IPPROTO_TCP, IPPROTO_UDP]), families: [4, 6] },
  { helper: notModelled('snmp', [IPPROTO_UDP]), families: [4] },
  { helper: tftp, families: [4, 6] },
]

const BY_NAME = new Map(REGISTRATIONS.map(registration => [registration.helper.name, registration]))

/**
 * The helper that `CT --helper name` attaches to connections of a family and transport protocol, as the kernel's
 * `__nf_conntrack_helper_find` has it. Undefined: a rule that asks for it is refused ("No such helper").
 *
 * @param protocol leave it out to ask for any
 */
export function findHelper(name: string, family?: Family, protocol?: number): ConntrackHelper | undefined {
  const found = BY_NAME.get(name)
  if (found === undefined || (family !== undefined && !found.families.includes(family))) return undefined
  return protocol === undefined || found.helper.protocols.includes(protocol) ? found.helper : undefined
}

/** The names that `CT --helper` knows. */
export function helperNames(): readonly string[] {
  return [...BY_NAME.keys()]
}

/** A helper that the kernel has and the simulator does not: connections carry its name, but nothing is ever announced. */
function notModelled(name: string, protocols: readonly number[]): ConntrackHelper {
  return { name, protocols, maxExpected: [0], timeoutMs: [0], help: () => 'accept' }
}
