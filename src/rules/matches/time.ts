import { defineMatch, OptionError } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { words } from './support.ts'
import { dateText, daytimeText, type Moment, momentOf, parseDate, parseDaytime } from './time-values.ts'

interface TimeOptions {
  /** Seconds since 1970. */
  readonly from: number
  readonly until: number
  /** Seconds of the day. */
  readonly start: number
  readonly stop: number
  /** Bit n is the n-th, from 1. */
  readonly monthdays: number
  /** Bit n is the n-th day of the week, Monday being 1. */
  readonly weekdays: number
  readonly kerneltz: boolean
  readonly contiguous: boolean
}

const DAY_SECONDS = 86400
const LAST_SECOND = DAY_SECONDS - 1
const ALL_MONTHDAYS = 0xffff_fffe | 0
const ALL_WEEKDAYS = 0xfe
const END_OF_TIME = 2 ** 31 - 1
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/**
 * `-m time`: net/netfilter/xt_time.c. The environment's clock counts as milliseconds since 1970, UTC; `--kerneltz` is
 * the same, as on a machine whose kernel knows no time zone.
 */
export const time = defineMatch<TimeOptions>({
  name: 'time',
  summary: 'time of day, day and date',
  options: [
    dateOption('datestart', 'from', 'not before'),
    dateOption('datestop', 'until', 'not after'),
    daytimeOption('timestart', 'start', 'from this time of the day'),
    daytimeOption('timestop', 'stop', 'to this time of the day'),
    {
      name: 'monthdays',
      arguments: 1,
      negatable: true,
      placeholder: 'day[,day...]',
      help: 'days of the month, 1 to 31',
      set(options, [text = ''], negated) {
        const bits = text.split(',').reduce((all, word) => all | monthdayBit(word), 0)
        options.monthdays = negated ? bits ^ ALL_MONTHDAYS : bits
      },
    },
    {
      name: 'weekdays',
      arguments: 1,
      negatable: true,
      placeholder: 'day[,day...]',
      help: 'Mon, Tue, … or 1 to 7',
      set(options, [text = ''], negated) {
        const bits = text.split(',').reduce((all, word) => all | weekdayBit(word), 0)
        options.weekdays = negated ? bits ^ ALL_WEEKDAYS : bits
      },
    },
    zoneOption('kerneltz', true, ['utc']),
    zoneOption('localtz', true, ['utc']),
    zoneOption('utc', false, ['kerneltz', 'localtz']),
    {
      name: 'contiguous',
      arguments: 0,
      help: 'a period over midnight belongs to the day on which it began',
      set(options) {
        options.contiguous = true
      },
    },
  ],
  defaults: () => ({
    from: 0,
    until: END_OF_TIME,
    start: 0,
    stop: LAST_SECOND,
    monthdays: ALL_MONTHDAYS,
    weekdays: ALL_WEEKDAYS,
    kerneltz: false,
    contiguous: false,
  }),
  finish(options) {
    const complete = options as TimeOptions
    if (complete.contiguous && complete.start < complete.stop)
      throw new OptionError('--contiguous only makes sense when stoptime is smaller than starttime')
    return complete
  },
  save: saveText,
  list: listText,
  compile: options => [
    {
      option: words('-m time', saveText(options)),
      passes: (_skb, { nowMs }) => holds(Math.floor(nowMs / 1000), options),
      seen: (_skb, { nowMs }) => new Date(nowMs).toISOString(),
    },
  ],
})

function dateOption(name: string, field: 'from' | 'until', help: string) {
  return {
    name,
    arguments: 1,
    placeholder: 'YYYY[-MM[-DD[Thh[:mm[:ss]]]]]',
    help,
    set(options: { from?: number; until?: number }, [text = '']: readonly string[]) {
      options[field] = parseDate(text)
    },
  } as const
}

function daytimeOption(name: string, field: 'start' | 'stop', help: string) {
  return {
    name,
    arguments: 1,
    placeholder: 'hh:mm[:ss]',
    help,
    set(options: { start?: number; stop?: number }, [text = '']: readonly string[]) {
      options[field] = parseDaytime(text)
    },
  } as const
}

