/** Texts for iptables-restore: rules as they should be, and the same with something odd about them. */
import fc from 'fast-check'
import { matchExtension, targetExtension } from '../../../dist/rules/registry.js'
import {
  GATEWAY,
  GATEWAY6,
  MATCH_WORDS,
  rulesetDraft,
  TARGET_WORDS,
} from '../../../dist/testing/fast-check.js'
import { core, restoreText } from './oddities.mjs'

/** `right`: as people write them; `odd`: changed in one place or two; `options`: any options with any values; `core`: iptables' own options; `file`: the frame around the rules. */
export const KINDS = ['right', 'odd', 'options', 'core', 'file']

const WITHOUT_SETS = [...Object.keys(MATCH_WORDS), ...Object.keys(TARGET_WORDS)].filter(
  name => name !== 'set' && name !== 'SET',
)
const BUILTINS = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** The text of a seed: always the same. */
export function textOf(kind, family, seed) {
  return fc.sample(fc.noBias(ARBITRARIES[kind](family)), { numRuns: 1, seed })[0]
}

const ARBITRARIES = {
  right: family => lines(family).map(({ table, rules }) => inTable(table, rules)),
  odd: family =>
    fc
      .record({ line: oneLine(family), changes: fc.array(change(family), { minLength: 1, maxLength: 2 }) })
      .map(({ line, changes }) => {
        const words = changes.reduce((list, alter) => alter(list), wordsOf(line.rule))
        return inTable(line.table, [words.join(' ')])
      }),
  options: family => optionsLine(family).map(({ table, rule }) => inTable(table, [rule])),
  core: family => core(family).map(({ table, rules }) => inTable(table, rules)),
  file: family => restoreText(family),
}

function inTable(table, rules) {
  const chains = BUILTINS[table].map(chain => `:${chain} ACCEPT [0:0]`)
  return [`*${table}`, ...chains, ':own - [0:0]', ...rules, 'COMMIT', ''].join('\n')
}

function lines(family) {
  const site = family === 4 ? GATEWAY : GATEWAY6
  return fc.constantFrom(...Object.keys(BUILTINS)).chain(table =>
    rulesetDraft(site, { tables: [table], extensions: WITHOUT_SETS, maxRules: 5 }).map(draft => ({
      table,
      rules: (draft.tables[0]?.rules ?? [])
        .filter(({ chain }) => BUILTINS[table].includes(chain))
        .map(({ chain, words }) =>
          `-A ${chain} ${words.replace(/-[jg] (r0|m0|pre|post|c\d)$/, '-j own')}`.trim(),
        ),
    })),
  )
}

function oneLine(family) {
  return lines(family)
    .filter(({ rules }) => rules.length > 0)
    .map(({ table, rules }) => ({ table, rule: rules[0] }))
}

/** Words with their quotes. */
function wordsOf(rule) {
  return rule.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? []
}

const NUMBERS = [
  '0',
  '1',
  '-1',
  '10',
  '255',
  '256',
  '65535',
  '65536',
  '0x10',
  '0x1g',
  '010',
  '4294967295',
  '4294967296',
  '1e3',
  '+5',
  '18446744073709551615',
  '18446744073709551616',
  '1.5',
  '99999999999999999999999',
]
const RANGES = [
  '1:2',
  '2:1',
  ':5',
  '5:',
  ':',
  '1-2',
  '2-1',
  '1,2',
  ',',
  '1,,2',
  '1:2:3',
  '0x1:0x2',
  '1/2',
  '0x10/0xff',
  '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15',
  '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16',
]
const NAMES = [
  'tcp',
  'UDP',
  'icmp',
  'all',
  'http',
  'HTTP',
  'domain',
  'nosuchname',
  'echo-request',
  'any',
  'NEW',
  'new',
  'NEW,ESTABLISHED',
  'INVALID,',
  'LOCAL',
  'SYN',
  'SYN,ACK',
  'ALL',
  'NONE',
  'src',
  'Mon',
  'Mon,Tue',
  'debug',
  '00:00',
  '24:00',
  '2024-01-01',
  '2024-02-30T10:00:00',
  '5/s',
  '5/sec',
  '5/hour',
  '10000/s',
  '10001/second',
  '1/day',
  '0/s',
  '5/',
  '/s',
  '1kb/s',
  '512b/s',
  '2mb/s',
  'EF',
  'CS1',
  'Minimize-Delay',
  '""',
  '"two words"',
  '"quo\\"ted"',
  "'single'",
  'x"y"z',
  'a#b',
  '!',
  '-',
  '--',
  'a,b',
  'averyveryveryverylongnamethatmaybeislongerthananythingallowedhere',
  'ä',
]
const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1/33',
  '10.0.0.1/255.0.255.0',
  '10.0.0.1/255.255.255.0',
  '10.1',
  '1',
  '010.0.0.1',
  '256.1.1.1',
  '10.0.0.1-10.0.0.9',
  '10.0.0.9-10.0.0.1',
  '10.0.0.1,10.0.0.2',
  '0/0',
  '::1',
  'fe80::/10',
  '2001:db8::/129',
  '2001:db8::1-2001:db8::9',
  '::ffff:1.2.3.4',
  '::/0',
  'fe80::1/ffff::',
  '[2001:db8::1]:80',
  '10.0.0.1:80',
  '10.0.0.1:80-90',
  ':80',
  '10.0.0.1:0',
  '10.0.0.1:99999',
  'localhost',
  '0.0.0.0',
  '0.0.0.0/0.0.0.0',
  '255.255.255.255',
]
const VALUES = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(...RANGES),
  fc.constantFrom(...NAMES),
  fc.constantFrom(...ADDRESSES),
)

