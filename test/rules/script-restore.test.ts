import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

/** The tables as iptables-save prints them once a script has run, without what every table has. */
function left(script: string, family: 4 | 6 = 4): string {
  const { ruleset, partial } = parseRules(script, { family, format: 'script' })
  return printRules(ruleset ?? partial!)
    .split('\n')
    .filter(line => line !== '' && line !== 'COMMIT' && !line.endsWith(' ACCEPT [0:0]'))
    .join(' ')
}

// what iptables-legacy 1.8.9 left in a namespace of its own
const LOADED = '*nat -A OUTPUT -j ACCEPT *filter :FORWARD DROP [0:0] :old - [0:0] -A INPUT -j old'
const PRELUDE = `iptables -N old; iptables -A INPUT -j old; iptables -P FORWARD DROP; iptables -t nat -A OUTPUT -j ACCEPT
printf '*filter\\n-A INPUT -j DROP\\nCOMMIT\\n' > file
`
/** How `iptables-restore` ended is the mark in raw. */
const restore = (text: string, options: string): string =>
  left(
    `${PRELUDE}iptables-restore ${options} <<END\n${text}END\niptables -t raw -A OUTPUT -m mark --mark $?\n`,
  )
const ended = (code: number): string => `*raw -A OUTPUT -m mark --mark 0x${code} `
const FILTER = '*nat -A OUTPUT -j ACCEPT *filter :FORWARD DROP [0:0] -A INPUT -j DROP'
const NAT_THEN = (filter: string): string =>
  `*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n*filter\n-A INPUT -j DROP\n${filter}`
const NAT_CHANGED = LOADED.replace('OUTPUT', 'PREROUTING')

describe('iptables-restore in a script', () => {
  it.each([
    [
      'a bad line leaves that table as it was, and ends it',
      NAT_THEN('-A INPUT --bad\nCOMMIT\n*raw\nCOMMIT\n'),
      2,
      NAT_CHANGED,
    ],
    ['a chain that is not there', NAT_THEN('-A NOSUCH\nCOMMIT\n'), 1, NAT_CHANGED],
    ['a target that is not there', NAT_THEN('-A INPUT -j nosuch\nCOMMIT\n'), 2, NAT_CHANGED],
    ['what the kernel refuses at COMMIT', NAT_THEN('-A INPUT -j MASQUERADE\nCOMMIT\n'), 1, NAT_CHANGED],
    ['COMMIT is missing', NAT_THEN(''), 1, NAT_CHANGED],
    ['a table that is not there', '*nosuch\nCOMMIT\n', 2, LOADED],
    ['a line outside of tables', 'foo\n', 1, LOADED],
    ['a chain twice', '*filter\n:a - [0:0]\n:a - [0:0]\nCOMMIT\n', 2, LOADED],
    ['a policy on a chain of the user', '*filter\n:a DROP [0:0]\nCOMMIT\n', 1, LOADED],
    ['help ends it well', '*filter\n-A INPUT\n-h\nCOMMIT\n', 0, LOADED],
    ['nothing', '', 0, LOADED],
  ])('%s', (_, text, code, tables) => {
    expect(restore(text, '')).toBe(ended(code) + tables)
  })

  it.each([
    ['-t', '*filter\n-A INPUT -j DROP\nCOMMIT\n', 0, LOADED],
    ['--test', '*filter\n-A INPUT -j MASQUERADE\nCOMMIT\n', 0, LOADED],
    ['-t', '*filter\n-A INPUT --bad\nCOMMIT\n', 2, LOADED],
    ['-n', '*filter\n:old - [0:0]\n-A INPUT -j DROP\nCOMMIT\n', 0, `${LOADED} -A INPUT -j DROP`],
    ['-T filter', '*nat\n--bad\nCOMMIT\n*filter\n-A INPUT -j DROP\nCOMMIT\n', 0, FILTER],
    ['--table=nosuch', 'foo\n*filter\n-A INPUT -j DROP\n', 0, LOADED],
    ['file', '', 0, FILTER],
    ['-w 5 file -n', '', 0, `${LOADED} -A INPUT -j DROP`],
    [
      '-nTfilter --wait=5 -W 1 -M modprobe',
      '*filter\n-A INPUT -j DROP\nCOMMIT\n',
      0,
      `${LOADED} -A INPUT -j DROP`,
    ],
    ['-w5', '*filter\nCOMMIT\n', 1, LOADED],
    ['-w x', '*filter\nCOMMIT\n', 2, LOADED],
    ['-4', '*filter\nCOMMIT\n', 1, LOADED],
    ['file file', '', 1, LOADED],
    ['-', '*filter\nCOMMIT\n', 1, LOADED],
    ['-V', '*filter\nCOMMIT\n', 0, LOADED],
  ])('%s', (options, text, code, tables) => {
    expect(restore(text, options)).toBe(ended(code) + tables)
  })

  it('counts with -c alone', () => {
    const text = '*filter\n:INPUT DROP [3:4]\n[5:6] -A INPUT -j DROP\nCOMMIT\n'
    const counted = (options: string): unknown => {
      const { ruleset } = parseRules(`iptables-restore ${options} <<END\n${text}END\n`, { family: 4 })
      const { policyCounters, rules } = ruleset!.tables.filter!.chains.INPUT!
      return [policyCounters?.packets, rules[0]!.counters?.bytes]
    }
    expect(counted('-c')).toEqual([3, 6])
    expect(counted('')).toEqual([undefined, undefined])
  })

  it('everything wrong is said, also behind the line where the program stops', () => {
    const script = `iptables-restore <<END
*filter
-A INPUT --bad
-A INPUT -j MASQUERADE
COMMIT
*nat
-A NOSUCH
COMMIT
END`
    const { diagnostics } = parseRules(script, { family: 4, format: 'script' })
    expect(diagnostics.map(({ line, message }) => `${line} ${message}`)).toEqual([
      "3 unknown option '--bad'",
      "7 table nat has no chain 'NOSUCH'",
    ])
  })
})

