import type { Family, Prefix } from '../address.ts'
import { quoteWord } from '../rules/quote.ts'
import type { PolicyEnd, PolicyLine, PortSpan } from './parse-lines.ts'

/** The built-in chains of the filter table. */
export type FilterChain = 'INPUT' | 'FORWARD' | 'OUTPUT'

/** Where a policy line's rules go: a chain, and which ends it can still tell apart there. */
export interface RulePlacement {
  readonly chain: string
  /** Devices can be matched: `-i` nowhere but in INPUT and FORWARD, `-o` in FORWARD and OUTPUT. */
  readonly hook: FilterChain
}

const TARGETS = { ALLOW: 'ACCEPT', DENY: 'DROP', REJECT: 'REJECT' } as const

/** multiport has 15 places, and a range takes two. */
const MULTIPORT_PLACES = 15

/**
 * The rules of one policy line in one chain, as `-A …` lines; none where the line is not about what passes this hook,
 * or about the other family.
 *
 * @param remark the comment that each rule carries
 */
export function rulesOfLine(
  line: PolicyLine,
  { chain, hook }: RulePlacement,
  family: Family,
  remark: string,
): string[] {
  const sources = endWords(line.src, 'source', hook, family)
  const destinations = endWords(line.dst, 'destination', hook, family)
  const protocols = protocolWords(line, family)
  const states = line.states.length === 0 ? '' : ` -m conntrack --ctstate ${line.states.join(',')}`
  const comment = ` -m comment --comment ${quoteWord(remark)}`
  const rules: string[] = []
  for (const source of sources)
    for (const destination of destinations)
      for (const protocol of protocols) {
        const rule = `-A ${chain}${source}${destination}${protocol}${states}${comment}`
        if (line.log) rules.push(`${rule} -j LOG --log-prefix ${quoteWord(logPrefix(remark, line.action))}`)
        rules.push(`${rule} -j ${TARGETS[line.action]}`)
      }
  return rules
}

/** The kernel keeps 29 bytes. */
function logPrefix(remark: string, action: string): string {
  return `${remark.slice(0, 20)} ${action}: `
}

/** Alternatives, each with a leading blank; none if this end cannot be here. */
function endWords(
  end: PolicyEnd,
  side: 'source' | 'destination',
  hook: FilterChain,
  family: Family,
): string[] {
  const own = side === 'source' ? 'OUTPUT' : 'INPUT'
  switch (end.kind) {
    case 'any':
      return ['']
    case 'self':
      return hook === own ? [''] : []
    case 'zone':
      return hook === own ? [] : end.devices.map(device => ` ${side === 'source' ? '-i' : '-o'} ${device}`)
    case 'addresses':
      return end.prefixes.filter(isOf(family)).map(prefix => addressWord(prefix, side))
    default:
      return end satisfies never
  }
}

function isOf(family: Family): (prefix: Prefix) => boolean {
  return prefix => prefix.address.family === family
}

function addressWord(prefix: Prefix, side: 'source' | 'destination'): string {
  return prefix.length === 0 ? '' : ` ${side === 'source' ? '-s' : '-d'} ${prefix}`
}

function protocolWords({ protocols, ports, sourcePorts }: PolicyLine, family: Family): string[] {
  const withPorts = ports.length > 0 || sourcePorts.length > 0
  const names = protocols.length > 0 ? protocols : withPorts ? ['tcp', 'udp'] : []
  if (names.length === 0) return ['']
  return names.flatMap(name => {
    const own = family === 6 && name === 'icmp' ? 'ipv6-icmp' : name
    return portWords(ports, '--dport').flatMap(destination =>
      portWords(sourcePorts, '--sport').map(source => {
        const single = [source, destination].some(word => word.startsWith(' --'))
        return ` -p ${own}${single ? ` -m ${own}` : ''}${source}${destination}`
      }),
    )
  })
}

/** One alternative for each load of a multiport match. */
function portWords(spans: readonly PortSpan[], option: '--dport' | '--sport'): string[] {
  if (spans.length === 0) return ['']
  if (spans.length === 1) return [` ${option} ${spanText(spans[0]!)}`]
  const loads: PortSpan[][] = []
  let places = MULTIPORT_PLACES
  for (const span of spans) {
    const cost = span.from === span.to ? 1 : 2
    if (places + cost > MULTIPORT_PLACES) {
      loads.push([])
      places = 0
    }
    loads.at(-1)!.push(span)
    places += cost
  }
  return loads.map(load => ` -m multiport ${option}s ${load.map(spanText).join(',')}`)
}

function spanText({ from, to }: PortSpan): string {
  return from === to ? String(from) : `${from}:${to}`
}
