import { type Argument, Command, CommanderError } from 'commander'
import { suggestion } from '../nearest.ts'
import { checkCommand } from './check.ts'
import { conformanceCommand } from './conformance.ts'
import { coverageCommand } from './coverage.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { policyCommand } from './policy.ts'
import { rulesCommand } from './rules.ts'
import { runCommand } from './run.ts'
import { isAuthorError } from './scenario-file.ts'
import { servicesCommand } from './services.ts'
import { conntrackCommand, natCommand } from './tables.ts'
import { traceCommand } from './trace.ts'

/**
 * The command line, from its arguments to the exit code (`process.exitCode`).
 *
 * @param version as `--version` prints it
 * @param args what stands behind the program's name
 */
export function runCommandLine(version: string, args: readonly string[]): void {
  try {
    commandLine(version).parse(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
    // what is wrong with a text from outside is for its author, not for a stack trace
    else if (isAuthorError(error)) {
      console.error(error.message)
      process.exitCode = 2
    } else throw error
  }
}

/** All commands, with their options and their help. */
export function commandLine(version: string): Command {
  const program = new Command('netfilter-sim')
    .description('an executable model of Linux netfilter: what becomes of a packet, and why')
    .version(version)
    .showHelpAfterError('(--help shows how it is meant)')
    .configureHelp({ subcommandTerm })
    .addCommand(traceCommand())
    .addCommand(conntrackCommand())
    .addCommand(natCommand())
    .addCommand(runCommand())
    .addCommand(explainCommand())
    .addCommand(coverageCommand())
    .addCommand(policyCommand())
    .addCommand(rulesCommand())
    .addCommand(checkCommand(version))
    .addCommand(diffCommand())
    .addCommand(servicesCommand())
    .addCommand(conformanceCommand())
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Exit code: 0 all is well; 1 something was found (rules with errors, findings,
differences, failed expectations); 2 wrong use, or a text without which there is
no answer. A file named - is standard input.

Examples:
  netfilter-sim trace rules.v4 packets.txt
  netfilter-sim rules print --json *.v4
  netfilter-sim run story.yaml
  netfilter-sim help rules`,
    )
  program.addCommand(helpCommand(program))
  forAll(program, command => {
    // commander itself would end with 1 on wrong use
    command.exitOverride()
    if (command !== program) command.copyInheritedSettings(program)
  })
  return program
}

/** `help rules check` is `rules check --help`, which commander's own does not know. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .description('display help for a command')
    .argument('[command...]')
    .action((names: readonly string[], _options: object, command: Command) => {
      let about = program
      for (const name of names) {
        const known = about.commands.map(each => each.name())
        const found = about.commands.find(each => each.name() === name)
        if (found === undefined)
          command.error(`error: unknown command '${name}': ${suggestion(name, known)}`, { exitCode: 2 })
        else about = found
      }
      about.outputHelp()
    })
    .addHelpText('after', '\nExamples:\n  netfilter-sim help trace\n  netfilter-sim help rules check')
}

/** Without `[options]`, which all of them have: it leaves room to say what they do. */
function subcommandTerm(command: Command): string {
  return [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ')
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function forAll(command: Command, action: (command: Command) => void): void {
  action(command)
  for (const subcommand of command.commands) forAll(subcommand, action)
}
