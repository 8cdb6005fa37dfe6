import { protocolName } from '../../packet/protocols.ts'
import { defineMatch, OptionError, type Test } from '../extension.ts'
import { headerTest } from '../port-tests.ts'
import { parsePort, portText } from '../ports.ts'
import { not, type Range, rangeText } from './support.ts'

interface MultiportOptions {
  readonly side: Side
  readonly ranges: readonly Range[]
  readonly negated: boolean
  /** The rule's protocol, for service names in listings. */
  readonly protocol: string
}

type Side = 'sports' | 'dports' | 'ports'

/** TCP, UDP, DCCP, SCTP, UDPLite: whose headers begin with two ports. */
const PROTOCOLS = [6, 17, 33, 132, 136]

/** A range takes two of the kernel's 15 places. */
const PLACES = 15

const portOption = (side: Side, name: string, help: string) =>
  ({
    name,
    aliases: name === side ? [] : [side],
    arguments: 1,
    negatable: true,
    excludes: ['source-ports', 'destination-ports', 'ports'].filter(other => other !== name),
    placeholder: 'port[,port:port...]',
    help,
    set(
      options: { -readonly [Key in keyof MultiportOptions]?: MultiportOptions[Key] },
      [text = '']: readonly string[],
      negated: boolean,
      context: { readonly protocol: number; readonly protocolNegated: boolean },
    ) {
      options.protocol = requireProtocol(context)
      options.side = side
      options.ranges = parsePorts(text, options.protocol)
      options.negated = negated
    },
  }) as const

/** `-m multiport`: net/netfilter/xt_multiport.c. */
export const multiport = defineMatch<MultiportOptions>({
  name: 'multiport',
  protocols: PROTOCOLS,
  summary: 'lists of ports and port ranges',
  options: [
    portOption('sports', 'source-ports', 'the source port is one of these'),
    portOption('dports', 'destination-ports', 'the destination port is one of these'),
    portOption('ports', 'ports', 'the source or the destination port is one of these'),
  ],
  finish(options) {
    if (options.side === undefined)
      throw new OptionError('multiport: an option is missing', { expected: '--sports, --dports or --ports' })
    return options as MultiportOptions
  },
  save: optionText,
  list({ side, ranges, negated, protocol }, _family, numeric) {
    const text = ranges.map(({ min, max }) =>
      min === max
        ? portText(min, protocol, numeric)
        : `${portText(min, protocol, numeric)}:${portText(max, protocol, numeric)}`,
    )
    return `multiport ${side} ${negated ? ' !' : ''}${text.join(',')}`
  },
  compile: options => [headerTest('multiport', 4, false), portsTest(options)],
})

function optionText({ side, ranges, negated }: MultiportOptions): string {
  return `${not(negated)}--${side} ${ranges.map(rangeText).join(',')}`
}

function requireProtocol(context: { readonly protocol: number; readonly protocolNegated: boolean }): string {
  const hint = 'put -p tcp, udp, udplite, sctp or dccp before -m multiport'
  if (context.protocol === 0) throw new OptionError('multiport needs a protocol', { hint })
  if (context.protocolNegated || !PROTOCOLS.includes(context.protocol))
    throw new OptionError('multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP', { hint })
  return protocolName(context.protocol) ?? ''
}

function parsePorts(text: string, protocol: string): readonly Range[] {
  const ranges: Range[] = []
  let places = 0
  for (const part of text.split(',')) {
    const colon = part.indexOf(':')
    places += colon < 0 ? 1 : 2
    if (places > PLACES)
      throw new OptionError('too many ports', { expected: `up to ${PLACES} ports; a range counts as two` })
    if (colon < 0) {
      const port = parsePort(part, protocol)
      ranges.push({ min: port, max: port })
      continue
    }
    const min = parsePort(part.slice(0, colon), protocol)
    const max = parsePort(part.slice(colon + 1), protocol)
    if (min >= max)
      throw new OptionError(`invalid port range '${part}'`, { expected: 'first:last, first < last' })
    ranges.push({ min, max })
  }
  return ranges
}

function portsTest(options: MultiportOptions): Test {
  const { side, ranges, negated } = options
  const bounds = Int32Array.from(ranges.flatMap(({ min, max }) => [min, max]))
  const holds = (port: number): boolean => {
    for (let i = 0; i < bounds.length; i += 2) if (port >= bounds[i]! && port <= bounds[i + 1]!) return true
    return false
  }
  const option = optionText(options)
  const offset = side === 'dports' ? 2 : 0
  if (side === 'ports')
    return {
      option,
      passes: skb =>
        (holds(skb.u16(skb.transportOffset)) || holds(skb.u16(skb.transportOffset + 2))) !== negated,
      seen: skb => `ports ${skb.u16(skb.transportOffset)} and ${skb.u16(skb.transportOffset + 2)}`,
    }
  return {
    option,
    passes: skb => holds(skb.u16(skb.transportOffset + offset)) !== negated,
    seen: skb => `${side.slice(0, -1)} ${skb.u16(skb.transportOffset + offset)}`,
    constraint: { field: side === 'dports' ? 'dport' : 'sport', ranges: disjoint(ranges), negated },
  }
}

/** Sorted and without overlap, as an index needs them. */
function disjoint(ranges: readonly Range[]): readonly (readonly [number, number])[] {
  const result: [number, number][] = []
  for (const { min, max } of [...ranges].sort((a, b) => a.min - b.min)) {
    const last = result.at(-1)
    if (last !== undefined && min <= last[1] + 1) last[1] = Math.max(last[1], max)
    else result.push([min, max])
  }
  return result
}
