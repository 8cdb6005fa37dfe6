import type { Io } from './runtime.ts'
import { Stream } from './stream.ts'
import type { Place, Redirection, ShellWord } from './syntax.ts'
import type { Unknowns } from './unknowns.ts'

/** What redirections ask of the shell that runs. */
interface FilesHost {
  readonly unknowns: Unknowns
  warn(kind: string, message: string, place: Place): void
}

const LAST_DESCRIPTOR = 63

/** The files that the script has written itself, and what redirections make of them. No real file is touched. */
export class Files {
  private readonly written = new Map<string, Stream>()
  private pipes = 0
  private readonly outside: (path: string) => string | undefined
  private readonly host: FilesHost

  /** @param outside the text of a file that the script did not write */
  constructor(outside: (path: string) => string | undefined, host: FilesHost) {
    this.outside = outside
    this.host = host
  }

  /** A file's text; undefined if it is not known. */
  read(path: string): string | undefined {
    return this.written.get(keyOf(path))?.text ?? (path === '/dev/null' ? '' : this.outside(path))
  }

  /** bash: `<(…)` @returns the name of a file with this text */
  pipe(text: string, place: Place): string {
    const path = `/dev/fd/${LAST_DESCRIPTOR - (this.pipes++ % LAST_DESCRIPTOR)}`
    this.written.set(path, Stream.of(text, place))
    return path
  }

  redirect(redirections: readonly Redirection[], io: Io, textOf: (word: ShellWord) => string): Io {
    let result = io
    for (const redirection of redirections)
      result = this.redirectOne(redirection, textOf(redirection.target), result)
    return result
  }

  private redirectOne({ operator, descriptor, target }: Redirection, text: string, io: Io): Io {
    switch (operator) {
      case '<<':
        return { ...io, input: Stream.of(text, target) }
      case '<(':
        return { ...io, input: Stream.of(text === '' ? '' : `${text}\n`, target) }
      case '<<<':
        return { ...io, input: Stream.of(`${text}\n`, target) }
      case '<':
        return { ...io, input: descriptor === 0 ? this.open(text, target) : io.input }
      case '<&':
        return io
      case '>&':
        if (text === '1')
          return descriptor === 2 ? { ...io, isMuted: io.isMuted || io.isNull, errors: io.output } : io
        if (/^[\d-]$/.test(text)) return descriptor === 1 ? { ...io, output: new Stream() } : io
        return {
          ...io,
          output: this.create(text, false, target),
          isNull: isNull(text),
          isMuted: isNull(text),
        }
      case '&>':
        return {
          ...io,
          output: this.create(text, false, target),
          isNull: isNull(text),
          isMuted: isNull(text),
        }
      default:
        if (descriptor === 2)
          return {
            ...io,
            isMuted: io.isMuted || isNull(text),
            errors: this.create(text, operator === '>>', target),
          }
        if (descriptor !== 1) return io
        return { ...io, output: this.create(text, operator === '>>', target), isNull: isNull(text) }
    }
  }

  /** Something may have been written into a file. @param path undefined: into any */
  forget(path: string | undefined, mark: string, place: Place): void {
    const key = path === undefined ? undefined : keyOf(path)
    if (key !== undefined && !this.written.has(key)) this.written.set(key, new Stream())
    for (const [name, stream] of this.written)
      if (key === undefined || key === name) stream.write(mark, place)
  }

  /** What reads a file; something unknown, if nobody knows the file. */
  open(path: string, place: Place): Stream {
    const text = this.host.unknowns.find(path) === undefined ? this.read(path) : undefined
    // where the script wrote the file, its lines have their places
    const written = this.written.get(keyOf(path))
    if (written !== undefined) return written.copy()
    if (text !== undefined) return Stream.of(text, place)
    this.host.warn(`file ${path}`, `'${path}' is not read`, place)
    const { line, column } = place
    return Stream.of(this.host.unknowns.mark({ command: `< ${path}`, line, column }), place)
  }

  /** A file that the script writes. */
  create(path: string, appends: boolean, place: Place): Stream {
    if (path.startsWith('/dev/') || this.host.unknowns.find(path) !== undefined) return new Stream()
    const [, kernel] = /^(\/proc|\/sys)\//.exec(path) ?? []
    if (kernel !== undefined) {
      this.host.warn(`write ${kernel}`, `'> ${path}' is not done`, place)
      return new Stream()
    }
    const stream = (appends ? this.written.get(keyOf(path)) : undefined) ?? new Stream()
    this.written.set(keyOf(path), stream)
    return stream
  }
}

/** `./file` is `file`, wherever that is. */
function keyOf(path: string): string {
  return path.replace(/^(?:\.\/+)+/, '').replace(/\/+(?:\.?\/+)*/g, '/')
}

function isNull(path: string): boolean {
  return path === '/dev/null'
}
