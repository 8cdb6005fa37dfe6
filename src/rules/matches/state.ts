import { defineMatch } from '../extension.ts'
import { parseStates, stateBits, statesText } from './states.ts'
import { not } from './support.ts'

interface StateOptions {
  readonly states: number
  readonly negated: boolean
}

/** `-m state`: the old name of `-m conntrack --ctstate`; iptables 1.8 loads it as that. */
export const state = defineMatch<StateOptions>({
  name: 'state',
  summary: 'connection state',
  options: [
    {
      name: 'state',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'state[,state...]',
      help: 'INVALID, NEW, RELATED, ESTABLISHED or UNTRACKED',
      set(options, [text = ''], negated) {
        options.states = parseStates(text, false)
        options.negated = negated
      },
    },
  ],
  needsConntrack: () => true,
  save: ({ states, negated }) => `${not(negated)}--state ${statesText(states)}`,
  list: ({ states, negated }) => `${not(negated)}state ${statesText(states)}`,
  compile: ({ states, negated }) => [
    {
      option: `${not(negated)}--state ${statesText(states)}`,
      passes: skb => ((stateBits(skb) & states) !== 0) !== negated,
      seen: skb => `state ${statesText(stateBits(skb))}`,
      pure: true,
    },
  ],
})
