import picocolors from 'picocolors'
import { PLAIN, type Style } from '../format/style.ts'

/** Colour on a terminal, and where FORCE_COLOR asks for it; nothing anywhere else, nor under NO_COLOR. */
export function terminalStyle(): Style {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env
  const isWanted = FORCE_COLOR === '' ? process.stdout.isTTY && TERM !== 'dumb' : FORCE_COLOR !== '0'
  if (NO_COLOR !== '' || !isWanted) return PLAIN
  const { green, red, bold, dim } = picocolors.createColors(true)
  return { good: green, bad: red, strong: bold, dim }
}

/** How wide a report may be, in columns: not wider than the terminal, if it goes to one. */
export function reportWidth(): number {
  return Math.max(60, Math.min(100, process.stdout.columns ?? 100))
}
