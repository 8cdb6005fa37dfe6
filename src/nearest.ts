/** The known word that a misspelt one was probably meant to be; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  // a word of which nothing is left says nothing
  let least = Math.min(word.length - 1, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const changes = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (changes < least) {
      least = changes
      best = candidate
    }
  }
  return best
}

/** How many letters must be changed, left out, put in or exchanged with their neighbour (Damerau-Levenshtein). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? before[j - 2]! + 1 : replaced
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1))
    }
    before = row
    row = next
  }
  return row[b.length]!
}

/** "did you mean 'port'?", or what there is. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? `there are ${known.join(', ')}` : `did you mean '${near}'?`
}

/**
 * Keys that nobody knows and that were probably meant for one of these. Others may be somebody's own, in an object that
 * was spread.
 */
export function slips(
  given: object,
  known: readonly string[],
): { readonly name: string; readonly meant: string }[] {
  return Object.keys(given).flatMap(name => {
    const meant = known.includes(name) ? undefined : nearest(name, known)
    return meant === undefined ? [] : [{ name, meant }]
  })
}
