/** Dates and times of the day as `-m time` writes them, all in UTC. */
import { OptionError } from '../extension.ts'

export interface Moment {
  /** Seconds since midnight. */
  readonly daytime: number
  /** Monday is 1, Sunday 7. */
  readonly weekday: number
  readonly monthday: number
}

const DAY_SECONDS = 86400
/** What a signed 32-bit clock can show. */
const MAX_TIME = 2 ** 31 - 1

export function momentOf(seconds: number): Moment {
  const days = Math.floor(seconds / DAY_SECONDS)
  // 1970 began on a Thursday
  const weekday = ((days + 3) % 7) + 1
  return {
    daytime: seconds - days * DAY_SECONDS,
    weekday,
    monthday: new Date(seconds * 1000).getUTCDate(),
  }
}

/** `2001-02-03T04:05:06`, from the right as much as needed. */
export function parseDate(text: string): number {
  const found = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(
    text,
  )
  const fields = found?.slice(1).map((field, i) => Number(field ?? (i < 3 ? 1 : 0)))
  if (fields === undefined) throw badDate(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
  if (year < 1970 || year > 2038 || month < 1 || month > 12 || day < 1 || day > 31) throw badDate(text)
  if (hour > 23 || minute > 59 || second > 59) throw badDate(text)
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000
  if (seconds > MAX_TIME) throw badDate(text)
  return seconds
}

function badDate(text: string): OptionError {
  return new OptionError(`bad date '${text}'`, { expected: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]' })
}

/** `08:00`, `23:59:59` */
export function parseDaytime(text: string): number {
  const found = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  const [hour = 24, minute = 0, second = 0] = (found ?? []).slice(1).map(field => Number(field ?? 0))
  if (hour > 23 || minute > 59 || second > 59)
    throw new OptionError(`bad time '${text}'`, { expected: 'hh:mm[:ss]' })
  return hour * 3600 + minute * 60 + second
}

export function daytimeText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map(part => `${part}`.padStart(2, '0')).join(':')
}

export function dateText(seconds: number, separator: string): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', separator)
}
