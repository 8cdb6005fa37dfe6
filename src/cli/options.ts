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

/** `--format text|json`, and `--json` for short. */
export function addTextOrJsonOptions(command: Command): Command {
  const format = new Option('--format <format>', 'for people or for programs').choices(['text', 'json'])
  return addJsonOption(command.addOption(format.default('text')))
}

/** The two sides of `name=value`. @throws InvalidArgumentError saying what was expected */
export function assignment(text: string, expected: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError(`Expected ${expected}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** What stands between commas. */
export function listOf(text: string): readonly string[] {
  return text.split(',').filter(part => part !== '')
}

function parseFamily(text: string): Family {
  if (text === '4') return 4
  if (text === '6') return 6
  throw new InvalidArgumentError('Allowed choices are 4, 6.')
}
