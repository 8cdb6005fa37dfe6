import type { Family } from '../address.ts'
import type { MatchExtension, TargetExtension } from './extension.ts'
import { KNOWN_MATCHES, KNOWN_TARGETS, NOT_MODELLED } from './known-extensions.ts'
import { MATCHES } from './matches/index.ts'
import { TARGETS } from './targets/index.ts'

/** The match that `-m name` loads for a family; undefined if the simulator does not model it. */
export function matchExtension(name: string, family: Family): MatchExtension | undefined {
  return find(MATCHES, canonicalMatchName(name), family)
}

/** The target that `-j name` loads for a family; undefined if the simulator does not model it. */
export function targetExtension(name: string, family: Family): TargetExtension | undefined {
  return find(TARGETS, name, family)
}

/** `icmpv6` and `ipv6-icmp` are other names of `icmp6` (libxtables, `xtables_find_match`). */
export function canonicalMatchName(name: string): string {
  return name === 'icmpv6' || name === 'ipv6-icmp' ? 'icmp6' : name
}

/** Does iptables 1.8.9 have this match, whether it is modelled or not? */
export function isKnownMatch(name: string, family: Family): boolean {
  return (
    matchExtension(name, family) !== undefined || KNOWN_MATCHES[family].includes(canonicalMatchName(name))
  )
}

/** Does iptables 1.8.9 have this target, whether it is modelled or not? */
export function isKnownTarget(name: string, family: Family): boolean {
  return targetExtension(name, family) !== undefined || KNOWN_TARGETS[family].includes(name)
}

export const LACKING = 'iptables with that kernel refuses it too'

/** What to say of an extension that iptables knows and the simulator does not. */
export function notModelled(kind: 'match' | 'target', name: string): string {
  const reason = NOT_MODELLED[name]
  return `${kind} '${name}' is not modelled${reason === undefined ? '' : `: ${reason}`}`
}

/** Scanned, not indexed: the lists are short and a rule names few. */
function find<E extends { readonly name: string; readonly families?: readonly Family[] }>(
  extensions: readonly E[],
  name: string,
  family: Family,
): E | undefined {
  return extensions.find(
    extension => extension.name === name && (extension.families?.includes(family) ?? true),
  )
}
