import type { Command } from 'commander'
import type { Family } from '../address.ts'
import { createFirewall } from '../firewall.ts'
import type { ParseOptions } from '../rules/parse.ts'
import { readInput } from './input.ts'

export interface IpsetOptions {
  readonly ipset?: string
}

/** `--ipset FILE`, for commands that read rules and make no firewall of them. */
export function addIpsetOption(command: Command): Command {
  return command.option('--ipset <file>', 'the ipsets that there are; without it, rules may name any')
}

/** What the option says to whoever parses rules. @throws DiagnosticError when the file is wrong */
export function knownSets({ ipset }: IpsetOptions, family: Family): Pick<ParseOptions, 'hasSet'> {
  if (ipset === undefined) return {}
  const { sets } = createFirewall({ sets: readInput(ipset), setsFile: ipset })
  return { hasSet: name => sets.fits(name, family) }
}