/** A way to alter the words of a rule. */
function change(family) {
  const at = fc.nat({ max: 1_000_000 })
  const place = (words, number) => 2 + (number % Math.max(1, words.length - 2))
  const put = (edit, more = fc.constant(undefined)) =>
    fc.tuple(at, at, more).map(([first, second, extra]) => words => {
      const copy = [...words]
      edit(copy, place(words, first), place(words, second), extra)
      return copy
    })
  const isLong = word => /^--[a-z]/.test(word ?? '')
  const longAt = (words, from) => {
    const found = words.findIndex((word, index) => index >= from && isLong(word))
    return found < 0 ? words.findIndex(isLong) : found
  }
  return fc.oneof(
    { weight: 2, arbitrary: put((words, i) => words.splice(i, 1)) },
    { weight: 2, arbitrary: put((words, i) => words.splice(i, 0, '!')) },
    put((words, i) => words.splice(i, 0, words[i] ?? '')),
    put((words, i, j) => {
      ;[words[i], words[j]] = [words[j] ?? '', words[i] ?? '']
    }),
    { weight: 6, arbitrary: put((words, i, _, value) => words.splice(i, 1, value), VALUES) },
    // the value of some long option
    {
      weight: 6,
      arbitrary: put((words, i, _, value) => {
        const option = longAt(words, i)
        if (option >= 0) words.splice(option + 1, 1, value)
      }, VALUES),
    },
    // abbreviated, or joined with its argument
    {
      weight: 3,
      arbitrary: put((words, i, j) => {
        const option = longAt(words, i)
        if (option >= 0)
          words[option] = words[option].slice(0, 3 + (j % Math.max(1, words[option].length - 3)))
      }),
    },
    put((words, i) => {
      const option = longAt(words, i)
      if (option >= 0 && words.length > option + 1)
        words.splice(option, 2, `${words[option]}=${words[option + 1]}`)
    }),
    put((words, i) => {
      const option = words.findIndex((word, index) => index >= i && /^-[a-z]$/.test(word))
      if (option >= 0 && words.length > option + 1) words.splice(option, 2, words[option] + words[option + 1])
    }),
    put((words, i, _, extra) => words.splice(i, 0, ...extra), extraWords(family)),
    { weight: 2, arbitrary: put((words, _i, _j, extra) => words.push(...extra), extraWords(family)) },
  )
}

/** Another extension, or another option. */
function extraWords(family) {
  return fc.oneof(
    fc.constantFrom(
      ['-m', 'tcp'],
      ['-m', 'udp'],
      ['-p', 'tcp'],
      ['-p', 'udp'],
      ['-p', '17'],
      ['!', '-f'],
      ['-f'],
      ['-j', 'ACCEPT'],
      ['-j', 'own'],
      ['-g', 'own'],
      ['-g', 'ACCEPT'],
      ['-j'],
      ['-m'],
      ['-c', '1', '2'],
      ['-s', '10.0.0.1'],
      ['-i', 'eth+'],
      ['-o', '+'],
      ['-n'],
      ['-v'],
      ['-4'],
      ['-6'],
      ['-w'],
      ['-t', 'nat'],
      ['-x'],
      ['--line-numbers'],
      ['junk'],
    ),
    useOf(family),
  )
}

function optionsLine(family) {
  return fc
    .record({
      table: fc.constantFrom(...Object.keys(BUILTINS)),
      chain: fc.nat(4),
      protocol: fc.constantFrom(
        '',
        '',
        '-p tcp',
        '-p udp',
        '-p icmp',
        '-p sctp',
        '-p 58',
        '! -p tcp',
        '-p esp',
      ),
      uses: fc.array(useOf(family), { minLength: 1, maxLength: 2 }),
    })
    .map(({ table, chain, protocol, uses }) => {
      const name = [...BUILTINS[table], 'own'][chain % (BUILTINS[table].length + 1)]
      return { table, rule: ['-A', name, protocol, ...uses.flat()].filter(word => word !== '').join(' ') }
    })
}

/** `-m name` or `-j NAME` with some of its options. */
function useOf(family) {
  return fc.constantFrom(...WITHOUT_SETS).chain(name => {
    const extension = matchExtension(name, family) ?? targetExtension(name, family)
    const flag = name === name.toUpperCase() ? '-j' : '-m'
    if (extension === undefined) return fc.constant([flag, name])
    if (extension.options.length === 0) return fc.constant([flag, name])
    const option = fc
      .constantFrom(...extension.options)
      .chain(spec =>
        fc
          .tuple(
            fc.constantFrom('', '', '', '!'),
            fc.constantFrom(spec.name, ...(spec.aliases ?? [])),
            fc.array(valueFor(spec), { minLength: spec.arguments ?? 0, maxLength: spec.arguments ?? 0 }),
          )
          .map(([bang, written, values]) => [...(bang === '' ? [] : [bang]), `--${written}`, ...values]),
      )
    return fc.array(option, { minLength: 0, maxLength: 3 }).map(list => [flag, name, ...list.flat()])
  })
}

/** Values that the option's description names, and any other. */
function valueFor(spec) {
  const named = `${spec.placeholder ?? ''} ${spec.help ?? ''}`.match(/[A-Za-z][\w-]+/g) ?? []
  return named.length === 0 ? VALUES : fc.oneof({ weight: 2, arbitrary: VALUES }, fc.constantFrom(...named))
}
