/** A folder of rulesets nobody has tried yet, held against the iptables of this machine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Address } from '../../dist/address.js'
import { emptySets } from '../../dist/analysis/index.js'
import { createFirewall, icmp, icmp6, parseRules, printRules, step, tcp, udp } from '../../dist/index.js'
import { kindOfText } from '../../dist/rules/kind-of-text.js'
import { listCommands, listRules } from '../../dist/rules/list.js'
import { setsNamedBy } from '../../dist/rules/set-names.js'
import { filesOf } from './files.mjs'
import { HOSTS, unableToRun } from './real-shell.mjs'

const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security']
const LISTING = { numeric: true, verbose: true, lineNumbers: true }
/** A text that iptables refuses is tried again without the refused line, so often. */
const TRIES = 60

/**
 * Every save text of a folder, to iptables-restore and to the parser: what one refuses the other must refuse on the same
 * line, what one accepts both must print alike, and a firewall made of it must take packets. Prints how many did, by
 * kind.
 *
 * @param showsDifferences print each difference too
 * @returns do they all agree?
 */
export function judgeFolder(folder, showsDifferences) {
  const why = unableToRun()
  if (why !== undefined) {
    console.log(`measure-rulesets skipped: ${why}`)
    return true
  }
  const counts = new Map()
  const count = what => counts.set(what, (counts.get(what) ?? 0) + 1)
  const say = (name, lines) => {
    if (showsDifferences) console.log(`${name}\n    ${lines.join('\n    ')}`)
  }
  for (const path of filesOf(folder)) {
    const text = readFileSync(path, 'utf8')
    if (kindOfText(text) === 'restore')
      judgeText(relative(folder, path), familyOf(path, text), text, count, say)
  }
  for (const [what, number] of [...counts].sort()) console.log(`${String(number).padStart(4)}  ${what}`)
  return ![...counts.keys()].some(what => /DIFFERENT|CRASH/.test(what))
}

