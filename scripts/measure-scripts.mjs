// Measures what `rules print --run` makes of shell scripts against what sh and iptables make of them.
//
//   npm run --silent build && node scripts/measure-scripts.mjs DIR [--only PART-OF-NAME] [--differences]
//
// DIR holds index.json (per file: file, format) and the files it names, or just files; the ones that are scripts are run by the
// real shell with the real iptables, each in a file system, a process and a network namespace of its own, called with
// `start`. Of other programs they find text tools, and for whatever else they name one that prints nothing and succeeds:
// the simulator is told the same of them. Compared are the tables of both families, as iptables-save prints them.
// Needs root on Linux with iptables-legacy; elsewhere it says so and ends with 0.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Address, parseRules, printRules } from '../dist/index.js'
import { kindOfText } from '../dist/rules/kind-of-text.js'
import { filesOf } from './measure/files.mjs'
import { HOSTS, runForReal, unableToRun } from './measure/real-shell.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, differences: { type: 'boolean', default: false } },
})
const [folder] = positionals
if (folder === undefined) {
  console.error('usage: node scripts/measure-scripts.mjs DIR [--only PART-OF-NAME] [--differences]')
  process.exit(2)
}
const why = unableToRun()
if (why !== undefined) {
  console.log(`measure-scripts skipped: ${why}`)
  process.exit(0)
}

const counts = new Map()
for (const file of scriptsOf(folder)) if (file.includes(values.only)) measure(file)
for (const [what, number] of [...counts].sort()) console.log(`${String(number).padStart(4)}  ${what}`)
process.exitCode = [...counts.keys()].some(what => what.startsWith('different')) ? 1 : 0

function scriptsOf(folder) {
  const index = join(folder, 'index.json')
  if (!existsSync(index))
    return filesOf(folder)
      .filter(path => kindOfText(readFileSync(path, 'utf8')) === 'script')
      .map(path => relative(folder, path))
  const entries = JSON.parse(readFileSync(index, 'utf8'))
  return entries.filter(({ format }) => format === 'script').map(({ file }) => file)
}

function measure(file) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const programs = new Set()
  const ours = [4, 6].map(family => simulated(text, family, programs))
  const real = runForReal(path, text, programs)
  for (const [at, answer] of ours.entries())
    judge(basename(file), at === 0 ? 4 : 6, answer, real, real.tables[at])
}

/** @param programs gets the names of all programs that the script would have run */
function simulated(text, family, programs) {
  const commandOutput = ([name, ...args]) => {
    // which files there are is not known
    if (name === 'cat' && args.length === 1) return undefined
    // whatever is looked for is there
    if (/^(which|command|type)$/.test(name))
      return args
        .filter(arg => !arg.startsWith('-'))
        .map(found)
        .join('')
    programs.add(name)
    return ''
  }
  const found = program => {
    programs.add(program)
    return `${program.includes('/') ? program : `/sbin/${program}`}\n`
  }
  const { ruleset, partial, diagnostics } = parseRules(text, {
    family,
    format: 'script',
    hasSet: () => false,
    resolveHost: (name, family) => (HOSTS[name]?.[family] ?? []).map(address => Address.parse(address)),
    shell: { args: ['start'], commandOutput },
  })
  return { text: printRules(ruleset ?? partial), diagnostics }
}

function judge(name, family, { text, diagnostics }, { complaints, isTimedOut }, tables) {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const isOpen = errors.some(({ code, message }) => code === 'shell' && !/runs no iptables/.test(message))
  const isMissing = errors.some(({ code }) => code === 'not-modelled')
  const agrees = text === tables
  const reason = isTimedOut
    ? ', timed out'
    : isMissing
      ? ', not modelled'
      : isOpen
        ? ', said to depend on its surroundings'
        : ''
  count(`${agrees ? 'alike' : 'different'}${agrees ? '' : reason}`)
  if (agrees || !values.differences) return
  console.log(`${name} (IPv${family}${reason})`)
  for (const { line, column, message } of errors.slice(0, 6)) console.log(`    ${line}:${column}: ${message}`)
  for (const line of complaints.slice(0, 6)) console.log(`    ! ${line}`)
  for (const line of firstDifference(text, tables)) console.log(`    ${line}`)
}

function count(what) {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}

function firstDifference(ours, theirs) {
  const [a, b] = [ours.split('\n'), theirs.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  return [`- ${a[at] ?? '(nothing)'}`, `+ ${b[at] ?? '(nothing)'}`]
}
