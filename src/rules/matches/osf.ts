import { IPPROTO_TCP } from '../../packet/protocols.ts'
import { defineMatch, type OptionSpec } from '../extension.ts'
import { not, requireNumber, truncateBytes, words } from './support.ts'

interface OsfOptions {
  readonly genre: { readonly name: string; readonly negated: boolean }
  readonly ttl?: number
  readonly log?: number
}

const GENRE_BYTES = 31

const level = (name: 'ttl' | 'log', help: string): OptionSpec<OsfOptions> => ({
  name,
  arguments: 1,
  placeholder: '0|1|2',
  help,
  set(options, [text = '']) {
    options[name] = requireNumber(text, 0, 2)
  },
})

/** `-m osf`: net/netfilter/xt_osf.c. Compares a SYN with fingerprints that `nfnl_osf` has loaded; here nobody did. */
export const osf = defineMatch<OsfOptions>({
  name: 'osf',
  families: [4],
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  protocols: [IPPROTO_TCP],
  summary: "the sender's operating system; no fingerprints are loaded, so it never holds",
  options: [
    {
      name: 'genre',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'name',
      help: 'as the fingerprints call it: Linux, Windows',
      set(options, [text = ''], negated) {
        options.genre = { name: truncateBytes(text, GENRE_BYTES), negated }
      },
    },
    level('ttl', "0: the TTL must be the fingerprint's; 1: less will do; 2: any"),
    level('log', '0: log everything; 1: the first match; 2: all matches'),
  ],
  save: osfText,
  list: ({ genre }) => `OS fingerprint match ${not(genre.negated)}${genre.name}`,
  compile: options => [
    { option: osfText(options), passes: () => false, seen: () => 'no known fingerprint', pure: true },
  ],
})

function osfText({ genre, ttl, log }: OsfOptions): string {
  return words(
    `${not(genre.negated)}--genre ${genre.name}`,
    ttl !== undefined && `--ttl ${ttl}`,
    log !== undefined && `--log ${log}`,
  )
}
