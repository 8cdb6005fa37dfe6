import type { Ruleset } from './model.ts'
import { chainLine, orderedChains, ruleText, tablesOf } from './print.ts'

/**
 * Save text in its canonical form, with its comments: each stands above the rule, chain or table that followed it. Tables
 * keep their order; what iptables-save itself writes about the date goes.
 *
 * @param text save text without errors
 * @param ruleset what `parseRules` made of it
 * @example
 * const text = '*filter\n# the web\n-A INPUT -p tcp --dport http -j ACCEPT\nCOMMIT\n'
 * formatRestoreText(text, parseRules(text, { family: 4 }).ruleset!)
 * // *filter
 * // :INPUT ACCEPT [0:0]
 * // :FORWARD ACCEPT [0:0]
 * // :OUTPUT ACCEPT [0:0]
 * // # the web
 * // -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
 * // COMMIT
 */
export function formatRestoreText(text: string, ruleset: Ruleset): string {
  const comments = new Comments(text)
  const lines: string[] = []
  for (const table of tablesOf(ruleset)) {
    lines.push(...comments.takeAbove(`*${table.name}`), `*${table.name}`)
    const chains = orderedChains(table)
    for (const chain of chains) lines.push(...comments.takeAbove(`:${chain.name}`), chainLine(chain))
    for (const { name, rules } of chains)
      for (const rule of rules)
        lines.push(
          ...(rule.line === undefined ? [] : comments.takeAboveLine(rule.line)),
          `-A ${name}${ruleText(rule, ruleset.family)}`,
        )
    // above lines that left nothing behind (-F, -D), and above COMMIT
    lines.push(...comments.takeRestOf(table.name), 'COMMIT')
  }
  return [...lines, ...comments.takeRest()].map(line => `${line}\n`).join('')
}

interface Comment {
  readonly lines: readonly string[]
  /** The line below. */
  readonly number: number
  /** What it begins with: `*filter`, `:INPUT`, `-A`. */
  readonly word: string
  readonly table: string | undefined
}

/** The comments of a text that were not printed yet. */
class Comments {
  private readonly waiting: Set<Comment>

  constructor(text: string) {
    this.waiting = new Set(commentsOf(text))
  }

  takeAbove(word: string): readonly string[] {
    return this.take(comment => comment.word === word)
  }

  takeAboveLine(number: number): readonly string[] {
    return this.take(comment => comment.number === number)
  }

  takeRestOf(table: string): readonly string[] {
    return this.take(comment => comment.table === table)
  }

  takeRest(): readonly string[] {
    return this.take(() => true)
  }

  private take(isMeant: (comment: Comment) => boolean): readonly string[] {
    const taken = [...this.waiting].filter(isMeant)
    for (const comment of taken) this.waiting.delete(comment)
    return taken.flatMap(({ lines }) => lines)
  }
}

function commentsOf(text: string): readonly Comment[] {
  const comments: Comment[] = []
  let lines: string[] = []
  let table: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (/^(#|\s*$)/.test(line)) {
      if (/^# (Generated|Completed) (by \S+-save|on) /.test(line)) continue
      // one empty line at most, and only above a comment
      if (line.startsWith('#') || (lines.length === 0 && comments.length > 0)) lines.push(line.trimEnd())
      continue
    }
    const word = line.split(/\s/, 1)[0]!
    if (word.startsWith('*')) table = line.slice(1).trim()
    if (lines.some(comment => comment !== '')) comments.push({ lines, number: index + 1, word, table })
    lines = []
    if (word === 'COMMIT') table = undefined
  }
  if (lines.some(comment => comment !== '')) comments.push({ lines, number: 0, word: '', table })
  return comments
}
