#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { DiagnosticError } from '../diagnostic.ts'
import { checkCommand } from './check.ts'
import { conformanceCommand } from './conformance.ts'
import { coverageCommand } from './coverage.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { isFileError } from './input.ts'
import { policyCommand } from './policy.ts'
import { rulesCommand } from './rules.ts'
import { runCommand } from './run.ts'
import { servicesCommand } from './services.ts'
import { conntrackCommand, natCommand } from './tables.ts'
import { traceCommand } from './trace.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('netfilter-sim')
  .description('an executable model of Linux netfilter: what becomes of a packet, and why')
  .version(version)
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
  .addHelpText(
    'after',
    `
Exit code: 0 all is well; 1 something was found (rules with errors, findings, differences, failed expectations);
2 wrong use, or a text without which there is no answer.

Examples:
  netfilter-sim trace rules.v4 packets.txt
  netfilter-sim rules print --json *.v4
  netfilter-sim run story.yaml
  netfilter-sim help rules`,
  )

throwInsteadOfExit(program)
try {
  program.parse()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  // what is wrong with a text from outside is for its author, not for a stack trace
  else if (error instanceof DiagnosticError || error instanceof RangeError || isFileError(error)) {
    console.error(error.message)
    process.exitCode = 2
  } else throw error
}

/** commander itself would end with 1 on wrong use. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  command.commands.forEach(throwInsteadOfExit)
}
