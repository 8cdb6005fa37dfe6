import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, type OptionSpec } from '../extension.ts'
import { words } from './support.ts'

interface RpfilterOptions {
  readonly loose: boolean
  readonly validmark: boolean
  readonly acceptLocal: boolean
  readonly invert: boolean
}

const flag = (name: string, field: keyof RpfilterOptions, help: string): OptionSpec<RpfilterOptions> => ({
  name,
  arguments: 0,
  help,
  set(options) {
    options[field] = true
  },
})

/**
 * `-m rpfilter`: net/ipv4/netfilter/ipt_rpfilter.c and net/ipv6/netfilter/ip6t_rpfilter.c. Would an answer leave by the
 * device that the packet came in on?
 */
export const rpfilter = defineMatch<RpfilterOptions>({
  name: 'rpfilter',
  tables: ['raw', 'mangle'],
  hooks: ['PREROUTING'],
  summary: 'reverse path filter',
  options: [
    flag('loose', 'loose', 'any device will do'),
    flag('validmark', 'validmark', "route with the packet's mark"),
    flag('accept-local', 'acceptLocal', "the box's own addresses are fine as source"),
    flag('invert', 'invert', 'match the packets that fail'),
  ],
  defaults: () => ({ loose: false, validmark: false, acceptLocal: false, invert: false }),
  save: options => describe(options, '--'),
  list: options => words('rpfilter', describe(options, '')),
  compile(options) {
    const { invert } = options
    return [
      {
        option: words('-m rpfilter', describe(options, '--')),
        passes: (skb, environment) => holds(skb, environment, options) !== invert,
        seen(skb, environment) {
          const route = lookup(skb, environment, options)
          return route === undefined
            ? `no route to ${skb.source}`
            : `${skb.source} is ${route.type} by ${route.device}`
        },
      },
    ]
  },
})

function describe({ loose, validmark, acceptLocal, invert }: RpfilterOptions, dashes: string): string {
  return words(
    loose && `${dashes}loose`,
    validmark && `${dashes}validmark`,
    acceptLocal && `${dashes}accept-local`,
    invert && `${dashes}invert`,
  )
}

function lookup(skb: Skb, environment: MatchEnvironment, { loose, validmark }: RpfilterOptions) {
  return environment.reverseRoute(skb, { mark: validmark ? skb.mark : 0, loose })
}

function holds(skb: Skb, environment: MatchEnvironment, options: RpfilterOptions): boolean {
  if (isLoopback(skb) || isUnspecifiedSender(skb)) return true
  const route = lookup(skb, environment, options)
  if (route === undefined) return false
  if (route.type === 'LOCAL') {
    if (!options.acceptLocal) return false
    if (skb.family === 6) return true
  } else if (route.type !== 'UNICAST') return false
  return options.loose || route.device === skb.inDevice
}

/** `rpfilter_is_loopback`: what came over `lo`, and what the box hears of its own broadcasts on the device they leave by. */
function isLoopback({ inDevice, packetType }: Skb): boolean {
  return inDevice === 'lo' || packetType === 'loopback'
}

/** Packets of hosts that have no address yet: DHCP, IGMP, duplicate address detection. */
function isUnspecifiedSender({ family, source, destination }: Skb): boolean {
  if (family === 6) return source.isZero()
  return source.w0 >>> 24 === 0 && (destination.w0 === -1 || destination.w0 >>> 8 === 0xe00000)
}