/** By the file's name, else by the addresses in it. */
function familyOf(path, text) {
  if (/ip6|v6/i.test(path)) return 6
  return /\s(-[sd]|--to-\w+|--source|--destination) \[?[0-9a-f]*:[0-9a-f:]*|icmpv6|ipv6-icmp|icmp6/i.test(
    text,
  )
    ? 6
    : 4
}

function judgeText(name, family, whole, count, say) {
  const lines = whole.split('\n')
  for (let tries = 0; tries < TRIES; tries++) {
    const text = lines.join('\n')
    const read = parse(text, family)
    const real = ask(text, family, read.sets)
    const first = read.errors[0]
    if (real.refused === undefined && first === undefined) {
      count('accepted')
      comparePrinted(name, read, real, count, say)
      sendPackets(name, family, read, count, say)
      return
    }
    if (first?.code === 'not-modelled' && real.refused === undefined) {
      count('not modelled')
      say(name, [`${first.line}: ${first.message}`])
      lines[first.line - 1] = ''
      continue
    }
    if (real.refused === undefined) {
      count('DIFFERENT: refused only here')
      say(name, [`${first.line}: ${lines[first.line - 1]}`, `- ${first.message}`])
      lines[first.line - 1] = ''
      continue
    }
    const { line, message } = real.refused
    // the kernel refuses a table when it is committed: which rule it means, it does not say
    const isCommit = line > 0 && /^COMMIT\s*$/.test(lines[line - 1] ?? '')
    // what only the kernel refuses, the parser says at the rule
    const ours = read.errors.find(error => error.line === line || (line === 0 && error.line > 0)) ?? first
    const isAlike =
      ours !== undefined && (ours.line === line || line === 0 || (isCommit && ours.line <= line))
    count(
      isAlike
        ? 'refused alike'
        : first === undefined
          ? 'DIFFERENT: accepted only here'
          : 'DIFFERENT: refused on another line',
    )
    if (!isAlike)
      say(name, [
        `${line}: ${lines[line - 1] ?? ''}`,
        `+ ${message}`,
        first === undefined ? '- (accepted)' : `- ${first.line}: ${first.message}`,
      ])
    const dropped = isAlike ? ours.line : line
    if (dropped === 0 || (isCommit && !isAlike) || lines[dropped - 1] === '') return
    lines[dropped - 1] = ''
  }
  count('given up')
}

function parse(text, family) {
  try {
    const options = { family, format: 'restore', resolveHost: host => hostsOf(host, family) }
    const { ruleset, partial, diagnostics } = parseRules(text, options)
    const counted = parseRules(text, { ...options, readCounters: true }).ruleset
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    const some = ruleset ?? partial
    return { ruleset, counted, errors, sets: some === undefined ? [] : [...setsNamedBy(some)] }
  } catch (error) {
    return { errors: [{ line: 0, message: error.stack }], sets: [] }
  }
}

function hostsOf(name, family) {
  return (HOSTS[name]?.[family] ?? []).map(address => Address.parse(address))
}

/** What iptables makes of a text, in a network namespace of its own. */
function ask(text, family, sets) {
  const work = mkdtempSync(join(tmpdir(), 'netfilter-sim-live-'))
  try {
    writeFileSync(join(work, 'text'), text)
    const tool = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy'
    const named = new Set([
      ...sets,
      ...[...text.matchAll(/--(?:match|add|del)-set\s+(\S+)/g)].map(([, set]) => set),
    ])
    const creations = [...named].map(
      set => `create ${set} hash:ip,port,ip family ${family === 4 ? 'inet' : 'inet6'}\n`,
    )
    writeFileSync(join(work, 'sets'), creations.join(''))
    spawnSync('unshare', ['-n', 'sh', '-c', QUESTION, 'ask', work, tool, ...TABLES])
    const read = part => readFileSync(join(work, part), 'utf8')
    if (read('exit').trim() !== '0') return { refused: refusal(read('stderr')) }
    const saved = read('saved').replace(/^# .*\n/gm, '')
    const listed = Object.fromEntries(TABLES.map(table => [table, [read(`S.${table}`), read(`L.${table}`)]]))
    return { saved, counted: read('counted').replace(/^# .*\n/gm, ''), listed }
  } finally {
    rmSync(work, { recursive: true })
  }
}

// with the counters of the text first: policies' ones stay until they are written anew
const QUESTION = `
cd $1; tool=$2; shift 2
ipset restore < sets
$tool-restore < text 2> stderr; echo $? > exit
[ $(cat exit) = 0 ] || exit 0
$tool-save > saved
for table in "$@"; do
  $tool -t $table -S > S.$table
  $tool -t $table -L -n -v --line-numbers > L.$table
done
$tool-restore -c < text 2> /dev/null && $tool-save -c > counted || : > counted
`

function refusal(stderr) {
  const message = stderr.split('\n').filter(line => !/^(Try|Warning|WARNING)/.test(line))
  const [, line = 0] = /line:? (\d+)/.exec(stderr) ?? []
  return { line: Number(line), message: message.slice(0, 2).join(' / ') }
}

function comparePrinted(name, { ruleset, counted }, { saved, listed, counted: realCounted }, count, say) {
  const shown = (what, ours, theirs) => {
    count(`${what}: ${ours === theirs ? 'alike' : 'DIFFERENT'}`)
    if (ours !== theirs) say(`${name} ${what}`, differences(ours, theirs))
  }
  shown('iptables-save', printRules(ruleset), saved)
  // tables that the text does not name have been loaded by the listings
  const named = Object.keys(ruleset.tables)
  shown(
    'iptables-save -c',
    counted === undefined ? '' : sortedTables(printRules(counted, { withCounters: true }), named),
    sortedTables(realCounted, named),
  )
  for (const table of TABLES.filter(table => ruleset.tables[table] !== undefined)) {
    shown('iptables -S', listCommands(ruleset, { table }), listed[table][0])
    shown('iptables -L -n -v --line-numbers', listRules(ruleset, { table, ...LISTING }), listed[table][1])
  }
}

function sortedTables(text, named) {
  return (text.match(/^\*[\s\S]*?^COMMIT\n/gm) ?? [])
    .filter(block => named.includes(/^\*(\w+)/.exec(block)[1]))
    .sort()
    .join('')
}

function differences(ours, theirs) {
  const [a, b] = [ours.split('\n'), theirs.split('\n')]
  const found = []
  for (let at = 0; at < Math.max(a.length, b.length) && found.length < 6; at++)
    if (a[at] !== b[at]) found.push(`- ${a[at] ?? '(nothing)'}`, `+ ${b[at] ?? '(nothing)'}`)
  return found
}

function sendPackets(name, family, { ruleset }, count, say) {
  try {
    const devices = devicesOf(ruleset)
    const addresses = family === 4 ? at => [`10.9.${at}.1/24`] : at => [`2001:db8:9:${at}::1/64`]
    const interfaces = Object.fromEntries(devices.map((device, at) => [device, addresses(at)]))
    const firewall = createFirewall({
      interfaces,
      routes: [
        family === 4
          ? `default via 10.9.0.254 dev ${devices[0]}`
          : `default via 2001:db8:9::fe dev ${devices[0]}`,
      ],
      rules: family === 4 ? { ipv4: ruleset } : { ipv6: ruleset },
      sets: emptySets(ruleset),
      sysctls: family === 4 ? { 'net.ipv4.ip_forward': 1 } : {},
    })
    let state = firewall
    for (const arrival of packetsFor(devices, family)) {
      const outcome = step(state, arrival, { random: () => 0.5 })
      void outcome.trace.length
      state = outcome.state
    }
    count('packets: sent')
  } catch (error) {
    const diagnostic = error.diagnostics?.[0]
    const isMissing = diagnostic?.code === 'not-modelled'
    count(isMissing ? `packets: not modelled: ${/'(.*?)'/.exec(diagnostic.message)[1]}` : 'packets: CRASH')
    say(`${name} packets`, [diagnostic?.message ?? error.stack])
  }
}

function devicesOf(ruleset) {
  const named = printRules(ruleset).matchAll(/ -[io] ([\w.@-]+)(?= )/g)
  const devices = [...new Set([...named].map(([, device]) => device).filter(device => device !== 'lo'))]
  return [...devices.slice(0, 4), 'test0']
}

function* packetsFor(devices, family) {
  const [far, near] =
    family === 4 ? ['198.51.100.7', at => `10.9.${at}`] : ['2001:db8:ffff::7', at => `2001:db8:9:${at}:`]
  const host = (at, number) => (family === 4 ? `${near(at)}.${number}` : `${near(at)}:${number}`)
  const endpoint = (address, port) => (family === 4 ? `${address}:${port}` : `[${address}]:${port}`)
  for (const [at, device] of devices.entries()) {
    const from = host(at, 77)
    for (const [to, port] of [
      [host(at, 1), 22],
      [far, 443],
      [host((at + 1) % devices.length, 5), 80],
    ]) {
      for (const flags of ['S', 'A', 'FA'])
        yield {
          device,
          packet: tcp({ from: endpoint(from, 4000), to: endpoint(to, port), flags, seq: 1000 }),
        }
      yield {
        device,
        packet: udp({ from: endpoint(from, 4000), to: endpoint(to, 53), data: 'GET / HTTP/1.1' }),
      }
      yield {
        device,
        packet: (family === 4 ? icmp : icmp6)({ from, to, type: 'echo-request', id: 1, seq: 1 }),
      }
    }
    yield {
      local: true,
      packet: tcp({ from: endpoint(host(at, 1), 4001), to: endpoint(from, 25), flags: 'S', seq: 1 }),
    }
    yield {
      local: true,
      packet: udp({ from: endpoint(host(at, 1), 4001), to: endpoint(from, 53), data: 'x' }),
    }
  }
}
