/**
 * Clients whom SYNPROXY answers: handshakes that lose, repeat, confuse or forge their segments. What the client
 * acknowledges is written as if every cookie were `COOKIE`; the recorder aims it at the real one.
 */
import fc from 'fast-check'
import { parsePackets } from '../../../dist/index.js'
import { rulesetDraft, rulesetText } from '../../../dist/testing/fast-check.js'

const COOKIE = { sequence: 5000, timestamp: 64000 }
const SERVERS = 90_000

/** Where the server is: behind the box, on it, or behind an address of the box. */
const PLACES = {
  4: [
    { at: 'dmz0', server: '192.168.50.10', asked: '192.168.50.10' },
    { at: 'local', server: '203.0.113.1', asked: '203.0.113.1' },
    { at: 'dmz0', server: '192.168.50.10', asked: '203.0.113.1', nat: ['PREROUTING', 'OUTPUT'] },
    {
      at: 'dmz0',
      server: '192.168.50.10',
      asked: '192.168.50.10',
      seen: '192.168.50.1',
      nat: ['POSTROUTING'],
    },
  ],
  6: [
    { at: 'dmz0', server: '2001:db8:50::10', asked: '2001:db8:50::10' },
    { at: 'local', server: '2001:db8:ffff::1', asked: '2001:db8:ffff::1' },
  ],
}
const CLIENTS = { 4: ['198.51.100.7', '203.0.113.77'], 6: ['2001:db8:100::7', '2001:db8:ffff::77'] }

/** What other rules of the box do. */
const BESIDE = [
  ...[
    'tcp',
    'conntrack',
    'mark',
    'connmark',
    'MARK',
    'CONNMARK',
    'CT',
    'SNAT',
    'DNAT',
    'MASQUERADE',
    'REDIRECT',
  ],
  ...['TCPMSS', 'TCPOPTSTRIP', 'ECN', 'TTL', 'HL', 'REJECT', 'LOG', 'NFLOG'],
]

/** Questions for the recorder. */
export function proxied(sites, strict) {
  return fc.oneof(
    ...sites.flatMap(site =>
      PLACES[site.family].map(place =>
        fc
          .record({
            offers: fc.array(offer, { minLength: 2, maxLength: 2 }),
            untracked: fc.constantFrom('--syn', '--syn', '--syn', 'none', 'all'),
            states: fc.constantFrom(
              'INVALID,UNTRACKED',
              'INVALID,UNTRACKED',
              'INVALID,UNTRACKED,NEW',
              'NEW,UNTRACKED',
              'any',
            ),
            sysctl: strict,
            draft: rulesetDraft(site, {
              tables: ['raw', 'mangle', 'nat', 'filter'],
              extensions: BESIDE,
              maxRules: 2,
            }),
            plain: fc.boolean(),
            talks: fc.array(talk(site.family), { minLength: 1, maxLength: 2 }),
            waits: fc.array(fc.nat(20), { maxLength: 1 }),
            listings: fc.constantFrom(false, false, false, true),
          })
          .map(given => ({ asked: question(site, place, given) })),
      ),
    ),
  )
}

const offer = fc
  .subarray(['--sack-perm', '--timestamp', '--wscale 7', '--mss 1460', '--ecn'])
  .chain(words => fc.constantFrom(words, words, ['--sack-perm', '--timestamp', '--wscale 7', '--mss 1460']))
  .map(words => words.join(' '))

const line = (who, flags, more = {}) => ({ who, flags, by: 0, ackBy: 0, length: 0, ...more })
const HANDSHAKE = [line('client', 'S'), line('client', 'A'), line('server', 'SA')]
const EXCHANGE = [
  line('client', 'PA', { length: 10 }),
  line('server', 'A'),
  line('server', 'PA', { length: 20 }),
  line('client', 'A'),
]
const ENDS = [
  [line('client', 'FA'), line('server', 'FA'), line('client', 'A')],
  [line('server', 'FA'), line('client', 'FA'), line('server', 'A')],
  [line('client', 'R')],
  [line('server', 'RA')],
  [],
]

const odd = fc.record({
  who: fc.constantFrom('client', 'server'),
  flags: fc.constantFrom('S', 'SA', 'A', 'A', 'PA', 'R', 'RA', 'FA', 'SEC', 'SF', '-', 'PAU'),
  by: fc.constantFrom(0, 0, 0, -1, 1, 2, -4, 1000, -70_000, 2 ** 31),
  ackBy: fc.constantFrom(0, 0, 0, -1, 1, 2, 3, 1000, -70_000, 2 ** 31),
  length: fc.constantFrom(0, 0, 1, 30),
})

/** What may become of a script: segments lost, repeated, out of order, or not meant by anybody. */
const twist = fc.oneof(
  fc.nat(30).map(at => lines => lines.splice(at % lines.length, 1)),
  fc.nat(30).map(at => lines => lines.splice(at % lines.length, 0, lines[at % lines.length])),
  fc
    .nat(30)
    .map(at => lines => lines.splice((at + 1) % lines.length, 0, ...lines.splice(at % lines.length, 1))),
  fc.tuple(fc.nat(30), odd).map(
    ([at, one]) =>
      lines =>
        lines.splice(at % (lines.length + 1), 0, one),
  ),
  fc.tuple(fc.nat(30), fc.constantFrom(-1, 1, 2, 3)).map(([at, by]) => lines => {
    lines[at % lines.length] = { ...lines[at % lines.length], ackBy: by }
  }),
)

