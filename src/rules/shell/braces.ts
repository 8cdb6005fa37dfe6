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
  const range = /^(-?\d{1,9})\.\.(-?\d{1,9})$/.exec(inside)
  if (range === null) return inside.includes(',') ? inside.split(',') : undefined
  const [from, to] = [Number(range[1]), Number(range[2])]
  const length = Math.abs(to - from) + 1
  if (length > MAX_WORDS) return undefined
  return Array.from({ length }, (_, step) => String(from <= to ? from + step : from - step))
}
