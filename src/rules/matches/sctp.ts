import { defineMatch, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { headerTest, portTest } from '../port-tests.ts'
import { listPorts, parsePortRange } from '../ports.ts'
import {
  type ChunkMatch,
  chunksHold,
  chunksText,
  matchTypeOf,
  parseChunks,
  seenChunks,
} from './sctp-chunks.ts'
import { type NegatableRange, not, rangeText, words } from './support.ts'

interface SctpOptions {
  readonly sport?: NegatableRange
  readonly dport?: NegatableRange
  readonly chunks?: ChunkMatch
}

const portOption = (name: string, field: 'sport' | 'dport'): OptionSpec<SctpOptions> => ({
  name,
  aliases: [field],
  arguments: 1,
  negatable: true,
  placeholder: 'port[:port]',
  help: `${field === 'sport' ? 'source' : 'destination'} port or ports`,
  set(options, [text = ''], negated) {
    options[field] = { ...parsePortRange(text, 'sctp'), negated }
  },
})

/** `-m sctp`: net/netfilter/xt_sctp.c. */
export const sctp = defineMatch<SctpOptions>({
  name: 'sctp',
  protocols: [132],
  summary: 'SCTP ports and chunks',
  options: [
    portOption('source-port', 'sport'),
    portOption('destination-port', 'dport'),
    {
      name: 'chunk-types',
      arguments: 2,
      negatable: true,
      placeholder: 'all|any|only type[:flags][,…]',
      help: 'which chunks the packet has; flags in capitals are set, others are not',
      set(options, [quantifier = '', list = ''], negated) {
        const type = matchTypeOf(quantifier)
        if (type === undefined)
          throw new OptionError(`bad match type '${quantifier}'`, { expected: 'all, any or only' })
        options.chunks = { type, chunks: parseChunks(list), negated }
      },
    },
  ],
  save: ({ sport, dport, chunks }) =>
    words(
      sport && `${not(sport.negated)}--sport ${rangeText(sport)}`,
      dport && `${not(dport.negated)}--dport ${rangeText(dport)}`,
      chunks && `${not(chunks.negated)}--chunk-types ${chunks.type} ${chunksText(chunks.chunks, false)}`,
    ),
  list: ({ sport, dport, chunks }, _family, numeric) =>
    words(
      `sctp${listPorts('spt', sport, 'sctp', numeric)}${listPorts('dpt', dport, 'sctp', numeric)}`,
      chunks && `${not(chunks.negated)}${chunks.type} ${chunksText(chunks.chunks, numeric)}`,
    ),
  compile: ({ sport, dport, chunks }) => [
    headerTest('sctp', 12, false),
    ...portTest('sport', sport),
    ...portTest('dport', dport),
    ...chunkTest(chunks),
  ],
})

function chunkTest(chunks: ChunkMatch | undefined): readonly Test[] {
  if (chunks === undefined) return []
  return [
    {
      option: `${not(chunks.negated)}--chunk-types ${chunks.type} ${chunksText(chunks.chunks, false)}`,
      passes: (skb, environment) =>
        chunksHold(skb.bytes, skb.transportOffset + 12, chunks, environment) !== chunks.negated,
      seen: skb => `chunks ${seenChunks(skb.bytes, skb.transportOffset + 12)}`,
    },
  ]
}
