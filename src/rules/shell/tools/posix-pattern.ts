/** Which language a regular expression is written in: POSIX's two (9.3, 9.4), what GNU adds to them, or Perl's. */
export type PatternKind = 'basic' | 'extended' | 'perl' | 'fixed'

/** A regular expression, and how much work it is. */
export interface Pattern {
  readonly source: string
  readonly flags: string
  /** How many of its parts may repeat without end: matching a text takes at most length to the power of it. */
  readonly depth: number
}

/** Steps that matching may take, of all lines together. */
const MAX_STEPS = 1e8

/**
 * A POSIX regular expression as one of JavaScript; undefined for what does not mean the same here, and for what could
 * take for ever (repetitions within repetitions).
 */
export function posixPattern(text: string, kind: PatternKind, ignoresCase = false): Pattern | undefined {
  const flags = ignoresCase ? 'i' : ''
  if (kind === 'fixed') return { source: literal(text), flags, depth: 0 }
  try {
    const reader = kind === 'perl' ? perl(text) : new PatternReader(text, kind === 'extended').read()
    // says whether it is one
    if (reader !== undefined) new RegExp(reader.source)
    return reader === undefined ? undefined : { ...reader, flags }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Can these lines be searched in reasonable time? */
export function isCheap({ depth }: Pattern, lines: readonly string[]): boolean {
  return lines.reduce((steps, { length }) => steps + (length + 1) ** (depth + 1), 0) <= MAX_STEPS
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** What is the same in Perl and here; what stands behind `\K` is the group `kept`. */
function perl(text: string): { source: string; depth: number } | undefined {
  const [, before, kept] = /^((?:[^\\]|\\[^K])*)\\K((?:[^\\]|\\[^K])*)$/.exec(text) ?? []
  if (before !== undefined) {
    const whole = perl(`${before}${kept}`)
    return whole && { source: `(?:${before})(?<kept>${kept})`, depth: whole.depth }
  }
  if (/\(\?(?![:=!]|<[=!])|\\[KAzZhHRXpPQEGN]|[*+?}]\+|\[\[:/.test(text)) return undefined
  if (/[*+}]\)[*+{]/.test(text)) return undefined
  return { source: text, depth: (text.match(/(?<!\\)[*+]|\{\d+,\}/g) ?? []).length }
}

const CLASSES: { readonly [name: string]: string } = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  xdigit: '0-9a-fA-F',
  punct: '!-\\/:-@\\[-`{-~',
}

/** What a backslash and a letter mean to GNU. */
const GNU: { readonly [letter: string]: string } = {
  w: '\\w',
  W: '\\W',
  s: '\\s',
  S: '\\S',
  b: '\\b',
  B: '\\B',
  '<': '\\b(?=\\w)',
  '>': '\\b(?<=\\w)',
  n: '\\n',
  t: '\\t',
}

class PatternReader {
  private readonly text: string
  private readonly isExtended: boolean
  private at = 0

  constructor(text: string, isExtended: boolean) {
    this.text = text
    this.isExtended = isExtended
  }

  read(): { source: string; depth: number } | undefined {
    const found = this.alternatives(false)
    return this.at < this.text.length ? undefined : found
  }

  private alternatives(isGroup: boolean): { source: string; depth: number } | undefined {
    let source = ''
    let depth = 0
    for (;;) {
      const branch = this.branch(isGroup)
      if (branch === undefined) return undefined
      source += branch.source
      depth = Math.max(depth, branch.depth)
      if (!this.takes('|')) return { source, depth }
      source += '|'
    }
  }

  /** Everything up to an alternative, or the end of the group. */
  private branch(isGroup: boolean): { source: string; depth: number } | undefined {
    let source = ''
    let depth = 0
    let isFirst = true
    /** What repeats without end just before. */
    let repeated: string | undefined
    while (this.at < this.text.length && !this.sees('|') && !(isGroup && this.sees(')'))) {
      const atom = this.atom(isFirst)
      const times = atom?.isAnchor === false ? this.repetition() : ''
      if (atom === undefined || times === undefined) return undefined
      const isOpen = /^[*+]|,\}/.test(times)
      if (isOpen && atom.depth > 0) return undefined
      // where a sign ends it that it cannot take, there is nothing to try again
      if (repeated !== undefined && times === '' && isApart(repeated, atom.source)) depth--
      const most = /^\{(?:\d+,)?(\d+)\}$/.exec(times)
      depth += isOpen ? 1 : atom.depth * Number(most?.[1] ?? 1)
      repeated = isOpen ? atom.source : undefined
      source += atom.source + times
      // a star behind the beginning is a star
      isFirst = atom.isAnchor
    }
    return { source, depth }
  }

  private atom(isFirst: boolean): { source: string; depth: number; isAnchor: boolean } | undefined {
    const of = (source: string, isAnchor = false) => ({ source, depth: 0, isAnchor })
    if (this.takes('(')) {
      const inside = this.alternatives(true)
      if (inside === undefined || !this.takes(')')) return undefined
      return { ...inside, source: `(${inside.source})`, isAnchor: false }
    }
    const char = this.text[this.at++]!
    if (char === '[') {
      const set = this.set()
      return set === undefined ? undefined : of(set)
    }
    if (char === '.') return of('[\\s\\S]')
    if (char === '^' && (this.isExtended || isFirst)) return of('^', true)
    if (char === '$' && (this.isExtended || this.isAtEnd())) return of('$', true)
    if (this.isExtended && '*+?{'.includes(char)) return undefined
    if (char === '*' && !isFirst) return undefined
    if (char !== '\\') return of(literal(char))
    const escaped = this.text[this.at++]
    if (escaped === undefined || (/[+?{}]/.test(escaped) !== this.isExtended && /[+?{}]/.test(escaped)))
      return undefined
    if (/[1-9]/.test(escaped)) return of(`\\${escaped}`)
    return of(GNU[escaped] ?? literal(escaped))
  }

  /** `*`, `+`, `{2,3}` and the like; '' if there is none. */
  private repetition(): string | undefined {
    if (this.text[this.at] === '*') return this.taken('*')
    for (const sign of ['+', '?']) if (this.takes(sign)) return this.once(sign)
    if (!this.takes('{')) return ''
    const found = /^(\d+)(,\d*)?(\\?)\}/.exec(this.text.slice(this.at))
    if (found === null || (found[3] === '\\') === this.isExtended) return undefined
    this.at += found[0].length
    return this.once(`{${found[1]}${found[2] ?? ''}}`)
  }

  private taken(sign: string): string | undefined {
    this.at++
    return this.once(sign)
  }

  /** A repetition that is repeated again means other things in other languages. */
  private once(sign: string): string | undefined {
    const isRepeated = this.text[this.at] === '*' || ['+', '?', '{'].some(other => this.sees(other))
    return isRepeated ? undefined : sign
  }

  /** A bracket expression; `[` is taken already. */
  private set(): string | undefined {
    const found = /^(\^?)(\]?(?:\[:[a-z]+:\]|[^\]])*)\]/.exec(this.text.slice(this.at))
    if (found === null || /\[[.=]/.test(found[2]!)) return undefined
    this.at += found[0].length
    let source = ''
    for (const [item] of found[2]!.matchAll(/\[:[a-z]+:\]|[\s\S](?:-[\s\S])?/g)) {
      const name = /^\[:([a-z]+):\]$/.exec(item)?.[1]
      if (name !== undefined && CLASSES[name] === undefined) return undefined
      source += name === undefined ? setItem(item) : CLASSES[name]!
    }
    return `[${found[1]}${source}]`
  }

  /** A sign that is special with a backslash before it in basic expressions, without one in extended ones. */
  private sees(sign: string): boolean {
    return this.text.startsWith(this.isExtended ? sign : `\\${sign}`, this.at)
  }

  private takes(sign: string): boolean {
    if (!this.sees(sign)) return false
    this.at += this.isExtended ? 1 : 2
    return true
  }

  private isAtEnd(): boolean {
    return this.at === this.text.length || this.sees(')') || this.sees('|')
  }
}

/** Is the second a single sign that the first does not match? */
function isApart(repeated: string, sign: string): boolean {
  const char = /^\\?(.)$/.exec(sign)?.[1]
  return char !== undefined && !/^\\\w/.test(sign) && !new RegExp(`^${repeated}$`).test(char)
}

/** `a-z`, or one sign. */
function setItem(item: string): string {
  const plain = (char: string): string => char.replace(/[\\\]^[-]/g, '\\$&')
  return item.length === 3 && item[1] === '-'
    ? `${plain(item[0]!)}-${plain(item[2]!)}`
    : [...item].map(plain).join('')
}
