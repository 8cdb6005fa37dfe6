import { type Address, type Family, Prefix } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { nearest, suggestion } from '../nearest.ts'
import { protocolNumber } from '../packet/protocols.ts'
import { servicePort } from '../rules/services.ts'

/** What a policy line does. */
export type PolicyAction = 'ALLOW' | 'DENY' | 'REJECT'

/** One side of a policy line: anybody, addresses, the firewall itself, or whoever is behind some devices. */
export type PolicyEnd =
  | { readonly kind: 'any' }
  | { readonly kind: 'self' }
  | { readonly kind: 'addresses'; readonly prefixes: readonly Prefix[] }
  | { readonly kind: 'zone'; readonly name: string; readonly devices: readonly string[] }

/** Ports from one to another, both included. */
export interface PortSpan {
  readonly from: number
  readonly to: number
}

/** A policy line, read. What it does not say is open. */
export interface PolicyLine {
  readonly line: number
  readonly text: string
  readonly action: PolicyAction
  readonly src: PolicyEnd
  readonly dst: PolicyEnd
  /** `tcp`, `udp`, `icmp` …, or several; empty for any. */
  readonly protocols: readonly string[]
  readonly ports: readonly PortSpan[]
  readonly sourcePorts: readonly PortSpan[]
  readonly states: readonly string[]
  readonly log: boolean
}

export interface ParsedPolicy {
  readonly lines: readonly PolicyLine[]
  /** `DEFAULT ALLOW` or `DEFAULT DENY`; undefined if no line says so. */
  readonly defaultAction: 'ALLOW' | 'DENY' | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** What names in a policy may stand for. */
export interface PolicyNames {
  readonly file?: string
  readonly resolveHost?: (name: string, family: Family) => readonly Address[]
  /** Zones and the devices they are behind. */
  readonly zones?: { readonly [zone: string]: readonly string[] }
}

const ACTIONS: Readonly<Record<string, PolicyAction>> = {
  ALLOW: 'ALLOW',
  ACCEPT: 'ALLOW',
  PERMIT: 'ALLOW',
  DENY: 'DENY',
  DROP: 'DENY',
  BLOCK: 'DENY',
  REJECT: 'REJECT',
}
const KEYS = ['src', 'dst', 'port', 'sport', 'proto', 'state', 'log']
const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED']
const WITH_PORTS = ['tcp', 'udp', 'sctp', 'udplite']

/** Reads policy lines; never throws, and goes on behind every error. */
export function parsePolicy(text: string, names: PolicyNames = {}): ParsedPolicy {
  const lines: PolicyLine[] = []
  const diagnostics: Diagnostic[] = []
  let defaultAction: ParsedPolicy['defaultAction']
  text.split(/\r?\n/).forEach((full, index) => {
    const reader = new LineReader(full, index + 1, names, diagnostics)
    const first = reader.words[0]
    if (first === undefined) return
    if (first.text.toUpperCase() === 'DEFAULT') defaultAction = reader.readDefault() ?? defaultAction
    else {
      const line = reader.readLine()
      if (line !== undefined) lines.push(line)
    }
  })
  diagnostics.sort((a, b) => a.line - b.line || a.column - b.column)
  return { lines, defaultAction, diagnostics }
}

interface PolicyWord {
  readonly text: string
  readonly column: number
}

class LineReader {
  readonly words: readonly PolicyWord[]
  private readonly full: string
  private readonly line: number
  private readonly names: PolicyNames
  private readonly diagnostics: Diagnostic[]
  private readonly errorsBefore: number