function zoneOption(name: string, kerneltz: boolean, excludes: readonly string[]) {
  return {
    name,
    arguments: 0,
    excludes,
    help: kerneltz ? "in the kernel's time zone" : 'in UTC (the default)',
    set(options: { kerneltz?: boolean }) {
      options.kerneltz = kerneltz
    },
  } as const
}

/** Two characters count. Nothing, and 0, is a day that never comes. */
function monthdayBit(word: string): number {
  const day = dayNumber(word.slice(0, 2))
  if (day === undefined || day > 31)
    throw new OptionError(`bad day of the month '${word}'`, { expected: '1 to 31' })
  return 1 << day
}

/** Three characters count; of a name two. Beyond a week the bits are shifted out, or around as the processor does. */
function weekdayBit(word: string): number {
  const day = dayNamed(word) ?? dayNumber(word.slice(0, 3))
  if (day === undefined || day === 0)
    throw new OptionError(`bad day '${word}'`, { expected: 'Mon, Tue, …, or 1 to 7' })
  return (1 << (day % 32)) & 0xff
}

function dayNamed(word: string): number | undefined {
  const found = WEEKDAYS.findIndex(name => name.slice(0, 2) === word.slice(0, 2))
  return found < 0 ? undefined : found + 1
}

/** `strtoul(…, 0)`, for which nothing is 0 and -1 the highest number. */
function dayNumber(text: string): number | undefined {
  if (text.trim() === '') return text === '' ? 0 : undefined
  const isNegative = text.startsWith('-')
  const number = parseNumber(isNegative ? text.slice(1) : text, 0, 999)
  return number === undefined || !isNegative ? number : 2 ** 32 - number
}

function weekdaysText(bits: number): string {
  return WEEKDAYS.filter((_, i) => (bits & (1 << (i + 1))) !== 0).join(',')
}

function monthdaysOf(bits: number): readonly number[] {
  return Array.from({ length: 31 }, (_, i) => i + 1).filter(day => (bits & (1 << day)) !== 0)
}

function saveText(options: TimeOptions): string {
  const { from, until, start, stop, monthdays, weekdays, kerneltz, contiguous } = options
  return words(
    (start !== 0 || stop !== LAST_SECOND) &&
      `--timestart ${daytimeText(start)} --timestop ${daytimeText(stop)}`,
    monthdays !== ALL_MONTHDAYS && `--monthdays ${monthdaysOf(monthdays).join(',')}`,
    weekdays !== ALL_WEEKDAYS && `--weekdays ${weekdaysText(weekdays)}`,
    from !== 0 && `--datestart ${dateText(from, 'T')}`,
    `--datestop ${dateText(until, 'T')}`,
    kerneltz && '--kerneltz',
    contiguous && '--contiguous',
  )
}

const SUFFIXES = ['th', 'st', 'nd', 'rd', 'th', 'th', 'th', 'th', 'th', 'th']

function listText({
  from,
  until,
  start,
  stop,
  monthdays,
  weekdays,
  kerneltz,
  contiguous,
}: TimeOptions): string {
  const days = monthdaysOf(monthdays).map(day => `${day}${SUFFIXES[day % 10]}`)
  return words(
    'TIME',
    (start !== 0 || stop !== LAST_SECOND) && `from ${daytimeText(start)} to ${daytimeText(stop)}`,
    weekdays !== ALL_WEEKDAYS && `on ${weekdaysText(weekdays)}`,
    monthdays !== ALL_MONTHDAYS && `on ${days.join(',')}`,
    from !== 0 && `starting from ${dateText(from, ' ')}`,
    until !== END_OF_TIME && `until date ${dateText(until, ' ')}`,
    !kerneltz && 'UTC',
    contiguous && 'contiguous',
  )
}

/** `time_mt` */
function holds(now: number, options: TimeOptions): boolean {
  const { from, until, start, stop, monthdays, weekdays, contiguous } = options
  if (now < from || now > until) return false
  let moment: Moment = momentOf(now)
  if (start < stop) {
    if (moment.daytime < start || moment.daytime > stop) return false
  } else {
    if (moment.daytime < start && moment.daytime > stop) return false
    if (contiguous && moment.daytime <= stop) moment = momentOf(now - DAY_SECONDS)
  }
  return (weekdays & (1 << moment.weekday)) !== 0 && (monthdays & (1 << moment.monthday)) !== 0
}
