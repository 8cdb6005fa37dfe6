import type { Command, List, Part, Place, ShellWord } from './syntax.ts'

/** bash: `for ((start; condition; step)) do body done` as the loop that it stands for. */
export function countingLoop([start, asked, step]: readonly ShellWord[], body: List, place: Place): Command {
  const command = (expression: ShellWord): Command => ({ kind: 'arithmetic', expression, ...place })
  const always = { ...place, parts: [{ kind: 'text', text: '1', quoted: true } as const] }
  const isEmpty = asked!.parts.every(part => part.kind === 'text' && part.text.trim() === '')
  const condition: List = { kind: 'list', items: [command(isEmpty ? always : asked!)], ...place }
  const loop: Command = { kind: 'while', condition, body, until: false, step: command(step!), ...place }
  return { kind: 'list', items: [command(start!), loop], ...place }
}

/** bash: `select name in …` asks until somebody has typed enough: `while read REPLY name`. */
export function selectLoop(name: string, body: List, place: Place): Command {
  const words = ['read', 'REPLY', name].map(text => ({
    ...place,
    parts: [{ kind: 'text', text, quoted: false } as const],
  }))
  const ask: Command = { kind: 'simple', assignments: [], words, redirections: [], ...place }
  return { kind: 'while', condition: { kind: 'list', items: [ask], ...place }, body, until: false, ...place }
}

/** `a; b; c` → its three parts. */
export function splitExpressions({ parts, ...place }: ShellWord): ShellWord[] {
  const found: Part[][] = [[]]
  for (const part of parts) {
    const texts = part.kind === 'text' ? part.text.split(';') : []
    if (part.kind !== 'text') found.at(-1)!.push(part)
    texts.forEach((text, index) => {
      if (index > 0) found.push([])
      found.at(-1)!.push({ kind: 'text', text, quoted: true })
    })
  }
  return found.map(one => ({ ...place, parts: one }))
}
