import type { Family } from '../../address.ts'
import { defineMatch, type MatchEnvironment, type OptionSpec } from '../extension.ts'
import { type Estimator, estimatorKey, ratesAt } from '../rate-estimator.ts'
import { parseScaled } from '../scaled-values.ts'
import { estimatorsBefore } from '../targets/rateest-names.ts'
import { not, requireNumber, truncateBytes, UINT32_MAX, words } from './support.ts'

type Unit = 'bps' | 'pps'
type Mode = 'lt' | 'gt' | 'eq'

/** One of the two sides of the comparison: an estimator's name, and a number for each unit. */
interface Side {
  readonly name?: string
  readonly bps: number
  readonly pps: number
}

interface RateestOptions {
  readonly first: Side
  /** Without a name: its numbers are what the first side is compared with. */
  readonly second: Side
  readonly units: readonly Unit[]
  readonly delta: boolean
  readonly mode?: Mode
  readonly negated: boolean
}

const NAME_BYTES = 15

/** What a unit is worth in bytes a second: `kbit`, `Kibit`, `kbps` … `tbps`; without one it is bits. */
const RATES: ReadonlyMap<string, number> = new Map([
  ['', 1 / 8],
  ...unitsOf('bit', 1 / 8),
  ...unitsOf('bps', 1),
])

function unitsOf(name: string, bytes: number): [string, number][] {
  return [
    [name, bytes],
    ...['k', 'm', 'g', 't'].flatMap((prefix, power): [string, number][] => [
      [`${prefix}${name}`, bytes * 1000 ** (power + 1)],
      [`${prefix}i${name}`, bytes * 1024 ** (power + 1)],
    ]),
  ]
}

/** `-m rateest`: net/netfilter/xt_rateest.c. Compares the rates that `-j RATEEST` measures. */
export const rateest = defineMatch<RateestOptions>({
  name: 'rateest',
  summary: 'the rate that -j RATEEST measures, against a number or another one',
  options: [
    nameOption('first', 'rateest1', ['rateest'], 'name of the estimator'),
    nameOption('second', 'rateest2', [], 'name of another one to compare it with'),
    numberOption('first', 'bps', 'rateest-bps1', []),
    numberOption('first', 'pps', 'rateest-pps1', []),
    numberOption('second', 'bps', 'rateest-bps2', ['rateest-bps']),
    numberOption('second', 'pps', 'rateest-pps2', ['rateest-pps']),
    {
      name: 'rateest-delta',
      arguments: 0,
      help: 'compare how far the rates stay below the numbers',
      set(options) {
        options.delta = true
      },
    },
    modeOption('lt', 'less than'),
    modeOption('gt', 'greater than'),
    modeOption('eq', 'equal to'),
  ],
  defaults: () => ({ first: NO_SIDE, second: NO_SIDE, units: [], delta: false, negated: false }),
  check({ first, second, units, mode }, context) {
    if (mode === undefined) return 'one of --rateest-lt, --rateest-gt and --rateest-eq is required'
    if (units.length === 0) return 'one of --rateest-bps and --rateest-pps is required'
    const names = estimatorsBefore(context).map(({ name }) => name)
    const missing = [first.name ?? '', second.name].find(name => name !== undefined && !names.includes(name))
    return missing === undefined ? undefined : `no -j RATEEST --rateest-name ${missing} before this rule`
  },
  save: rateestText,
  list: listText,
  compile(options) {
    const keys = {
      first: estimatorKey(options.first.name ?? ''),
      second: estimatorKey(options.second.name ?? ''),
    }
    return [
      {
        option: words('-m rateest', rateestText(options)),
        passes: (_skb, environment) => holds(options, keys, environment),
        seen(_skb, { memory, nowMs }) {
          const { bps, pps } = ratesAt(memory.get(keys.first) as Estimator | undefined, nowMs)
          return `${options.first.name}: ${rateText(bps)} ${pps}pps`
        },
      },
    ]
  },
})

const NO_SIDE: Side = { bps: 0, pps: 0 }

