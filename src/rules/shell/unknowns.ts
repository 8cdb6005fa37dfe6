import type { Place } from './syntax.ts'

/** A program that was not run, so that nobody knows what it would have printed or answered. */
export interface Origin extends Place {
  /** As it would have been called, for messages. */
  readonly command: string
}

const OPEN = '\ue000'
const CLOSE = '\ue001'
const MARK = /\ue000(\d+)\ue001/

/**
 * Text that nobody knows is carried through variables, words and output as a mark inside the text; so whatever is made
 * of it is known to be unknown as well.
 */
export class Unknowns {
  private readonly origins: Origin[] = []

  mark(origin: Origin): string {
    const known = this.origins.indexOf(origin)
    if (known < 0) this.origins.push(origin)
    return `${OPEN}${known < 0 ? this.origins.length - 1 : known}${CLOSE}`
  }

  /** Where the unknown part of a text comes from; undefined if all of it is known. */
  find(text: string): Origin | undefined {
    const found = MARK.exec(text)
    return found === null ? undefined : this.origins[Number(found[1])]
  }
}

/** Text from outside, in which nothing may look like a mark. */
export function withoutMarks(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[\ue000\ue001]/g, '\ufffd')
}
