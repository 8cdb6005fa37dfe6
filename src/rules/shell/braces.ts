import type { ShellWord } from './syntax.ts'

const MAX_WORDS = 10_000

/** bash: `172.16.2.{1..254}` and `{tcp,udp}` in what is not quoted become many words. sh knows no braces. */
export function expandBraces(word: ShellWord): ShellWord[] {
  const done: ShellWord[] = []
  const open = [word]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const alternatives = done.length + open.length < MAX_WORDS ? firstBraces(next) : undefined
    if (alternatives === undefined) done.push(next)
    else open.push(...alternatives.reverse())
  }
  return done
}

function firstBraces(word: ShellWord): ShellWord[] | undefined {
  for (const [index, part] of word.parts.entries()) {
    if (part.kind !== 'text' || part.quoted) continue
    const found = /\{([^{}\s]*)\}/.exec(part.text)
    const texts = found === null ? undefined : alternativesOf(found[1]!)
    if (found === null || texts === undefined) continue
    const before = part.text.slice(0, found.index)
    const behind = part.text.slice(found.index + found[0].length)
    return texts.map(text => ({
      ...word,
      parts: word.parts.with(index, { ...part, text: before + text + behind }),
    }))
  }
  return undefined
}

function alternativesOf(inside: string): string[] | undefined {
  const range = /^(-?\d{1,9}|[A-Za-z])\.\.(-?\d{1,9}|[A-Za-z])(?:\.\.(-?\d{1,9}))?$/.exec(inside)
  if (range === null) return inside.includes(',') ? inside.split(',') : undefined
  const [, first = '', last = '', given = '1'] = range
  const isLetters = /[A-Za-z]/.test(first)
  if (isLetters !== /[A-Za-z]/.test(last)) return undefined
  const [from, to] = [first, last].map(text => (isLetters ? text.charCodeAt(0) : Number(text))) as [
    number,
    number,
  ]
  const step = Math.abs(Number(given)) || 1
  const length = Math.floor(Math.abs(to - from) / step) + 1
  if (length > MAX_WORDS) return undefined
  // a zero in front makes all of them as wide as the widest
  const isWide = !isLetters && [first, last].some(text => /^-?0\d/.test(text))
  const width = isWide ? Math.max(first.length, last.length) : 0
  return Array.from({ length }, (_, index) => {
    const value = from <= to ? from + index * step : from - index * step
    if (isLetters) return String.fromCharCode(value)
    const digits = String(Math.abs(value)).padStart(value < 0 ? width - 1 : width, '0')
    return value < 0 ? `-${digits}` : digits
  })
}
