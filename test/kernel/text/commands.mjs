/**
 * `npm run test:commands -- --runs N --seed S --family 4`: sequences of commands on three tables, given one by one to the
 * iptables of this machine and to `runIptables`, and as a script to the parser. Each command must end with the same exit
 * code, and all three must leave the same rules. Prints the shortest sequence that does not, and ends with 1.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { createFirewall, parseRules, printRules, runIptables } from '../../../dist/index.js'
import { enterNamespace, unableToAsk } from './namespace.mjs'
import { Tool } from './tool.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string' },
    family: { type: 'string', default: '4' },
  },
})
const why = unableToAsk('iptables-legacy')
if (why !== undefined) {
  console.log(`test:commands skipped: ${why}`)
  process.exit(0)
}
enterNamespace()

const TABLES = ['mangle', 'nat', 'filter']
const BUILTIN = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}
const USER = ['a', 'b', 'c', 'd']
/** What hooks, tables or protocols forbid in places, jumps that may close a circle, and verdicts that hide what follows. */
const RULES = [
  ...USER.flatMap(chain => [`-j ${chain}`, `-p tcp -g ${chain}`]),
  ...['-j ACCEPT', '-j DROP', '-i eth0 -j ACCEPT', '-p all -j RETURN', '-j MARK --set-mark 1'],
  ...['-j CLASSIFY --set-class 1:2', '-j REJECT', '-p tcp -j TCPMSS --set-mss 1400'],
  ...['-j MASQUERADE', '-p tcp -j REDIRECT --to-ports 80', '-j TPROXY --on-port 1', '-m owner --uid-owner 0'],
  ...[
    '-m rpfilter',
    '-m physdev --physdev-in eth0 -j ACCEPT',
    '-m devgroup --src-group 1',
    '-m mark --mark 1',
  ],
]
const family = Number(values.family)
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
const tool = new Tool(family)
console.log(`test:commands: ${values.runs} runs, IPv${family}, seed ${seed}`)

const found = fc.check(
  fc.property(
    fc.constantFrom(...TABLES).chain(table => fc.array(commandOf(table), { maxLength: 14 })),
    commands => compare(commands),
  ),
  { numRuns: Number(values.runs), seed },
)
if (found.failed) console.log(`${found.counterexample[0].join('\n')}\n${found.errorInstance.message}`)
console.log(`${found.numRuns} runs, ${found.failed ? 'different' : '0 different'}`)
process.exit(found.failed ? 1 : 0)

function commandOf(table) {
  const chain = fc.constantFrom(...BUILTIN[table], ...USER, ...USER)
  const user = fc.constantFrom(...USER)
  const rule = fc.constantFrom(...RULES)
  const number = fc.integer({ min: 1, max: 3 })
  const of = (weight, ...parts) => ({
    weight,
    arbitrary: fc.tuple(...parts).map(words => `-t ${table} ${words.join(' ')}`),
  })
  return fc.oneof(
    of(6, fc.constant('-N'), user),
    of(12, fc.constant('-A'), chain, rule),
    of(4, fc.constant('-I'), chain, rule),
    of(2, fc.constant('-I'), chain, number, rule),
    of(2, fc.constant('-R'), chain, number, rule),
    of(2, fc.constantFrom('-D', '-C'), chain, rule),
    of(2, fc.constant('-D'), chain, number),
    of(1, fc.constantFrom('-F', '-X', '-Z'), chain),
    of(1, fc.constant('-E'), user, user),
    of(1, fc.constant('-P'), chain, fc.constantFrom('ACCEPT', 'DROP')),
    of(1, fc.constantFrom('-F', '-X', '-Z')),
  )
}

/** @throws Error with the first difference */
function compare(commands) {
  for (const table of TABLES) {
    for (const words of [['-F'], ['-X'], ...BUILTIN[table].map(chain => ['-P', chain, 'ACCEPT'])])
      tool.command(['-t', table, ...words])
  }
  let state = createFirewall({})
  for (const command of commands) {
    const theirs = tool.command(command.split(' '))
    const answer = runIptables(state, command, family)
    state = answer.state
    const message = answer.diagnostics[0]?.message ?? ''
    same(`exit code of ${command} (${theirs.message}; ${message})`, theirs.exitCode, answer.exitCode)
  }
  const name = family === 4 ? 'iptables' : 'ip6tables'
  const script = commands.map(command => `${name} ${command}\n`).join('')
  const read = parseRules(script, { family, format: 'script' })
  const ruleset = read.ruleset ?? read.partial
  const loaded = state.config.rules[family === 4 ? 'ipv4' : 'ipv6']
  for (const table of TABLES.filter(each => commands.some(command => command.startsWith(`-t ${each} `)))) {
    const saved = tool.save([table])
    same(`${table} of runIptables`, saved, textOf(loaded, table) ?? saved)
    same(`${table} of the script`, saved, textOf(ruleset, table) ?? saved)
  }
}

function textOf(ruleset, table) {
  const only = ruleset?.tables[table]
  return only && printRules({ ...ruleset, tables: { [table]: only } })
}

function same(what, theirs, ours) {
  if (theirs !== ours) throw new Error(`${what}:\n  iptables:  ${theirs}\n  simulator: ${ours}`)
}
