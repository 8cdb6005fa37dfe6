import type { Place } from './syntax.ts'

/** What one command writes and another reads, and where in the script each line of it was written. */
export class Stream {
  private chunks: string[] = []
  private joined = ''
  private readonly starts: { readonly at: number; readonly place: Place }[] = []
  /** In characters. */
  length = 0
  private position = 0

  static of(text: string, place: Place): Stream {
    const stream = new Stream()
    stream.write(text, place)
    return stream
  }

  /** The same text, to be read from its beginning. */
  copy(): Stream {
    const stream = new Stream()
    const { text } = this
    this.starts.forEach(({ at, place }, index) => {
      stream.write(text.slice(at, this.starts[index + 1]?.at), place)
    })
    return stream
  }

  write(text: string, place: Place): void {
    this.starts.push({ at: this.length, place })
    this.chunks.push(text)
    this.length += text.length
  }

  get text(): string {
    if (this.chunks.length > 0) this.joined += this.chunks.join('')
    this.chunks = []
    return this.joined
  }

  /** All that has not been read yet. */
  readAll(): string {
    const rest = this.text.slice(this.position)
    this.position = this.length
    return rest
  }

  /** Up to a delimiter, which is passed over, or so many characters; undefined at the end. */
  readUntil(
    delimiter: string,
    most = Number.POSITIVE_INFINITY,
  ): { readonly text: string; readonly isEnded: boolean } | undefined {
    const { text, position } = this
    if (position >= text.length) return undefined
    const end = text.indexOf(delimiter, position)
    const limit = Math.min(end < 0 ? text.length : end, position + most)
    const isAtEnd = limit === end
    this.position = isAtEnd ? limit + delimiter.length : limit
    return {
      text: text.slice(position, limit),
      isEnded: isAtEnd || limit < text.length || limit === position + most,
    }
  }

  /** The next line without its newline; undefined at the end. */
  readLine(): string | undefined {
    const { text } = this
    if (this.position >= text.length) return undefined
    const end = text.indexOf('\n', this.position)
    const line = text.slice(this.position, end < 0 ? text.length : end)
    this.position = end < 0 ? text.length : end + 1
    return line
  }

  /** The lines, each with the place that wrote it: a text written in one piece has its own lines. */
  lines(): { readonly text: string; readonly place: Place }[] {
    const lines: { text: string; place: Place }[] = []
    let at = 0
    let index = 0
    let within = 0
    for (const text of this.text.replace(/\n$/, '').split('\n')) {
      while ((this.starts[index + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) {
        index++
        within = 0
      }
      const { line, column } = this.starts[index]?.place ?? { line: 1, column: 1 }
      lines.push({ text, place: { line: line + within, column } })
      within++
      at += text.length + 1
    }
    return lines
  }
}
