import type { Family } from '../../address.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import type { ConntrackHelper } from '../context.ts'
import { amanda } from './amanda.ts'
import { ftp } from './ftp.ts'
import { irc } from './irc.ts'
import { netbiosNs } from './netbios-ns.ts'
import { pptp } from './pptp.ts'
import { sane } from './sane.ts'
import { sip } from './sip.ts'
import { snmp, snmpTrap } from './snmp.ts'
import { tftp } from './tftp.ts'

/** A helper that the kernel has: its name and the connections that it can be attached to. */
export interface HelperEntry {
  readonly name: string
  readonly protocols: readonly number[]
  readonly families: readonly Family[]
  /** Undefined: not modelled, and no firewall is made of rules that ask for it. */
  readonly helper?: ConntrackHelper
}

const BOTH: readonly Family[] = [4, 6]

/** Every helper of the kernel, in the order of their names. */
const ENTRIES: readonly HelperEntry[] = [
  { name: 'H.245', protocols: [IPPROTO_UDP], families: BOTH },
  { name: 'Q.931', protocols: [IPPROTO_TCP], families: BOTH },
  { name: 'RAS', protocols: [IPPROTO_UDP], families: BOTH },
  modelled(amanda, BOTH),
  modelled(ftp, BOTH),
  modelled(irc, [4]),
  modelled(netbiosNs, [4]),
  modelled(pptp, [4]),
  modelled(sane, BOTH),
  modelled(sip, BOTH),
  modelled(snmp, [4]),
  modelled(snmpTrap, [4]),
  modelled(tftp, BOTH),
]

const BY_NAME: ReadonlyMap<string, HelperEntry> = new Map(ENTRIES.map(entry => [entry.name, entry]))

/**
 * What `CT --helper name` means for connections of a family and transport protocol, as the kernel's
 * `__nf_conntrack_helper_find` has it. Undefined: there is none, a rule that asks for it is refused ("No such helper").
 */
export function findHelper(name: string, family: Family, protocol: number): HelperEntry | undefined {
  const found = BY_NAME.get(name)
  return found?.families.includes(family) && found.protocols.includes(protocol) ? found : undefined
}

/** The modelled helper of a name. */
export function helperOf(name: string): ConntrackHelper | undefined {
  return BY_NAME.get(name)?.helper
}

/** The names that `CT --helper` knows. */
export function helperNames(): readonly string[] {
  return [...BY_NAME.keys()]
}

function modelled(helper: ConntrackHelper, families: readonly Family[]): HelperEntry {
  const { name, protocols } = helper
  return { name, protocols, families, helper }
}
