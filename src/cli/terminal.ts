import picocolors from 'picocolors'
import { PLAIN, type Style } from '../format/style.ts'

/** Colour on a terminal, nothing anywhere else (and nothing under NO_COLOR). */
export function terminalStyle(): Style {
  if (!process.stdout.isTTY || !picocolors.isColorSupported) return PLAIN
  return { good: picocolors.green, bad: picocolors.red, strong: picocolors.bold, dim: picocolors.dim }
}
