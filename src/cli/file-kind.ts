import { FileError, readInput } from './input.ts'

/** What the commands read. */
export type FileKind = 'ruleset' | 'packet script' | 'scenario'

/** By the first line that says something: only what no text of another kind could begin with. */
const SIGNS: Readonly<Record<FileKind, RegExp>> = {
  ruleset:
    /^(\*(raw|mangle|nat|filter|security)\b|:[\w-]+ \S|-[APNIF] [\w-]+|(\S*\/)?ip6?tables(-restore)?\b|#!.*sh\b)/,
  'packet script':
    /^([\w.@-]+: (tcp|udp|udplite|icmp|icmp6|sctp|gre|esp|ah|proto|4[5-9a-f][\da-f]{6}|6[\da-f]{7})|interface \S+ [\da-f.:]+\/\d)/,
  scenario: /^(title|source|description|network|steps):/,
}

const ADVICE: Readonly<Record<FileKind, string>> = {
  ruleset:
    '`netfilter-sim check` and `rules` read it, `trace RULES PACKETS` too; a scenario names it as rulesFile',
  'packet script': '`netfilter-sim trace RULES PACKETS` reads it, behind the rules',
  scenario: '`netfilter-sim run`, `explain` and `coverage` read it',
}

/**
 * The text of a file; `-` is standard input.
 *
 * @throws FileError when it cannot be read, or is plainly something else: a hundred errors about its lines help nobody
 */
export function readText(file: string, wanted: FileKind): string {
  const text = readInput(file)
  const first = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .find(line => /^(\s*[^#\s]|#!)/.test(line) && line !== '---')
  const kinds = Object.keys(SIGNS) as FileKind[]
  const found = kinds.find(kind => SIGNS[kind].test(first?.trimStart() ?? ''))
  if (found !== undefined && found !== wanted)
    throw new FileError(file, `this is a ${found}, not a ${wanted}: ${ADVICE[found]}`)
  return text
}
