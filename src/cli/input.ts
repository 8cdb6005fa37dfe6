import { readFileSync } from 'node:fs'

/** The text of a file; `-` is standard input. @throws an error of node's with `code` and `path` */
export function readInput(file: string): string {
  return readFileSync(file === '-' ? 0 : file, 'utf8')
}

/** A file that is not there, or may not be read. */
export function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && 'path' in error
}
