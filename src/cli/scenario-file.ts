import { dirname, resolve } from 'node:path'
import { DiagnosticError } from '../diagnostic.ts'
import type { ScenarioRun } from '../scenario/entries.ts'
import { readScenario } from '../scenario/read.ts'
import { runScenario } from '../scenario/run.ts'
import { readText } from './file-kind.ts'
import { FileError, readInput } from './input.ts'

/**
 * Reads and runs a scenario file; files that it names are looked for beside it.
 *
 * @param onRead told of each of these, before it is read
 * @throws DiagnosticError for what is wrong in it, FileError when it cannot be read
 */
export function runScenarioFile(
  file: string,
  onRead: (named: string) => void = () => undefined,
): ScenarioRun {
  const { scenario, diagnostics } = readScenario(readText(file, 'scenario'), {
    file,
    readFile: path => {
      const named = resolve(dirname(file), path)
      onRead(named)
      return readInput(named)
    },
  })
  if (scenario === undefined) throw new DiagnosticError(diagnostics)
  return runScenario(scenario)
}

/** A fault of the file, not of the program: something to tell its author. */
export function isAuthorError(error: unknown): error is Error {
  return error instanceof DiagnosticError || error instanceof RangeError || error instanceof FileError
}
