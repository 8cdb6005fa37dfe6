import { type Connection, Status } from '../../conntrack/connection.ts'
import { Change } from '../../conntrack/events.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { not, words } from './support.ts'

interface ConnlabelOptions {
  /** Number of the bit. */
  readonly label: number
  readonly negated: boolean
  readonly set: boolean
}

/** `XT_CONNLABEL_MAXBIT`; iptables itself looks no closer than 16 bits. */
const MAX_LABEL = 127

/** `-m connlabel`: net/netfilter/xt_connlabel.c. One of 128 bits that a connection carries; the match may set it. */
export const connlabel = defineMatch<ConnlabelOptions>({
  name: 'connlabel',
  summary: 'a label of the connection, which the match may also set',
  options: [
    {
      name: 'label',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'number',
      help: 'the label, 0 to 127 (there is no connlabel.conf with names)',
      set(options, [text = ''], negated) {
        const label = parseNumber(text, 0, 0xffff)
        if (label === undefined)
          throw new OptionError(`label '${text}' not found or invalid value`, {
            expected: `a number from 0 to ${MAX_LABEL}`,
          })
        options.label = label
        options.negated = negated
      },
    },
    {
      name: 'set',
      arguments: 0,
      help: 'set the label, then match',
      set(options) {
        options.set = true
      },
    },
  ],
  defaults: () => ({ set: false }),
  check: ({ label }) => (label > MAX_LABEL ? `labels go up to ${MAX_LABEL}` : undefined),
  needsConntrack: () => true,
  save: connlabelText,
  list: ({ label, negated, set }) => words(`connlabel ${not(negated)}${label}`, set && 'set'),
  compile(options) {
    const { label, negated, set } = options
    const bit = 1n << BigInt(label)
    return [
      {
        option: connlabelText(options),
        passes(skb, environment) {
          const connection = trackedBy(skb)
          if (connection === undefined) return negated
          if ((connection.labels & bit) !== 0n) return !negated
          if (!set) return negated
          const own = environment.ownConnection(skb)
          if (own === undefined) return negated
          own.labels |= bit
          own.pendingChanges |= Change.LABEL
          return !negated
        },
        seen(skb) {
          const connection = trackedBy(skb)
          if (connection === undefined) return 'no connection'
          return `the label is ${(connection.labels & bit) === 0n ? 'not set' : 'set'}`
        },
      },
    ]
  },
})

function connlabelText({ label, negated, set }: ConnlabelOptions): string {
  return words(`${not(negated)}--label "${label}"`, set && '--set')
}

/** What `-j CT` leaves for conntrack to find has no labels. */
function trackedBy({ connection }: Skb): Connection | undefined {
  return connection?.has(Status.TEMPLATE) ? undefined : connection
}
