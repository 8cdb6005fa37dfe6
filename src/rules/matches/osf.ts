import { defineMatch } from '../extension.ts'
import { not, requireNumber, truncateBytes, words } from './support.ts'

interface OsfOptions {
  readonly genre: string
  readonly negated: boolean
  readonly ttl?: number
  readonly log?: number
}

/** `-m osf`: net/netfilter/xt_osf.c. Guesses who sent a SYN from fingerprints; as long as none are loaded, nobody. */
export const osf = defineMatch<OsfOptions>({
  name: 'osf',
  families: [4],
  protocols: [6],
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  summary: 'the operating system that sent a SYN, by its fingerprint (none are loaded here)',
  options: [
    {
      name: 'genre',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'name',
      help: 'the name of the system',
      set(options, [text = ''], negated) {
        options.genre = truncateBytes(text, 31)
        options.negated = negated
      },
    },
    {
      name: 'ttl',
      arguments: 1,
      placeholder: '0|1|2',
      help: 'how the TTL is compared: equal, not above, not at all',
      set(options, [text = '']) {
        options.ttl = requireNumber(text, 0, 2)
      },
    },
    {
      name: 'log',
      arguments: 1,
      placeholder: '0|1|2',
      help: 'which guesses are logged: all, the first, those that match',
      set(options, [text = '']) {
        options.log = requireNumber(text, 0, 2)
      },
    },
  ],
  save: osfText,
  list: ({ genre, negated }) => `OS fingerprint match ${not(negated)}${genre}`,
  compile: options => [
    // inverted or not: a packet without a known fingerprint never matches
    { option: osfText(options), passes: () => false, seen: () => 'no fingerprints are loaded' },
  ],
})

function osfText({ genre, negated, ttl, log }: OsfOptions): string {
  return words(
    `${not(negated)}--genre ${genre}`,
    ttl !== undefined && `--ttl ${ttl}`,
    log !== undefined && `--log ${log}`,
  )
}
