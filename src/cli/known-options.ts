import type { Command } from 'commander'
import type { Family } from '../address.ts'
import { createFirewall } from '../firewall.ts'
import { hostResolver } from '../rules/hosts.ts'
import type { ParseOptions } from '../rules/parse.ts'
import { readInput } from './input.ts'

export interface KnownOptions extends HostsOptions {
  readonly ipset?: string
}

export interface HostsOptions {
  readonly hosts?: string
}

/** `--ipset FILE` and `--hosts FILE`, for commands that read rules and make no firewall of them. */
export function addKnownOptions(command: Command): Command {
  command.option('--ipset <file>', 'the ipsets that there are; without it, rules may name any')
  return addHostsOption(command)
}

/** `--hosts FILE`, for all commands that read rules. */
export function addHostsOption(command: Command): Command {
  return command.option('--hosts <file>', 'the hosts that rules may name, as in /etc/hosts; without it, none')
}

/** What the options say to whoever parses rules. @throws DiagnosticError when a file is wrong */
export function knownTo(options: KnownOptions, family: Family): Pick<ParseOptions, 'hasSet' | 'resolveHost'> {
  const { ipset } = options
  if (ipset === undefined) return knownHosts(options)
  const { sets } = createFirewall({ sets: readInput(ipset), setsFile: ipset })
  return { ...knownHosts(options), hasSet: name => sets.fits(name, family) }
}

/** @throws DiagnosticError when the file is wrong */
export function knownHosts({ hosts }: HostsOptions): Pick<ParseOptions, 'resolveHost'> {
  return hosts === undefined ? {} : { resolveHost: hostResolver(readInput(hosts), hosts) }
}
