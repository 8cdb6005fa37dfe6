import { readFileSync } from 'node:fs'

/** A file that is not there, may not be read, or is no text: something to tell whoever named it. */
export class FileError extends Error {
  /** What is wrong with it, without its name. */
  readonly reason: string

  constructor(file: string, reason: string) {
    super(`${file}: ${reason}`)
    this.name = 'FileError'
    this.reason = reason
  }
}

/** The text of a file; `-` is standard input. @throws FileError */
export function readInput(file: string): string {
  const text = readBytes(file).toString('utf8')
  if (text.includes('\0')) throw new FileError(file, 'not a text file')
  return text
}

/** The bytes of a file; `-` is standard input. @throws FileError */
export function readBytes(file: string): Buffer {
  return fileErrorsOf(file, () => readFileSync(file === '-' ? 0 : file))
}

/** What an access to a file gives. @throws FileError where node throws one of its own */
export function fileErrorsOf<T>(file: string, access: () => T): T {
  try {
    return access()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code === 'EISDIR') throw new FileError(file, 'is a directory')
    // node says "ENOENT: no such file or directory, open 'rules.v4'"
    throw new FileError(file, /^\w+: (.*), \w+/.exec(error.message)?.[1] ?? error.message)
  }
}

/** @throws RangeError when several of the files are standard input, which can be read only once */
export function refuseStdinTwice(files: readonly (string | undefined)[]): void {
  if (files.filter(file => file === '-').length > 1)
    throw new RangeError('standard input (-) can be read only once: name a file for the others')
}
