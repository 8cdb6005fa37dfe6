import type { Place } from './syntax.ts'

/** A program that was not run, so that nobody knows what it would have printed or answered. */
export interface Origin extends Place {
  /** As it would have been called, for messages. */
  readonly command: string
}

const OPEN = '\ue000'
const CLOSE = '\ue001'
const ZERO = 0xe010
const OPEN_END = '\ue002'
const MARK = /[\ue000\ue002]([\ue010-\ue019]+)\ue001/

/**
 * Text that nobody knows is carried through variables, words and output as a mark inside the text; so whatever is made
 * of it is known to be unknown as well. Marks are of characters that no text may have, so nothing can divide them.
 */
export class Unknowns {
  private readonly origins: Origin[] = []

  mark(origin: Origin): string {
    const known = this.origins.indexOf(origin)
    if (known < 0) this.origins.push(origin)
    const number = String(known < 0 ? this.origins.length - 1 : known)
    const digits = [...number].map(digit => String.fromCharCode(ZERO + Number(digit)))
    return `${OPEN}${digits.join('')}${CLOSE}`
  }

  /** Where the unknown part of a text comes from; undefined if all of it is known. */
  find(text: string): Origin | undefined {
    const found = MARK.exec(text)
    if (found === null) return undefined
    const digits = [...found[1]!].map(digit => digit.charCodeAt(0) - ZERO)
    return this.origins[Number(digits.join(''))]
  }
}

/** An unknown text that was split may have become any number of words: it is marked as such. */
export function withOpenEnd(text: string): string {
  return text.replaceAll(OPEN, OPEN_END)
}

/** May the word be any number of words? */
export function hasOpenEnd(text: string): boolean {
  return text.includes(OPEN_END)
}

/** Lines with something unknown in them are left empty. Where branches decide, such a text is refused before. */
export function withoutUnknownLines(text: string): string {
  return text.replace(/^.*[\ue000\ue002].*$/gm, '')
}

/** Text from outside, in which nothing may look like a mark. */
export function withoutMarks(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[\ue000-\ue01f]/g, '\ufffd')
}
