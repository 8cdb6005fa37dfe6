import { z } from 'zod'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2.5s`, `300ms`, `5min`, `2h`, `5d` in ms. @throws RangeError */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|min|h|d)$/.exec(text)
  if (match === null) throw new RangeError(`not a duration: ${JSON.stringify(text)}; e.g. 300ms, 2.5s, 5min`)
  return Number(match[1]) * UNITS[match[2]!]!
}

/** As files have it. */
export const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|min|h|d)$/, { error: 'not a duration: 300ms, 2.5s, 5min, 2h or 5d' })

export function optionalMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}

/** Times in reports: `120 ms`, `3.02 s`, `2 h 0 min`. */
export function timeText(ms: number): string {
  if (ms < 10_000) return `${round(ms)} ms`
  if (ms < 600_000) return `${round(ms / 1000)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 600) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 240 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100)
}
