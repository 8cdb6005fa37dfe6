// Measures `netfilter-sim rules print --json` against a folder of rulesets that the real iptables was given.
//
//   npm run --silent build && node scripts/measure-rulesets.mjs DIR [--differences]
//
// DIR holds files/, canonical/ (what iptables-save printed afterwards, NAME.legacy4 and NAME.legacy6) and index.json
// (per file: format, family, accepted, canonical). Prints how many agree, and with --differences every first line that
// does not.
//
// Of a DIR without an index.json all save texts are given to the iptables of this machine, which needs root on Linux:
// whatever it refuses, line for line, prints and lists is compared, and a firewall made of it gets packets. A file is
// IPv6's if its name has `v6` or `ip6`, or its addresses say so.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'

const [folder, ...switches] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node scripts/measure-rulesets.mjs DIR [--differences]')
  process.exit(2)
}
const showsDifferences = switches.includes('--differences')
if (!existsSync(join(folder, 'index.json'))) {
  const { judgeFolder } = await import('./measure/live-rulesets.mjs')
  process.exit(judgeFolder(folder, showsDifferences) ? 0 : 1)
}
const work = mkdtempSync(join(tmpdir(), 'netfilter-sim-rulesets-'))
const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
const cases = index.flatMap(casesOf)
const counts = new Map()
try {
  for (const family of [4, 6]) answer(family)
} finally {
  rmSync(work, { recursive: true })
}
for (const one of cases) judge(one)
for (const [kind, number] of [...counts].sort()) console.log(`${String(number).padStart(4)}  ${kind}`)

/** What a file should become: one case for each canonical text of its, or for its being refused. */
function casesOf({ file, format, family, accepted, fixes }) {
  const name = basename(file)
  const text = readFileSync(join(folder, file), 'utf8')
  const of = (number, input, saved) => {
    const canonical = [saved, saved.replace(/\.legacy/, '.fixed.legacy')].find(found =>
      existsSync(join(folder, 'canonical', found)),
    )
    return { name, format, accepted, family: number, input, canonical }
  }
  // the dry run of a generator: for each family a text for iptables-restore, behind the commands it would run
  if (format === 'istio-golden')
    return restoreTexts(text).map((input, at) =>
      of(at === 0 ? 4 : 6, input, `${name}.${at}.legacy${at === 0 ? 4 : 6}`),
    )
  const fixed = accepted.startsWith('ok') && fixes.length > 0 ? withFixes(text) : text
  const both = [4, 6].map(number => of(number, fixed, `${name}.legacy${number}`))
  const printed = both.filter(({ canonical }) => canonical !== undefined)
  return printed.length > 0 ? printed : [both[family === 6 ? 1 : 0]]
}

function restoreTexts(text) {
  const texts = []
  let seen
  for (const [block] of text.matchAll(/^\* ?\w+\n(?:.*\n)*?COMMIT$/gm)) {
    const table = block.split('\n')[0]
    if (seen === undefined || seen.has(table)) {
      texts.push('')
      seen = new Set()
    }
    seen.add(table)
    texts[texts.length - 1] += `${block}\n`
  }
  return texts
}

/** What was done to published texts before iptables-restore took them: no indentation, nothing but its lines. */
function withFixes(text) {
  const lines = text.split('\n').map(line => line.trim())
  return lines
    .filter(line => /^([#*:[-]|COMMIT$|$)/.test(line))
    .map(line => `${line}\n`)
    .join('')
}

/** Asks the command about all files of a family at once. */
function answer(family) {
  const asked = cases.filter(one => one.family === family)
  const files = asked.map(({ input }, at) => {
    const path = join(work, `${family}-${at}`)
    writeFileSync(path, input)
    return path
  })
  const main = resolve(import.meta.dirname, '../dist/cli/main.js')
  const args = [main, 'rules', 'print', '--json', '--family', String(family), ...files]
  const lines = printedBy(args).trim().split('\n')
  if (lines.length !== asked.length) throw new Error(`${asked.length} files, but ${lines.length} answers`)
  for (const [at, line] of lines.entries()) asked[at].answer = JSON.parse(line)
}

/** The command ends with 1 where a ruleset has errors. */
function printedBy(args) {
  try {
    return execFileSync(process.execPath, args, {
      encoding: 'utf8',
      maxBuffer: 1e9,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  } catch (error) {
    if (error.status === 1) return error.stdout
    throw error
  }
}

function judge({ name, format, accepted, family, canonical, answer }) {
  const isScript = format === 'script'
  const isWhole = accepted.startsWith('ok')
  const expected = canonical === undefined ? undefined : savedText(canonical)
  const [wanted, agrees] =
    isWhole || (isScript && expected !== undefined)
      ? [
          isWhole ? 'accepted, printed exactly' : 'refused in part, the rest printed exactly',
          answer.text === expected,
        ]
      : ['refused', !answer.ok && answer.errors.every(({ line, message }) => line > 0 && message !== '')]
  // what an index counts for a script, it counts for both families
  const right = agrees && (isScript || answer.ok === isWhole)
  count(`${format}: ${wanted}: ${right ? 'yes' : 'NO'}`)
  if (right || !showsDifferences) return
  console.log(`${name} (IPv${family}, ${accepted})`)
  for (const { line, column, message } of answer.errors.slice(0, 2))
    console.log(`    ${line}:${column}: ${message}`)
  for (const line of firstDifference(answer.text, expected ?? '')) console.log(`    ${line}`)
}

function count(kind) {
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}

/** Without the two comments, which carry a date. */
function savedText(canonical) {
  const text = readFileSync(join(folder, 'canonical', canonical), 'utf8')
  return text.replace(/^# (Generated|Completed) .*\n/gm, '')
}

function firstDifference(ours, theirs) {
  const [a, b] = [ours.split('\n'), theirs.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  if (at < 0) return a.length === b.length ? [] : [`- (nothing)`, `+ ${b[a.length]}`]
  return [`- ${a[at]}`, `+ ${b[at] ?? '(nothing)'}`]
}
