import { findHelper, helperOf } from '../../conntrack/helpers/index.ts'
import type { ConntrackTemplate } from '../../conntrack/template.ts'
import { type Draft, defineTarget, OptionError, type OptionSpec, type TargetFunction } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { attach } from './notrack.ts'

export interface CtOptions {
  readonly notrack?: boolean
  readonly zone?: number | 'mark'
  /** `--zone-orig` and `--zone-reply`: both given, or neither, is both directions. */
  readonly zoneOriginal?: boolean
  readonly zoneReply?: boolean
  readonly helper?: string
  readonly timeout?: string
  readonly ctevents?: readonly string[]
  readonly expevents?: readonly string[]
}

const EVENTS = [
  'new',
  'related',
  'destroy',
  'reply',
  'assured',
  'protoinfo',
  'helper',
  'mark',
  'natseqinfo',
  'secmark',
]

/** `-j CT`: net/netfilter/xt_CT.c. What conntrack shall do with the packet, decided before it looks. */
export const ct = defineTarget<CtOptions>({
  name: 'CT',
  tables: ['raw'],
  summary: 'choose how conntrack treats the packet: not at all, in a zone, with a helper',
  options: [
    {
      name: 'notrack',
      arguments: 0,
      help: 'the packet is UNTRACKED',
      set(options) {
        options.notrack = true
      },
    },
    {
      name: 'helper',
      arguments: 1,
      placeholder: 'name',
      help: 'the helper that reads the connection: ftp, tftp, sip, …',
      set(options, [text = '']) {
        if (text !== '') options.helper = text
      },
    },
    {
      name: 'timeout',
      arguments: 1,
      placeholder: 'name',
      help: 'the timeout policy',
      set(options, [text = '']) {
        if (text !== '') options.timeout = text
      },
    },
    {
      name: 'ctevents',
      arguments: 1,
      placeholder: 'event[,event…]',
      help: 'which events of the connection are told to listeners',
      set(options, [text = '']) {
        options.ctevents = parseEvents(text, EVENTS)
      },
    },
    {
      name: 'expevents',
      arguments: 1,
      placeholder: 'event',
      help: 'which events of its expectations are told to listeners',
      set(options, [text = '']) {
        options.expevents = parseEvents(text, ['new'])
      },
    },
    zoneOption('zone', 'the zone of both directions, or mark: the fwmark is the zone', () => undefined),
    zoneOption('zone-orig', 'the zone of the original direction', options => {
      options.zoneOriginal = true
    }),
    zoneOption('zone-reply', 'the zone of the reply direction', options => {
      options.zoneReply = true
    }),
  ],
  check(options, { family, rule: { protocol } }) {
    if (options.notrack) return undefined
    if (options.timeout !== undefined) return `no such timeout policy "${options.timeout}"`
    if (options.helper === undefined) return undefined
    if (protocol === undefined || protocol.number === 0 || protocol.negated)
      return '--helper needs -p, not negated'
    return findHelper(options.helper, family, protocol.number) !== undefined
      ? undefined
      : `no such helper "${options.helper}" for this protocol`
  },
  save: options => words(options, '--'),
  list: options => ['CT', words(options, '')].filter(text => text !== '').join(' '),
  needsConntrack: ({ notrack }) => notrack !== true,
  compile(options, { family }) {
    const { notrack, helper } = options
    const isReadable = notrack || helper === undefined || helperOf(helper) !== undefined
    return isReadable ? attach(template(options), family) : unreadable(helper)
  },
})

/** Shorewall has rules for every helper of the kernel: they are in nobody's way while no packet comes to them. */
function unreadable(helper: string): TargetFunction {
  return () => {
    throw new RangeError(`-j CT --helper ${helper}: what this helper reads in payloads is not modelled`)
  }
}

function zoneOption(
  name: string,
  help: string,
  direct: (options: Draft<CtOptions>) => void,
): OptionSpec<CtOptions> {
  return {
    name,
    arguments: 1,
    placeholder: 'id|mark',
    help,
    set(options, [text = '']) {
      direct(options)
      // once a mark zone, always one: iptables sets a flag and never takes it back
      if (text.toLowerCase() === 'mark' || options.zone === 'mark') options.zone = 'mark'
      const id = text.toLowerCase() === 'mark' ? 0 : parseNumber(text, 0, 0xffff)
      if (id === undefined)
        throw new OptionError(`cannot parse ${text} as a zone`, {
          expected: 'a number from 0 to 65535, or mark',
        })
      if (options.zone !== 'mark') options.zone = id
    },
  }
}

function parseEvents(text: string, known: readonly string[]): readonly string[] {
  const events = text.split(',')
  for (const event of events)
    if (!known.includes(event))
      throw new OptionError(`Unknown event type "${event}"`, { expected: known.join(',') })
  return known.filter(event => events.includes(event))
}

/** Zone 0 is everyone's zone and is not printed. */
function words(options: CtOptions, dashes: string): string {
  const { notrack, helper, timeout, ctevents, expevents, zone } = options
  const parts: string[] = []
  if (notrack) parts.push(`${dashes}notrack`)
  if (helper !== undefined) parts.push(`${dashes}helper ${helper}`)
  if (timeout !== undefined) parts.push(`${dashes}timeout ${timeout}`)
  if (ctevents !== undefined) parts.push(`${dashes}ctevents ${ctevents.join(',')}`)
  if (expevents !== undefined) parts.push(`${dashes}expevents ${expevents.join(',')}`)
  if (zone !== undefined && zone !== 0) parts.push(`${dashes}${zoneWord(options)} ${zone}`)
  return parts.join(' ')
}

function zoneWord({ zoneOriginal = false, zoneReply = false }: CtOptions): string {
  if (zoneOriginal === zoneReply) return 'zone'
  return zoneOriginal ? 'zone-orig' : 'zone-reply'
}

function template(options: CtOptions): ConntrackTemplate {
  if (options.notrack) return { notrack: true }
  const { helper, timeout, ctevents, expevents, zone, zoneOriginal = false, zoneReply = false } = options
  const original = zoneOriginal || !zoneReply
  const reply = zoneReply || !zoneOriginal
  return {
    ...(zone === 'mark' && {
      zone,
      zoneDirection: original && reply ? 'both' : original ? 'original' : 'reply',
    }),
    ...(zone !== 'mark' && zone !== undefined && zone !== 0 && { zone: { id: zone, original, reply } }),
    ...(helper !== undefined && { helper }),
    ...(timeout !== undefined && { timeoutPolicy: timeout }),
    // both masks come together: naming the events of one silences the other
    ...((ctevents ?? expevents) !== undefined && {
      conntrackEvents: ctevents ?? [],
      expectationEvents: expevents ?? [],
    }),
  }
}
