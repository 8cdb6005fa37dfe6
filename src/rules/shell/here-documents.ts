import type { Scanner } from './scanner.ts'
import type { Place, Redirection, ShellWord } from './syntax.ts'
import type { WordReader } from './word-reader.ts'

interface Announced {
  readonly redirection: { target: ShellWord }
  readonly delimiter: string
  readonly isQuoted: boolean
  readonly stripsTabs: boolean
}

/** Here-documents begin behind the line that announces them. */
export class HereDocuments {
  private readonly scanner: Scanner
  private readonly readerOf: (text: string, place: Place) => WordReader
  private announced: Announced[] = []

  constructor(scanner: Scanner, readerOf: (text: string, place: Place) => WordReader) {
    this.scanner = scanner
    this.readerOf = readerOf
  }

  /** `<<END`: the body is filled in when it has been read. */
  announce(descriptor: number, delimiter: ShellWord, stripsTabs: boolean): Redirection {
    const redirection = {
      operator: '<<' as const,
      descriptor,
      target: { ...delimiter, parts: [] } as ShellWord,
    }
    this.announced.push({
      redirection,
      delimiter: delimiter.parts.map(part => (part.kind === 'text' ? part.text : '')).join(''),
      isQuoted: delimiter.parts.some(part => part.quoted),
      stripsTabs,
    })
    return redirection
  }

  /** Reads the bodies; called at the beginning of a line. */
  read(): void {
    const announced = this.announced
    this.announced = []
    for (const document of announced) this.readBody(document)
  }

  private readBody({ redirection, delimiter, isQuoted, stripsTabs }: Announced): void {
    const { scanner } = this
    const place = scanner.place()
    let text = ''
    while (!scanner.isEnd) {
      const end = scanner.text.indexOf('\n', scanner.at)
      const taken = scanner.take((end < 0 ? scanner.text.length : end + 1) - scanner.at)
      const line = stripsTabs ? taken.replace(/^\t+/, '') : taken
      if (line.replace(/\n$/, '') === delimiter) break
      text += line
    }
    redirection.target = isQuoted
      ? { ...place, parts: [{ kind: 'text', text, quoted: true }] }
      : this.readerOf(text, place).hereDocument()
  }
}
