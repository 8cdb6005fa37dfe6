#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { DiagnosticError } from '../diagnostic.ts'
import { checkCommand } from './check.ts'
import { conformanceCommand } from './conformance.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { policyCommand } from './policy.ts'
import { rulesCommand } from './rules.ts'
import { runCommand } from './run.ts'
import { traceCommand } from './trace.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('netfilter-sim')
  .description('an executable model of Linux netfilter: what becomes of a packet, and why')
  .version(version)
  .addCommand(traceCommand())
  .addCommand(runCommand())
  .addCommand(explainCommand())
  .addCommand(policyCommand())
  .addCommand(rulesCommand())
  .addCommand(checkCommand(version))
  .addCommand(diffCommand())
  .addCommand(conformanceCommand())

try {
  program.parse()
} catch (error) {
  // what is wrong with a text from outside is for its author, not for a stack trace
  if (error instanceof DiagnosticError || error instanceof RangeError || isFileError(error)) {
    console.error(error.message)
    process.exitCode = 2
  } else throw error
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && 'path' in error
}
