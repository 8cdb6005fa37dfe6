import { OptionError } from './extension.ts'
import { parseNumber } from './numbers.ts'
import { serviceName, servicePort } from './services.ts'

/** Ports from `min` to `max`, both included. */
export interface PortRange {
  readonly min: number
  readonly max: number
}

/** A port number or a service name. `protocol` is the name to look the service up with: `tcp`; undefined for any. */
export function parsePort(text: string, protocol?: string): number {
  const port = parseNumber(text, 0, 65535) ?? servicePort(text, protocol)
  if (port === undefined)
    throw new OptionError(`invalid port/service '${text}'`, {
      expected: 'a port from 0 to 65535 or a service name',
    })
  return port
}

/** `80`, `1024:65535`, `:1023`, `1024:`. */
export function parsePortRange(text: string, protocol?: string): PortRange {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = parsePort(text, protocol)
    return { min: port, max: port }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  const min = first === '' ? 0 : parsePort(first, protocol)
  const max = last === '' ? 65535 : parsePort(last, protocol)
  if (min > max)
    throw new OptionError(`invalid port range '${text}' (min > max)`, { hint: `write ${max}:${min}` })
  return { min, max }
}

/**
 * The same for the extensions that leave it to getaddrinfo (`XTTYPE_PORTRC`, e.g. udp): decimal only, of any size (the
 * lower 16 bits count), services of any protocol, and `90:80` is let through, although it never matches.
 */
export function parseLooseRange(text: string): PortRange {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = text === '' ? 0 : parseLoosePort(text)
    return { min: port, max: port }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  return {
    min: first === '' ? 0 : parseLoosePort(first),
    max: last === '' ? 65535 : parseLoosePort(last),
  }
}

/** One port of those. `getaddrinfo` takes 2³²-1 for no number at all. */
export function parseLoosePort(text: string): number {
  const decimal = /^\s*\+?(\d{1,18})$/.exec(text)?.[1]
  const port =
    decimal === undefined || decimal === '4294967295' ? servicePort(text) : Number(BigInt(decimal) & 0xffffn)
  if (port !== undefined) return port
  throw new OptionError(`port '${text}' is neither a number nor a service name`)
}

/** `80` or `1024:65535`, as `iptables-save` prints ports. */
export function portRangeText(range: PortRange): string {
  return range.min === range.max ? `${range.min}` : `${range.min}:${range.max}`
}

/** A port as `iptables -L` prints it: its service's name unless numeric. */
export function portText(port: number, protocol: string | undefined, numeric: boolean): string {
  return (numeric ? undefined : serviceName(port, protocol)) ?? `${port}`
}

/** ` dpt:80` or ` dpts:!80:90` as `iptables -L` prints them; '' for a range that says nothing. */
export function listPorts(
  label: 'spt' | 'dpt',
  range: (PortRange & { readonly negated: boolean }) | undefined,
  protocol: string,
  numeric: boolean,
): string {
  if (range === undefined || (isAnyPort(range) && !range.negated)) return ''
  const inversion = range.negated ? '!' : ''
  const min = portText(range.min, protocol, numeric)
  if (range.min === range.max) return ` ${label}:${inversion}${min}`
  return ` ${label}s:${inversion}${min}:${portText(range.max, protocol, numeric)}`
}

/** `! --dport 80` as `iptables-save` prints it, with a leading blank; '' for a range that says nothing. */
export function savePorts(
  option: string,
  range: (PortRange & { readonly negated: boolean }) | undefined,
): string {
  if (range === undefined || isAnyPort(range)) return ''
  return `${range.negated ? ' !' : ''} --${option} ${portRangeText(range)}`
}

export function isAnyPort(range: PortRange): boolean {
  return range.min === 0 && range.max === 65535
}
