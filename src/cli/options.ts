import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Family } from '../address.ts'

/** Whose rules a text has: `--family 4|6`, or `--ipv6`. */
export function addFamilyOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-f, --family <family>', 'iptables (4) or ip6tables (6)').argParser(parseFamily).default(4),
    )
    .addOption(new Option('-6, --ipv6', 'the same as --family 6').implies({ family: 6 }))
}

/** `--json`, for a command that has `--format`. */
export function addJsonOption(command: Command): Command {
  return command.addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
}

function parseFamily(text: string): Family {
  if (text === '4') return 4
  if (text === '6') return 6
  throw new InvalidArgumentError('4 or 6.')
}
