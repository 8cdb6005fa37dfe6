import { defineMatch, OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { not, UINT32_MAX } from './support.ts'

interface ConnlabelOptions {
  readonly label: number
  readonly negated: boolean
  readonly set: boolean
}

const LABELS = 128

/** `-m connlabel`: net/netfilter/xt_connlabel.c. Bits on a connection; `--set` sets one while looking. */
export const connlabel = defineMatch<ConnlabelOptions>({
  name: 'connlabel',
  summary: "the connection's labels",
  options: [
    {
      name: 'label',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'number',
      help: 'the connection has this label, 0 to 127',
      set(options, [text = ''], negated) {
        options.label = parseLabel(text)
        options.negated = negated
      },
    },
    {
      name: 'set',
      arguments: 0,
      help: 'give it the label if it has not',
      set(options) {
        options.set = true
      },
    },
  ],
  defaults: () => ({ set: false }),
  check: ({ label }) => (label >= LABELS ? `label ${label}: there are only ${LABELS}` : undefined),
  needsConntrack: () => true,
  save: connlabelText,
  list: ({ label, negated, set }) => `connlabel ${not(negated)}${label}${set ? ' set' : ''}`,
  compile(options) {
    const { label, negated, set } = options
    const bit = 1n << BigInt(label)
    return [
      {
        option: connlabelText(options),
        passes(skb, environment) {
          if (skb.connection === undefined) return negated
          if ((skb.connection.labels & bit) !== 0n) return !negated
          if (!set) return negated
          const own = environment.ownConnection(skb)!
          own.labels |= bit
          return !negated
        },
        seen: ({ connection }) =>
          connection === undefined ? 'no connection' : `labels ${labelsText(connection.labels)}`,
      },
    ]
  },
})

/** Names would be looked up in a file of the box; without it there are numbers, of which 16 bits are kept. */
function parseLabel(text: string): number {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.rest !== '')
    throw new OptionError(`label '${text}' not found`, { expected: `a number below ${LABELS}` })
  return scanned.value > UINT32_MAX ? 0xffff : Number(scanned.value) & 0xffff
}

function connlabelText({ label, negated, set }: ConnlabelOptions): string {
  return `${not(negated)}--label "${label}"${set ? ' --set' : ''}`
}

function labelsText(labels: bigint): string {
  const set = Array.from({ length: LABELS }, (_, label) => label).filter(
    label => (labels >> BigInt(label)) & 1n,
  )
  return set.length === 0 ? '(none)' : set.join(',')
}
