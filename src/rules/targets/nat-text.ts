/** What SNAT, DNAT, MASQUERADE and REDIRECT say in common: addresses and ports, as libxt_NAT.c reads and prints them. */
import { Address, type Family } from '../../address.ts'
import type { NatRange } from '../../conntrack/nat-range.ts'
import { IPPROTO_DCCP, IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import { type Draft, OptionError, type OptionSpec, type ParseContext } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { servicePort } from '../services.ts'

export interface NatPorts {
  readonly minPort?: number
  readonly maxPort?: number
  readonly basePort?: number
}

export interface NatOptions extends NatPorts {
  readonly minAddress?: Address
  readonly maxAddress?: Address
  readonly random?: boolean
  readonly randomFully?: boolean
  readonly persistent?: boolean
}

/** UDPLite is not among them, nor ICMPv6; ICMP is, for its ids. */
const PORT_PROTOCOLS: readonly number[] = [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_ICMP]

/** `1.1.1.1`, `1.1.1.1-1.1.1.9:1024-2047/5000`, `:80`, `[2001:db8::1-2001:db8::9]:80`. */
export function parseNatTarget(options: Draft<NatOptions>, text: string, context: ParseContext): void {
  const { addresses, ports } = splitTarget(text, context.family)
  if (ports !== undefined) Object.assign(options, parseNatPorts(ports, context))
  if (addresses === '' && ports !== undefined) return
  const dash = addresses.indexOf('-')
  const first = dash < 0 ? addresses : addresses.slice(0, dash)
  options.minAddress = parseNatAddress(first, context.family)
  options.maxAddress =
    dash < 0 ? options.minAddress : parseNatAddress(addresses.slice(dash + 1), context.family)
}

/** One colon leads to ports; more are an IPv6 address unless it stands in brackets. */
function splitTarget(text: string, family: Family): { addresses: string; ports?: string } {
  const open = text.indexOf('[')
  if (open < 0) {
    const colon = text.indexOf(':')
    if (colon < 0 || text.includes(':', colon + 1)) return { addresses: text }
    return { addresses: text.slice(0, colon), ports: text.slice(colon + 1) }
  }
  const close = text.indexOf(']', open)
  if (close < 0 || family === 4)
    throw new OptionError('Invalid address format', { expected: natExpectation(family) })
  const addresses = text.slice(open + 1, close)
  const colon = text.indexOf(':', close)
  return colon < 0 ? { addresses } : { addresses, ports: text.slice(colon + 1) }
}

function parseNatAddress(text: string, family: Family): Address {
  const address = Address.tryParse(text)
  if (address?.family !== family)
    throw new OptionError(`Bad IP address "${text}"`, { expected: natExpectation(family) })
  return address
}

function natExpectation(family: Family): string {
  return family === 4 ? 'address[-address][:port[-port]]' : '[address[-address]]:port[-port]'
}

/** `80`, `http`, `1024-65535`, `1024-2047/5000`: service names may begin no range. */
export function parseNatPorts(text: string, { protocol }: { readonly protocol: number }): NatPorts {
  if (!PORT_PROTOCOLS.includes(protocol))
    throw new OptionError('Need TCP, UDP, SCTP or DCCP with port specification', {
      hint: 'put -p tcp or -p udp before it',
    })
  const min = scanPort(text, true)
  if (min.rest === '') return { minPort: min.port, maxPort: min.port }
  if (min.rest.startsWith(':'))
    throw new OptionError('Invalid port:port syntax - use dash', { expected: 'port[-port]' })
  if (!min.rest.startsWith('-')) throw garbage('port value', min.rest)
  const max = scanPort(min.rest.slice(1), false)
  if (max.port < min.port)
    throw new OptionError(`Port range '${min.rest.slice(1)}' funky`, { expected: 'the lower port first' })
  if (max.rest === '') return { minPort: min.port, maxPort: max.port }
  if (!max.rest.startsWith('/')) throw garbage('port range', max.rest)
  const base = scanPort(max.rest.slice(1), true, 1)
  return { minPort: min.port, maxPort: max.port, basePort: base.port }
}

function scanPort(text: string, mayBeService: boolean, minimum = 0): { port: number; rest: string } {
  const scanned = scanNumber(text)
  if (scanned !== undefined && scanned.value >= minimum && scanned.value <= 65535n)
    return { port: Number(scanned.value), rest: scanned.rest }
  const service = mayBeService ? servicePort(text) : undefined
  if (service === undefined)
    throw new OptionError(`Port '${text}' not valid`, {
      expected: 'a port from 0 to 65535 or a service name',
    })
  return { port: service, rest: '' }
}

function garbage(after: string, rest: string): OptionError {
  return new OptionError(`Garbage after ${after}: '${rest}'`, { expected: 'port[-port]' })
}

export function natPortsText({ minPort, maxPort, basePort }: NatPorts): string {
  if (minPort === undefined) return ''
  const base = basePort === undefined ? '' : `/${basePort}`
  return `${minPort}${minPort === maxPort ? '' : `-${maxPort}`}${base}`
}

/** `1.1.1.1-1.1.1.9:80`; IPv6 addresses get brackets only before ports. */
export function natTargetText(options: NatOptions): string {
  const { minAddress, maxAddress, minPort } = options
  const ports = minPort === undefined ? '' : `:${natPortsText(options)}`
  if (minAddress === undefined || maxAddress === undefined) return ports
  const range = minAddress.equals(maxAddress) ? `${minAddress}` : `${minAddress}-${maxAddress}`
  return minAddress.family === 6 && ports !== '' ? `[${range}]${ports}` : `${range}${ports}`
}

/** ` --random --persistent`, each with a leading blank and the given dashes. */
export function natFlagsText({ random, randomFully, persistent }: NatOptions, dashes: string): string {
  const words = [random && 'random', randomFully && 'random-fully', persistent && 'persistent']
  return words.flatMap(word => (word ? [` ${dashes}${word}`] : [])).join('')
}

export const RANDOM: OptionSpec<NatOptions> = {
  name: 'random',
  arguments: 0,
  help: 'choose the port at random',
  set(options) {
    options.random = true
  },
}

export const RANDOM_FULLY: OptionSpec<NatOptions> = {
  name: 'random-fully',
  arguments: 0,
  help: 'choose the port at random, without regard to what was asked for',
  set(options) {
    options.randomFully = true
  },
}

export const PERSISTENT: OptionSpec<NatOptions> = {
  name: 'persistent',
  arguments: 0,
  help: 'give a client the same address for every destination',
  set(options) {
    options.persistent = true
  },
}

/** The options as the nat stage takes them. */
export function natRange(manip: NatRange['manip'], options: NatOptions): NatRange {
  return Object.freeze({ manip, ...options })
}