function talk(family) {
  return fc.record({
    client: fc.constantFrom(...CLIENTS[family]),
    port: fc.constantFrom(40_000, 40_000, 40_001),
    mss: fc.constantFrom('', ' mss=1460', ' mss=1460', ' mss=1300', ' mss=1440', ' mss=1220', ' mss=9000'),
    sack: fc.constantFrom('', ' sackok'),
    stamps: fc.constantFrom(true, true, true, false),
    scale: fc.constantFrom('', ' wscale=7', ' wscale=0', ' wscale=14'),
    ecn: fc.constantFrom(false, false, true),
    answer: fc.constantFrom(' mss=1460 sackok wscale=5', '', ' mss=1400 wscale=2'),
    answerStamps: fc.constantFrom(true, true, false),
    window: fc.constantFrom(65_160, 65_160, 0, 1000),
    end: fc.constantFrom(...ENDS),
    again: fc.constantFrom(false, false, true),
    twists: fc.array(twist, { maxLength: 3 }),
  })
}

function question(site, place, { offers, untracked, states, sysctl, draft, plain, talks, waits, listings }) {
  const steps = interleaved(talks.map(one => spoken(site.family, place, one)))
  for (const at of waits) steps.splice(at % (steps.length + 1), 0, { wait: 0.2 })
  return {
    family: site.family,
    interfaces: site.interfaces,
    routes: site.routes,
    conntrack: 'on',
    ...(Object.keys(sysctl).length > 0 && { sysctl }),
    rules: rulesetText(withProxy(plain ? { tables: [] } : draft, place, offers, untracked, states)),
    ...(listings && { listings: true }),
    steps,
  }
}

function withProxy({ tables }, place, [inward, through], untracked, states) {
  const at = name => tables.find(table => table.name === name) ?? { name, policies: {}, rules: [] }
  const headed = (name, ...rules) => ({ ...at(name), rules: [...rules, ...at(name).rules] })
  const rule = (chain, ...words) => ({ chain, words: words.filter(Boolean).join(' ') })
  const which = states === 'any' ? '' : `-m conntrack --ctstate ${states}`
  const port = '-p tcp -m tcp --dport 80'
  const to = place.server.includes(':') ? `[${place.server}]` : place.server
  const nat = (place.nat ?? []).map(chain =>
    chain === 'POSTROUTING'
      ? rule(chain, '-o dmz0 -j MASQUERADE')
      : rule(chain, port, `-d ${place.asked} -j DNAT --to-destination ${to}`),
  )
  const made = [
    headed(
      'raw',
      ...(untracked === 'none'
        ? []
        : [rule('PREROUTING', port, untracked === 'all' ? '' : '--syn', '-j CT --notrack')]),
    ),
    headed('nat', ...nat),
    headed(
      'filter',
      rule('INPUT', port, which, `-j SYNPROXY ${inward}`),
      rule('FORWARD', port, which, `-j SYNPROXY ${through}`),
      rule('FORWARD', '-m conntrack --ctstate INVALID -j DROP'),
    ),
  ]
  const all = [...made, ...tables.filter(({ name }) => name === 'mangle')]
  return { tables: all.filter(({ rules }) => rules.length > 0) }
}

/** The segments of a talk, as steps. */
function spoken(family, place, talk) {
  const { client, port, twists, end, again } = talk
  const wrap = (address, number) => (family === 6 ? `[${address}]:${number}` : `${address}:${number}`)
  const whole = [...HANDSHAKE, ...EXCHANGE, ...end]
  const lines = again ? [...whole, ...whole] : [...whole]
  for (const change of twists) if (lines.length > 0) change(lines)
  const next = { client: 1000, server: SERVERS }
  return lines.map(given => {
    const { who, flags, by, ackBy, length } = given
    const opens = flags.startsWith('S')
    if (opens) next[who] = who === 'client' ? 1000 : SERVERS
    const shown = who === 'client' ? next.server - SERVERS + COOKIE.sequence : next.client
    // before the server's SYN/ACK the client acknowledges SYNPROXY's
    const heard = who === 'client' && next.server === SERVERS ? shown + 1 : shown
    const words = [
      `tcp ${who === 'client' ? `${wrap(client, port)} > ${wrap(place.asked, 80)}` : `${wrap(place.server, 80)} > ${wrap(place.seen ?? client, port)}`}`,
      flags === 'S' && talk.ecn && who === 'client' ? 'SEC' : flags,
      `seq=${unsigned(next[who] + by)}`,
      ...(flags.includes('A') ? [`ack=${unsigned(heard + ackBy)}`] : []),
      `win=${opens ? (who === 'client' ? 64_240 : talk.window) : 502}`,
    ]
    next[who] += length + (/[SF]/.test(flags) ? 1 : 0)
    const text = `${words.join(' ')}${optionsOf(talk, who, opens)}${length > 0 ? ` len=${length}` : ''}`
    return {
      ...(who === 'client' ? { in: 'wan0' } : place.at === 'local' ? { local: true } : { in: place.at }),
      hex: parsePackets(text).packets[0].packet.toHex(),
      ...(who === 'client' && opens && { expect: { cookie: COOKIE } }),
    }
  })
}

function optionsOf(talk, who, opens) {
  const stamps = who === 'client' ? talk.stamps : talk.stamps && talk.answerStamps
  const stamp = !stamps ? '' : who === 'server' ? ' ts=333333/750' : ` ts=750/${opens ? 0 : COOKIE.timestamp}`
  if (!opens) return stamp
  return who === 'client' ? `${talk.mss}${talk.sack}${stamp}${talk.scale}` : `${talk.answer}${stamp}`
}

function unsigned(number) {
  return number >>> 0
}

function interleaved(lists) {
  const steps = []
  for (let at = 0; lists.some(list => at < list.length); at++)
    for (const list of lists) if (at < list.length) steps.push(list[at])
  return steps
}
