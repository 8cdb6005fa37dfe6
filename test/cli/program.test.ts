import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { commandLine, runCommandLine } from '../../src/cli/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-program-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const RULES = file('rules.v4', '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i lan0 -j ACCEPT\nCOMMIT\n')
const PACKETS = file('packets.txt', 'interface lan0 10.6.0.1/16\nlan0: udp 10.6.0.2:4000 > 10.6.0.1:53\n')
const NOWHERE = file('nowhere.txt', 'eth0: udp 10.6.0.2:4000 > 10.6.0.1:53\n')
const STORY = file(
  'story.yaml',
  'title: two\nnetwork:\n  nodes: { a: { address: 10.0.0.1/24 }, b: { address: 10.0.0.2/24 } }\n  links: { lan: [a, b] }\nsteps:\n  - { ping: b, from: a }\n',
)

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Runs a command line; what it wrote, and its exit code. */
function ask(...args: string[]): { out: string; err: string; code: number } {
  const written = { out: '', err: '' }
  const into = (stream: 'out' | 'err') => (text: unknown) => {
    written[stream] += String(text)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'))
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err'))
  vi.spyOn(console, 'log').mockImplementation(text => void into('out')(`${text}\n`))
  vi.spyOn(console, 'error').mockImplementation(text => void into('err')(`${text}\n`))
  process.exitCode = undefined
  runCommandLine('1.2.3', args)
  return { ...written, code: Number(process.exitCode ?? 0) }
}

describe('help', () => {
  const commands = (command: Command): Command[] => [command, ...command.commands.flatMap(commands)]
  const namesOf = (command: Command): string[] =>
    command.parent === null ? [] : [...namesOf(command.parent), command.name()]
  const all = commands(commandLine('1.2.3')).map(namesOf)

  it.each(all.map(names => [names.join(' ') || 'netfilter-sim', names]))(
    '%s: has an example, fits 80 columns, and shows no default that says nothing',
    (_, names) => {
      const { out, code } = ask(...names, '--help')
      expect(code).toBe(0)
      expect(out).toMatch(/\nExamples?:\n {2}\S/)
      expect(out.split('\n').filter(line => line.length > 80)).toEqual([])
      expect(out).not.toMatch(/default: (\[\]|\{\}|false)/)
    },
  )
})

describe('files that cannot be read: exit code 2, and one line that names the file', () => {
  const binary = file('binary', 'ELF\0\0\0')
  const uses = [
    ['trace', '?', PACKETS],
    ['trace', RULES, '?'],
    ['conntrack', '?', PACKETS],
    ['nat', '?', PACKETS],
    ['run', '?'],
    ['explain', '?', '--packet', '1'],
    ['coverage', '?'],
    ['policy', '?'],
    ['rules', 'check', '?'],
    ['rules', 'print', '?'],
    ['rules', 'list', '?'],
    ['rules', 'fmt', '?'],
    ['check', '?'],
    ['diff', RULES, '?'],
    ['services', '?'],
    ['check', '--ipset', '?', RULES],
  ]

  it.each(uses.map(use => [use.map(word => word.replace(folder, '')).join(' '), use]))('%s', (_, use) => {
    const withFile = (name: string) => ask(...use.map(word => (word === '?' ? name : word)))
    expect(withFile(join(folder, 'missing'))).toMatchObject({
      err: expect.stringMatching(/^\S*missing:.* no such file or directory\n$/),
      code: 2,
    })
    expect(withFile(folder)).toMatchObject({
      err: expect.stringMatching(/: is a directory\n$/),
      code: 2,
    })
    expect(withFile(binary)).toMatchObject({ err: expect.stringMatching(/: not a text file\n$/), code: 2 })
  })

  it('conformance: a folder without recorded cases, and a line that is none', () => {
    expect(ask('conformance', folder)).toMatchObject({ err: expect.stringContaining('no .jsonl'), code: 2 })
    const cases = file('cases.jsonl', '\nnonsense\n')
    expect(ask('conformance', cases).err).toMatch(/cases\.jsonl:2: no recorded case: /)
  })

  it('a file that a scenario names is a mistake in the scenario, with its place', () => {
    const story = file(
      'names.yaml',
      'title: t\nnetwork:\n  nodes:\n    a: { address: 10.0.0.1/24, rulesFile: gone.v4 }\nsteps:\n  - wait: 1s\n',
    )
    const { err, code } = ask('run', story)
    expect(err).toMatch(
      /names\.yaml:4:\d+: error: network\.nodes\.a\.rulesFile: 'gone\.v4' cannot be read\n {4}hint: .*no such file/,
    )
    expect(code).toBe(2)
  })
})

describe('wrong use: exit code 2, and what would have been right', () => {
  it.each([
    ['trace', /missing required argument 'rules'\n\(--help shows/],
    ['trace RULES PACKETS more', /too many arguments/],
    ['trace --formt json RULES PACKETS', /unknown option '--formt'\n\(Did you mean --format\?\)/],
    ['trace --format xml RULES PACKETS', /Allowed choices are wide, narrow, json, kernel, log/],
    ['trace -i lan0 RULES PACKETS', /Expected a device and its addresses, e\.g\. lan0=/],
    ['trace --sysctl net.ipv4.ip_forward RULES PACKETS', /Expected a name and a whole number/],
    ['trace --sysctl net.ipv4.ip_forward=yes RULES PACKETS', /Expected a name and a whole number/],
    ['trace --sysctl net.ipv4.nosuch=1 RULES PACKETS', /'net\.ipv4\.nosuch' is not modelled/],
    ['trace --family 5 RULES PACKETS', /Allowed choices are 4, 6/],
    ['trace - -', /standard input \(-\) can be read only once/],
    ['diff - -', /standard input \(-\) can be read only once/],
    ['rules check - -', /standard input \(-\) can be read only once/],
    ['policy --zone inside RULES', /Expected a zone and its devices, e\.g\. inside=lan0,lan1/],
    ['run --tables summery STORY', /Allowed choices are summary, audit, outbound, none/],
    [
      'trace RULES NOWHERE',
      /nowhere\.txt:1:1: error: no device 'eth0'; there are lo\n {4}hint: .* or -i eth0=/,
    ],
    ['explain STORY', /required option '-p, --packet <number>' not specified/],
    ['explain STORY --packet 99', /no packet 99: two has 1 to 2/],
    ['conformance --show some cases', /Expected a number/],
    ['rules list -t netfilter RULES', /Allowed choices are raw, mangle, nat, filter, security/],
    ['tracee', /unknown command 'tracee'\n\(Did you mean trace\?\)/],
    ['help tracee', /unknown command 'tracee': did you mean 'trace'\?/],
    ['help rules chek', /unknown command 'chek': did you mean 'check'\?/],
    ['rules chek', /chek:1:1: error: no such file .*\n {4}hint: did you mean the command `rules check`\?/],
    ['rules list FORWARD', /hint: a chain is chosen with: rules list --chain FORWARD FILE/],
    ['rules list --chain FORWRD RULES', /table filter has no chain 'FORWRD'/],
    ['trace PACKETS RULES', /rules\.v4: this is a ruleset, not a packet script/],
    ['trace RULES STORY', /story\.yaml: this is a scenario, not a packet script/],
    ['rules check PACKETS', /packets\.txt:1:1: error: this is a packet script, not a ruleset/],
    ['check STORY', /story\.yaml: this is a scenario, not a ruleset: `netfilter-sim run`/],
    ['run PACKETS', /packets\.txt: this is a packet script, not a scenario/],
    ['coverage RULES', /rules\.v4: this is a ruleset, not a scenario: .* rulesFile\n$/],
    ['explain RULES --packet 1', /rules\.v4: this is a ruleset, not a scenario/],
  ])('%s', (line, message) => {
    const paths: Record<string, string> = { RULES, PACKETS, STORY, NOWHERE }
    const { out, err, code } = ask(...line.split(' ').map(word => paths[word] ?? word))
    expect(err).toMatch(message)
    expect({ out, code }).toEqual({ out: '', code: 2 })
  })
})

describe('help COMMAND SUBCOMMAND', () => {
  it.each([
    ['help rules check', 'rules check --help'],
    ['help trace', 'trace --help'],
    ['help', '--help'],
  ])('%s says what %s says', (asked, same) => {
    expect(ask(...asked.split(' '))).toEqual(ask(...same.split(' ')))
  })
})

describe('check of several files', () => {
  const dead = file('dead.v4', '*filter\n-A INPUT -j DROP\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n')

  it('goes on behind one that cannot be read, and says which were left out', () => {
    const { out, err, code } = ask('check', join(folder, 'missing'), dead)
    expect(out).toMatch(/dead\.v4:3:1: warning rule-after-final-verdict/)
    expect(err).toMatch(/missing: no such file or directory\nnot checked: \S*missing\n$/)
    expect(code).toBe(2)
    expect(JSON.parse(ask('check', '--json', STORY, dead).out)).toMatchObject([{ file: dead, line: 3 }])
  })

  it('counts nothing where nothing was checked', () => {
    expect(ask('check', file('wrong.v4', '*filter\n-A NONE -j DROP\nCOMMIT\n'))).toMatchObject({
      out: '',
      code: 2,
    })
  })
})

it('rules fmt --check writes nothing, and names the files that --write would change', () => {
  const canonical = file('canonical.v4', ask('rules', 'fmt', RULES).out)
  expect(ask('rules', 'fmt', '--check', canonical)).toEqual({ out: '', err: '', code: 0 })
  const other = file('other.v4', '*filter\n-A INPUT -p tcp --dport 22 -j DROP\nCOMMIT\n')
  const { out, err, code } = ask('rules', 'fmt', '--check', canonical, other)
  expect({ out, code }).toEqual({ out: '', code: 1 })
  expect(err).toBe(`${other}: not in canonical form: rules fmt --write makes it so\n`)
})

it('rules list --chain: iptables -L CHAIN', () => {
  expect(ask('rules', 'list', '--chain', 'FORWARD', '-S', RULES).out).toBe(
    '-P FORWARD DROP\n-A FORWARD -i lan0 -j ACCEPT\n',
  )
  expect(ask('rules', 'list', '--chain', 'FORWARD', RULES).out).toMatch(/^Chain FORWARD .*\n.*\n1 .*\n$/)
})

it('trace --json says of each packet which line it was, when and where it came', () => {
  const packets = file(
    'later.txt',
    'interface lan0 10.6.0.1/16\nwait 2s\nlocal: udp 10.6.0.1:53 > 10.6.0.2:4000\nlan0: udp 10.6.0.2:4000 > 10.6.0.1:53\n',
  )
  const arrivals = JSON.parse(ask('trace', RULES, packets, '--json').out) as { arrival: object }[]
  expect(arrivals.map(({ arrival }) => arrival)).toMatchObject([
    { line: 3, atMs: 2000, device: '', packet: 'udp 10.6.0.1:53 > 10.6.0.2:4000' },
    { line: 4, atMs: 2000, device: 'lan0', packet: 'udp 10.6.0.2:4000 > 10.6.0.1:53' },
  ])
})

it('what YAML cannot be is told in a line of reading length', () => {
  const { err, code } = ask('run', file('long.yaml', `title: t\n${'word '.repeat(200)}\nsteps: [\n`))
  expect(Math.max(...err.split('\n').map(line => line.replace(folder, '').length))).toBeLessThan(160)
  expect(code).toBe(2)
})

it('texts from other systems: a rules file is refused as iptables-restore does, with the reason', () => {
  const rules = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n'
  expect(ask('rules', 'check', file('crlf', rules.replaceAll('\n', '\r\n'))).err).toMatch(
    /crlf:1:2: error: there is no table named 'filter\\r' .*\n {4}hint: the line ends in CR LF/,
  )
  expect(ask('rules', 'check', file('bom', `\uFEFF${rules}`)).err).toMatch(/hint: .* byte-order mark/)
})

describe('colour', () => {
  afterEach(() => vi.unstubAllEnvs())

  it.each([
    { isTTY: true, env: {}, colours: true },
    { isTTY: true, env: { TERM: 'dumb' }, colours: false },
    { isTTY: true, env: { NO_COLOR: '1' }, colours: false },
    { isTTY: true, env: { FORCE_COLOR: '0' }, colours: false },
    { isTTY: false, env: {}, colours: false },
    { isTTY: false, env: { CI: 'true' }, colours: false },
    { isTTY: false, env: { FORCE_COLOR: '1' }, colours: true },
    { isTTY: false, env: { FORCE_COLOR: '1', NO_COLOR: '1' }, colours: false },
  ])('terminal: $isTTY, $env', ({ isTTY, env, colours }) => {
    for (const name of ['TERM', 'CI', 'NO_COLOR', 'FORCE_COLOR']) vi.stubEnv(name, '')
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const before = process.stdout.isTTY
    process.stdout.isTTY = isTTY
    try {
      expect(ask('run', '--format', 'summary', STORY).out.includes('\x1b[')).toBe(colours)
    } finally {
      process.stdout.isTTY = before
    }
  })
})