function nameOption(
  side: 'first' | 'second',
  name: string,
  aliases: readonly string[],
  help: string,
): OptionSpec<RateestOptions> {
  return {
    name,
    aliases,
    arguments: 1,
    placeholder: 'name',
    help,
    set(options, [text = '']) {
      options[side] = { ...NO_SIDE, ...options[side], name: truncateBytes(text, NAME_BYTES) }
    },
  }
}

function numberOption(
  side: 'first' | 'second',
  unit: Unit,
  name: string,
  aliases: readonly string[],
): OptionSpec<RateestOptions> {
  return {
    name,
    aliases,
    arguments: 'optional',
    placeholder: unit === 'bps' ? 'rate' : 'number',
    help: `${unit === 'bps' ? 'compare bits' : 'compare packets'} a second${side === 'first' ? ' (delta: with the first)' : ''}`,
    set(options, [text]) {
      const units = [...(options.units ?? []), unit]
      options.units = (['bps', 'pps'] as const).filter(known => units.includes(known))
      if (text === undefined) return
      const value = unit === 'pps' ? requireNumber(text, 0, UINT32_MAX) : parseScaled(text, RATES, 'rate')
      options[side] = { ...NO_SIDE, ...options[side], [unit]: value }
    },
  }
}

function modeOption(mode: Mode, help: string): OptionSpec<RateestOptions> {
  return {
    name: `rateest-${mode}`,
    arguments: 0,
    negatable: true,
    help,
    set(options, _args, negated) {
      options.mode = mode
      options.negated ||= negated
    },
  }
}

type Keys = { readonly [side in 'first' | 'second']: string }

/** `xt_rateest_mt` */
function holds(options: RateestOptions, keys: Keys, { memory, nowMs }: MatchEnvironment): boolean {
  const { first, second, units, delta, mode, negated } = options
  const left = sideRates(first, keys.first)
  const right = second.name === undefined ? second : sideRates(second, keys.second)
  return units.every(unit => compare(left[unit], mode, right[unit])) !== negated

  function sideRates(side: Side, key: string): { readonly bps: number; readonly pps: number } {
    const rates = ratesAt(memory.get(key) as Estimator | undefined, nowMs)
    if (!delta) return rates
    return { bps: Math.max(0, side.bps - rates.bps), pps: Math.max(0, side.pps - rates.pps) }
  }
}

function compare(left: number, mode: Mode | undefined, right: number): boolean {
  if (mode === 'eq') return left === right
  return mode === 'lt' ? left < right : left > right
}

function rateText(bytes: number): string {
  const bits = bytes * 8
  if (bits >= 1e9) return `${(bits / 1e6).toFixed(0)}Mbit`
  return bits >= 1e6 ? `${(bits / 1e3).toFixed(0)}Kbit` : `${bits}bit`
}

function valueText(side: Side, unit: Unit): string {
  return unit === 'bps' ? rateText(side.bps) : `${side.pps}`
}

function rateestText({ first, second, units, delta, mode, negated }: RateestOptions): string {
  const relative = second.name !== undefined
  return words(
    delta && '--rateest-delta',
    `--rateest${relative ? '1' : ''} ${first.name}`,
    ...units.flatMap(unit => [
      delta && `--rateest-${unit}1 ${valueText(first, unit)}`,
      `${not(negated)}--rateest-${mode}`,
      delta
        ? `--rateest-${unit}2 ${valueText(second, unit)}`
        : words(`--rateest-${unit}`, !relative && valueText(second, unit)),
    ]),
    relative && `--rateest2 ${second.name}`,
  )
}

function listText(options: RateestOptions, _family: Family, numeric: boolean): string {
  const { first, second, units, delta, mode, negated } = options
  const relative = second.name !== undefined
  const comparison = `${not(negated)}${mode}`
  const value = (side: Side, unit: Unit): string =>
    numeric && unit === 'bps' ? `${side.bps}` : valueText(side, unit)
  return words(
    `rateest match ${first.name}`,
    delta && 'delta',
    ...units.flatMap(unit => [
      unit,
      delta && value(first, unit),
      !relative && (unit === 'bps' ? `${value(second, unit)} ${comparison}` : `${comparison} ${second.pps}`),
    ]),
    relative && `${comparison} ${second.name}`,
    ...(relative ? units.map(unit => words(unit, delta && value(second, unit))) : []),
  )
}
