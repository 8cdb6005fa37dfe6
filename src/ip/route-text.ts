import { Address, type Family, maskLength, maskOf, Prefix } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'

/** What a route leads to: the kernel's `RTN_*`, in the words of `ip route`. */
export const ROUTE_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'anycast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
] as const
export type RouteType = (typeof ROUTE_TYPES)[number]

/** One line of `ip route add`, read but not yet resolved against devices. */
export interface RouteConfig {
  readonly type: RouteType
  /** Undefined for `default dev ppp0`, which says nothing about its family: it is a route in both. */
  readonly family: Family | undefined
  /** Undefined for the default route. */
  readonly destination: Prefix | undefined
  readonly via: Address | undefined
  readonly device: string | undefined
  readonly source: Address | undefined
  readonly metric: number | undefined
  readonly mtu: number | undefined
  /** `mtu lock 1400` */
  readonly mtuLocked: boolean
  /** `table local`. */
  readonly local: boolean
  /** From 1: which of the texts it was. */
  readonly line: number
}

/** Takes two words and means nothing here. */
const IGNORED = new Set([
  'proto',
  'protocol',
  'scope',
  'pref',
  'advmss',
  'window',
  'rtt',
  'rttvar',
  'hoplimit',
  'nhid',
  'expires',
  'error',
])

/** Stand alone and change nothing here; `ip route` prints all but the first. */
const FLAGS = new Set(['onlink', 'linkdown', 'offload', 'rt_offload', 'trap', 'rt_trap'])

/**
 * Reads routes as people write them behind `ip route add`: `default via 203.0.113.254 dev wan0`,
 * `blackhole 10.66.0.0/16`, `10.9.0.0/16 via 10.6.0.2 metric 20`; or as `ip route` prints them.
 */
export function parseRoutes(texts: readonly string[], diagnostics: Diagnostic[]): RouteConfig[] {
  const routes: RouteConfig[] = []
  texts.forEach((text, at) => {
    const route = new RouteReader(text, at + 1, diagnostics).read()
    if (route !== undefined) routes.push(route)
  })
  return routes
}

class RouteReader {
  private readonly words: RegExpMatchArray[]
  private readonly line: number
  private readonly diagnostics: Diagnostic[]
  private at = 0
  private failed = false
  private type: RouteType = 'unicast'
  private destination: Prefix | undefined
  private via: Address | undefined
  private device: string | undefined
  private source: Address | undefined
  private metric: number | undefined
  private mtu: number | undefined
  private mtuLocked = false
  private local = false

  constructor(text: string, line: number, diagnostics: Diagnostic[]) {
    this.words = [...text.matchAll(/\S+/g)]
    this.line = line
    this.diagnostics = diagnostics
  }

  read(): RouteConfig | undefined {
    const type = ROUTE_TYPES.find(name => name === this.words[0]?.[0])
    if (type !== undefined) {
      this.type = type
      this.at++
    }
    this.readDestination()
    while (this.at < this.words.length && !this.failed) this.readAttribute()
    const { type: kind, destination, via, device, source, metric, mtu, mtuLocked, line } = this
    const families = [destination?.address.family, via?.family, source?.family].filter(f => f !== undefined)
    if (families.some(family => family !== families[0]))
      this.complain('addresses of both families in one route')
    const rejects = kind === 'blackhole' || kind === 'unreachable' || kind === 'prohibit' || kind === 'throw'
    if (!this.failed && !rejects && via === undefined && device === undefined)
      this.complain('a route needs a gateway or a device', '"via ADDRESS", "dev NAME" or both')
    if (this.failed) return undefined
    const local = this.local || kind === 'local' || kind === 'broadcast' || kind === 'anycast'
    return {
      type: kind,
      family: families[0],
      destination,
      via,
      device,
      source,
      metric,
      mtu,
      mtuLocked,
      local,
      line,
    }
  }

  private readDestination(): void {
    const word = this.next('a destination')
    if (word === undefined || word === 'default' || word === 'any' || word === 'all') return
    const prefix = Prefix.tryParse(word)
    const length = prefix === undefined ? undefined : maskLength(prefix.mask)
    if (prefix === undefined || length === undefined) {
      this.complain(`not a destination: ${word}`, '"default", an address or a prefix')
    } else if (!prefix.address.equals(Address.parse(word.split('/')[0]!))) {
      this.complain(`${word} has host bits behind its prefix`, `${prefix}`)
    } else if (length > 0) this.destination = prefix
    else this.destination = new Prefix(prefix.address, maskOf(prefix.address.family, 0))
  }

  private readAttribute(): void {
    const word = this.next('an attribute')
    if (word === 'via') this.via = this.gateway()
    else if (word === 'dev' || word === 'oif') this.device = this.next('a device')
    else if (word === 'src') this.source = this.address()
    else if (word === 'metric' || word === 'preference' || word === 'priority') this.metric = this.number()
    else if (word === 'mtu') this.readMtu()
    else if (word === 'table') this.readTable()
    else if (word !== undefined && IGNORED.has(word)) this.next('a value')
    else if (word !== undefined && !FLAGS.has(word))
      this.complain(`unknown word in a route: ${word}`, 'via, dev, src, metric, mtu or table')
  }

  private readMtu(): void {
    this.mtuLocked = this.words[this.at]?.[0] === 'lock'
    if (this.mtuLocked) this.at++
    this.mtu = this.number()
  }

  private readTable(): void {
    const table = this.next('a table')
    if (table === 'local' || table === '255') this.local = true
    else if (table !== 'main' && table !== '254' && table !== undefined)
      this.complain(`table ${table} is not modelled`, 'main or local')
  }

  private gateway(): Address | undefined {
    if (this.words[this.at]?.[0] === 'inet' || this.words[this.at]?.[0] === 'inet6') this.at++
    return this.address()
  }

  private address(): Address | undefined {
    const word = this.next('an address')
    const address = word === undefined ? undefined : Address.tryParse(word)
    if (word !== undefined && address === undefined) this.complain(`not an address: ${word}`)
    return address
  }

  private number(): number | undefined {
    const word = this.next('a number')
    if (word !== undefined && !/^\d{1,9}$/.test(word)) this.complain(`not a number: ${word}`)
    return Number(word)
  }

  private next(expected: string): string | undefined {
    const word = this.words[this.at++]?.[0]
    if (word === undefined) this.complain('the route ends too early', expected)
    return word
  }

  private complain(message: string, expected?: string): void {
    if (this.failed) return
    this.failed = true
    const last = this.words[Math.min(this.at, this.words.length) - 1]
    const place = {
      severity: 'error',
      file: 'routes',
      line: this.line,
      column: (last?.index ?? 0) + 1,
    } as const
    this.diagnostics.push(expected === undefined ? { ...place, message } : { ...place, message, expected })
  }
}