// -R crashes the program: see the ledger
describe.each([
  ['iptables', 4, '-6', '-4'],
  ['ip6tables', 6, '-4', '-6'],
] as const)('the other family in %s-restore', (program, family, other, own) => {
  const kept = '*raw -A PREROUTING -j ACCEPT -A PREROUTING -j DROP'
  it.each([
    [`-A PREROUTING ${other} -j DROP`, kept],
    [`${other} --bad`, kept],
    [`-j 1 ${other}`, kept],
    [`-A NOSUCH ${other}`, kept],
    [`-A PREROUTING -s bad.host ${other}`, kept],
    [`-A PREROUTING -v${other[1]} -j DROP`, kept],
    [`-A PREROUTING -m comment ${other}`, kept],
    [`-D PREROUTING ${other} -j ACCEPT`, kept],
    [
      `-A PREROUTING -i ${other} -j DROP`,
      kept.replace(' -A PREROUTING -j DROP', ` -A PREROUTING -i ${other} -j DROP$&`),
    ],
    [`-A PREROUTING ${own} -j QUEUE`, kept.replace('-A PREROUTING -j DROP', '-A PREROUTING -j QUEUE $&')],
    [`-D PREROUTING 1 ${other}`, '*raw -A PREROUTING -j DROP'],
    [`-F ${other}`, '*raw -A PREROUTING -j DROP'],
    [`-P OUTPUT DROP ${other}`, kept.replace('*raw', '*raw :OUTPUT DROP [0:0]')],
    [`-N foo ${other}`, kept.replace('*raw', '*raw :foo - [0:0]')],
    [`-A PREROUTING -j 1 ${other}`, '*raw -A PREROUTING -j ACCEPT'],
    [`-A PREROUTING --bad ${other}`, '*raw -A PREROUTING -j ACCEPT'],
    [`-A PREROUTING -- ${other} -j ACCEPT`, '*raw -A PREROUTING -j ACCEPT'],
    [`-t filter ${other}`, '*raw -A PREROUTING -j ACCEPT'],
  ])('%s', (line, tables) => {
    const text = `*raw\n${line}\n-A PREROUTING -j DROP\nCOMMIT\n`
    const script = `${program} -t raw -A PREROUTING -j ACCEPT\n${program}-restore -n <<END\n${text}END\n`
    expect(left(script, family)).toBe(tables)
  })
})

describe('a command that fails', () => {
  it.each([
    ['-j NOSUCH', 2, false],
    ['-A INPUT -j NOSUCH', 2, true],
    ['-A INPUT -g nosuch', 2, true],
    ['-A INPUT -m nosuch -j NOSUCH', 2, false],
    ['-A INPUT -s bad.host -j NOSUCH', 2, false],
    ['-A INPUT --nosuch', 2, false],
    ['-A NOSUCH', 1, true],
    ['-C INPUT', 1, true],
    ['-D INPUT 5', 1, true],
    ['-L NOSUCH', 1, true],
    ['-N INPUT', 1, true],
    ['-N ACCEPT', 2, false],
    ['-P INPUT FOO', 1, true],
    ['-A INPUT -m tcp --dport 80', 1, true],
    ['-A INPUT -j MASQUERADE', 1, true],
    ['-t nat -A OUTPUT -j DROP', 2, false],
    ['-t nosuch -A INPUT -j NOSUCH', 3, false],
    ['-t nosuch -A INPUT -s bad.host', 2, false],
    ['-6 -L', 2, false],
    ['', 2, false],
    ['-h', 0, false],
  ])('iptables %s ends with %i; is the table loaded: %s', (command, code, isLoaded) => {
    const { ruleset, partial } = parseRules(
      `iptables ${command}\niptables -t raw -A OUTPUT -m mark --mark $?\n`,
      { family: 4, format: 'script' },
    )
    const { tables } = (ruleset ?? partial)!
    expect(Object.keys(tables)).toEqual(isLoaded ? ['filter', 'raw'] : ['raw'])
    expect(printRules((ruleset ?? partial)!)).toContain(`-A OUTPUT -m mark --mark 0x${code}\n`)
  })

  it('is no mistake of a script that asks whether the chain is there', () => {
    const script = 'iptables -C INPUT -j web 2>/dev/null || { iptables -N web; iptables -A INPUT -j web; }'
    expect(left(script)).toBe('*filter :web - [0:0] -A INPUT -j web')
    expect(parseRules(script, { family: 4 }).diagnostics).toEqual([])
  })
})