  constructor(full: string, line: number, names: PolicyNames, diagnostics: Diagnostic[]) {
    this.full = full.replace(/(^|\s)#.*$/, '')
    this.line = line
    this.names = names
    this.diagnostics = diagnostics
    this.errorsBefore = diagnostics.length
    this.words = [...this.full.matchAll(/\S+/g)].map(({ 0: text, index }) => ({ text, column: index + 1 }))
  }

  readDefault(): 'ALLOW' | 'DENY' | undefined {
    const word = this.words[1]
    const action = ACTIONS[word?.text.toUpperCase() ?? '']
    if (action === 'ALLOW' || action === 'DENY') return action
    this.error(word?.column ?? 1, 'DEFAULT needs an action', { expected: 'ALLOW or DENY' })
    return undefined
  }

  readLine(): PolicyLine | undefined {
    const action = this.readAction(this.words[0]!)
    const values = this.readPairs()
    const protocols = this.list(values, 'proto', (text, at) => this.readProtocol(text, at)).flat()
    const ports = this.list(values, 'port', (text, at) => this.readPorts(text, at, protocols))
    const sourcePorts = this.list(values, 'sport', (text, at) => this.readPorts(text, at, protocols))
    const states = this.list(values, 'state', (text, at) => this.readState(text, at))
    const src = this.readEnd(values.get('src'))
    const dst = this.readEnd(values.get('dst'))
    this.checkPorts(values, protocols)
    if (src.kind === 'self' && dst.kind === 'self')
      this.error(values.get('dst')!.column, 'the firewall does not filter what it says to itself')
    if (action === undefined || this.diagnostics.length > this.errorsBefore) return undefined
    const log = values.has('log')
    return {
      line: this.line,
      text: this.full.trim(),
      action,
      src,
      dst,
      protocols,
      ports,
      sourcePorts,
      states,
      log,
    }
  }

  private readAction(word: PolicyWord): PolicyAction | undefined {
    const action = ACTIONS[word.text.toUpperCase()]
    if (action === undefined)
      this.error(word.column, `unknown action '${word.text}'`, {
        expected: 'ALLOW, DENY, REJECT or DEFAULT',
        ...hint(nearest(word.text, [...Object.keys(ACTIONS), 'DEFAULT'])),
      })
    return action
  }

  /** `key=value` by key; `log` stands alone. Columns are those of the values. */
  private readPairs(): Map<string, PolicyWord> {
    const values = new Map<string, PolicyWord>()
    for (const { text, column } of this.words.slice(1)) {
      const equals = text.indexOf('=')
      const key = (equals < 0 ? text : text.slice(0, equals)).toLowerCase()
      const value = equals < 0 ? '' : text.slice(equals + 1)
      if (!KEYS.includes(key))
        this.error(column, `unknown word '${equals < 0 ? text : text.slice(0, equals)}'`, {
          hint: suggestion(key, KEYS),
        })
      else if (values.has(key)) this.error(column, `${key} is given twice`)
      else if (key === 'log' && equals >= 0) this.error(column, 'log takes no value')
      else if (key !== 'log' && value === '') this.error(column, `${key} needs a value`, { hint: `${key}=…` })
      else values.set(key, { text: value, column: column + equals + 1 })
    }
    return values
  }

  private list<T>(
    values: Map<string, PolicyWord>,
    key: string,
    read: (text: string, column: number) => T | undefined,
  ): T[] {
    const word = values.get(key)
    if (word === undefined || word.text.toUpperCase() === 'ANY') return []
    const found: T[] = []
    let { column } = word
    for (const part of word.text.split(',')) {
      const value = read(part, column)
      if (value !== undefined) found.push(value)
      column += part.length + 1
    }
    return found
  }

  private readProtocol(text: string, column: number): string[] | undefined {
    const name = text.toLowerCase()
    const number = /^\d+$/.test(name) ? Number(name) : protocolNumber(name)
    if (number !== undefined && number < 256) return [name]
    this.error(column, `unknown protocol '${text}'`, { expected: 'TCP, UDP, ICMP, another name or a number' })
    return undefined
  }

  private readPorts(text: string, column: number, protocols: readonly string[]): PortSpan | undefined {
    const match = /^([\w-]*[a-zA-Z][\w-]*|\d+)(?:[-:](\d+))?$/.exec(text)
    const first = match?.[1] ?? ''
    const number = /^\d+$/.test(first) ? Number(first) : servicePort(first, protocols[0])
    const to = match?.[2] === undefined ? number : Number(match[2])
    if (number === undefined || to === undefined || number > 65535 || to > 65535)
      this.error(column, `not a port: '${text}'`, {
        expected: 'a number from 0 to 65535, a range like 8000-8080, or a service name',
      })
    else if (to < number) this.error(column, `the range ${text} is empty`, { hint: `write ${to}-${number}` })
    else return { from: number, to }
    return undefined
  }

  private readState(text: string, column: number): string | undefined {
    const state = text.toUpperCase()
    if (STATES.includes(state)) return state
    const near = nearest(state, STATES)
    this.error(column, `unknown state '${text}'`, { expected: STATES.join(', '), ...hint(near) })
    return undefined
  }

  private checkPorts(values: Map<string, PolicyWord>, protocols: readonly string[]): void {
    const word = values.get('port') ?? values.get('sport')
    const portless = protocols.find(name => !WITH_PORTS.includes(name))
    if (word !== undefined && portless !== undefined)
      this.error(word.column, `${portless} has no ports`, { hint: 'leave port= out, or say proto=TCP' })
  }

  private readEnd(word: PolicyWord | undefined): PolicyEnd {
    const text = word?.text ?? 'ANY'
    if (/^any$/i.test(text)) return { kind: 'any' }
    if (/^self$/i.test(text)) return { kind: 'self' }
    const zones = this.names.zones ?? {}
    const name = Object.keys(zones).find(zone => zone.toLowerCase() === text.toLowerCase())
    if (name !== undefined) return { kind: 'zone', name, devices: zones[name]! }
    const prefixes: Prefix[] = []
    let column = word?.column ?? 1
    for (const part of text.split(',')) {
      prefixes.push(...this.readAddress(part, column))
      column += part.length + 1
    }
    return { kind: 'addresses', prefixes }
  }

  private readAddress(text: string, column: number): Prefix[] {
    const prefix = Prefix.tryParse(text)
    if (prefix !== undefined) return [prefix]
    const { resolveHost = () => [], zones = {} } = this.names
    const looksNumeric = /^[\d./]+$/.test(text) || text.includes(':')
    const addresses = looksNumeric ? [] : [...resolveHost(text, 4), ...resolveHost(text, 6)]
    if (addresses.length > 0) return addresses.map(address => Prefix.parse(address.toString()))
    this.error(column, looksNumeric ? `not an address: '${text}'` : `unknown name '${text}'`, {
      expected: 'ANY, SELF, an address, a network like 10.6.0.0/16, a name of the hosts table or a zone',
      ...hint(nearest(text, Object.keys(zones))),
    })
    return []
  }

  private error(column: number, message: string, help: Pick<Diagnostic, 'expected' | 'hint'> = {}): void {
    const { file } = this.names
    const place = { ...(file !== undefined && { file }), line: this.line, column }
    this.diagnostics.push({ severity: 'error', code: 'syntax', ...place, message, ...help })
  }
}

function hint(near: string | undefined): { hint?: string } {
  return near === undefined ? {} : { hint: `did you mean '${near}'?` }
}
