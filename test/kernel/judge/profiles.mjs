/** What kinds of cases there are: which rules, who talks, which settings. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { isCaseFile } from '../../../dist/cli/case-files.js'
import {
  DIAL_UP,
  GATEWAY,
  GATEWAY6,
  history,
  MANY_ADDRESSES,
  MATCH_WORDS,
  rulesetDraft,
  setsText,
  TARGET_WORDS,
} from '../../../dist/testing/fast-check.js'
import { changes } from './changes.mjs'
import { helpedPreambles } from './helped.mjs'
import { headedBy, logLine, rateLine, zoneLine } from './lines.mjs'
import { neighbours } from './neighbours.mjs'
import { proxied } from './proxied.mjs'
import { ALL_TIMEOUTS, PROTOCOL_TIMEOUTS, SWITCHES, settings, TIMEOUTS } from './settings.mjs'
import { CROSSROADS, CROSSROADS6, LINK_LOCAL6, NARROW, ON_A_STICK, SERVICES, SERVICES6 } from './sites.mjs'

const STATEFUL = ['INPUT', 'FORWARD', 'OUTPUT'].map(chain => ({
  table: 'filter',
  rule: { chain, words: '-m conntrack --ctstate ESTABLISHED -j ACCEPT' },
}))
const TRACKED = [
  ...STATEFUL,
  { table: 'filter', rule: { chain: 'FORWARD', words: '-m conntrack --ctstate NEW,RELATED' } },
]

const PLAIN = ['tcp', 'udp', 'icmp', 'icmp6', 'multiport', 'LOG', 'REJECT']
const CT = [...PLAIN, 'conntrack', 'state', 'connmark', 'CONNMARK', 'mark', 'MARK', 'connbytes']
const NAT = [...CT, 'SNAT', 'DNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'CT', 'NOTRACK']
/** Without sets (a profile of their own), which need `ipset restore` text beside the rules. */
const ALL = [...Object.keys(MATCH_WORDS), ...Object.keys(TARGET_WORDS)].filter(
  name => name !== 'set' && name !== 'SET',
)
const ALL_TABLES = ['raw', 'mangle', 'nat', 'filter']
const EVERYONE = ['tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'icmp', 'sctp', 'udplite', 'esp', 'gre', 'other']

const WAITS = [1250, 2500]

/**
 * A whole case before it has packets: `{ site, conntrack, sysctl, sets, draft, history }`.
 * @param {string} profile
 */
export function profileCase(profile, files = []) {
  const make = PROFILES[profile]
  if (make === undefined)
    throw new RangeError(`no profile '${profile}'; there are ${Object.keys(PROFILES).join(', ')}`)
  return make(files)
}

/** Changes to packets afterwards: often none. */
const EDITS = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edits(3) })

function edits(maxLength) {
  return fc.array(fc.nat(), { maxLength, size: 'max' })
}

const V4 = [GATEWAY, GATEWAY, MANY_ADDRESSES, DIAL_UP]
const EVERYWHERE4 = [...V4, CROSSROADS, ON_A_STICK, NARROW, SERVICES]

function cases(sites, shape, talk, more = {}) {
  return fc.oneof(
    ...sites.map(site =>
      fc.record({
        site: fc.constant(site),
        conntrack: more.conntrack ?? fc.constantFrom('on', 'on', 'auto'),
        sysctl:
          more.sysctl ??
          fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: SWITCHES }),
        sets: more.sets?.(site) ?? fc.constant(''),
        draft: more.draft?.(site, shape) ?? rulesetDraft(site, shape),
        history: history(site, talk),
        edits: more.edits ?? EDITS,
        changes: more.changes?.(site, shape) ?? fc.constant([]),
        log: fc.constant(more.log ?? false),
        listings: fc.constant(more.listings ?? false),
      }),
    ),
  )
}

const timed = (sites, shape, talk, more = {}) =>
  cases(
    sites,
    shape,
    { waits: WAITS, maxHappenings: 14, ...talk },
    { conntrack: fc.constant('on'), sysctl: settings(TIMEOUTS), ...more },
  )

/** The helpers of broadcasts know a network only by the broadcast address that its device was given. */
function withBroadcasts(site) {
  const interfaces = Object.fromEntries(
    Object.entries(site.interfaces).map(([device, addresses]) => [
      device,
      addresses.map(address => (device === 'dmz0' || address.endsWith('/32') ? address : `${address} brd +`)),
    ]),
  )
  return { ...site, interfaces }
}

const SNMP = ['snmp', 'snmp-trap', 'snmp-search', 'udp']
const SIP = ['sip', 'sip', 'sip', 'sip-tcp', 'udp']

function helped(sites, protocols) {
  return fc.oneof(
    ...helpedPreambles(sites[0].family).map(preamble =>
      cases(
        sites,
        {
          tables: ['raw', 'nat', 'filter'],
          extensions: [...NAT, 'helper'],
          preamble: [...preamble, ...STATEFUL],
          always: true,
          maxRules: 3,
        },
        { protocols, maxConversations: 2, minHappenings: 16, maxHappenings: 40, twisted: 1, garbled: true },
        { draft: (site, shape) => withoutMarkedTemplates(rulesetDraft(site, shape)) },
      ),
    ),
  )
}

/** With lines about zones. */
const zoned = (site, shape) => withoutMarkedTemplates(headedBy(zoneLine, 'raw')(site, shape))

/** Without CONNMARK in raw, which would mark the templates of -j CT: see the ledger. */
function withoutMarkedTemplates(drafts) {
  return drafts.map(({ tables }) => ({
    tables: tables.map(table =>
      table.name === 'raw'
        ? { ...table, rules: table.rules.filter(({ words }) => !/-j CONNMARK/.test(words)) }
        : table,
    ),
  }))
}

const PROFILES = {
  neighbours: files => neighbours(files.length > 0 ? files : ownCases()),
  filter: () =>
    cases(
      EVERYWHERE4,
      {
        tables: ['raw', 'mangle', 'filter'],
        extensions: [...PLAIN, 'ttl', 'tos', 'TOS', 'TTL', 'MARK', 'mark', 'addrtype', 'iprange', 'length'],
      },
      { protocols: EVERYONE },
      { conntrack: fc.constantFrom('auto', 'auto', 'on') },
    ),
  tcp: () =>
    cases(
      [...V4, GATEWAY6],
      { tables: ['filter'], extensions: CT, preamble: TRACKED, maxRules: 3 },
      { protocols: ['tcp'], maxConversations: 2, twisted: 3 },
    ),
  'udp-icmp': () =>
    cases(
      [...V4, GATEWAY6],
      { tables: ['filter'], extensions: CT, preamble: TRACKED, maxRules: 3 },
      { protocols: ['udp', 'udp', 'icmp', 'icmp', 'sctp', 'udplite', 'gre', 'esp', 'other'], twisted: 3 },
    ),
  log: () =>
    cases(
      [GATEWAY, GATEWAY6],
      { tables: ['mangle', 'filter'], extensions: ['mark', 'MARK', 'REJECT'], maxRules: 3 },
      { protocols: EVERYONE, maxConversations: 3 },
      { draft: headedBy(logLine), log: true, edits: edits(5) },
    ),
  adversarial: () =>
    cases(
      EVERYWHERE4,
      { tables: ALL_TABLES, extensions: ALL, maxRules: 14 },
      { protocols: EVERYONE, twisted: 6 },
      { conntrack: fc.constantFrom('on', 'auto'), edits: edits(8) },
    ),
  nat: () =>
    cases(
      [...EVERYWHERE4, GATEWAY6, CROSSROADS6],
      { tables: ['raw', 'nat', 'filter'], extensions: NAT, preamble: STATEFUL, maxRules: 6 },
      { protocols: ['tcp', 'tcp', 'udp', 'udp', 'icmp', 'sctp'] },
    ),
  extensions: () =>
    cases(EVERYWHERE4, { tables: ALL_TABLES, extensions: ALL, maxRules: 8 }, { protocols: EVERYONE }),
  ipv6: () =>
    cases(
      [GATEWAY6, GATEWAY6, CROSSROADS6, LINK_LOCAL6, SERVICES6],
      { tables: ALL_TABLES, extensions: ALL, preamble: STATEFUL, maxRules: 6 },
      { protocols: EVERYONE },
    ),
  sets: () =>
    cases(
      [...V4, GATEWAY6],
      {
        tables: ['raw', 'mangle', 'filter'],
        extensions: ['set', 'SET', 'tcp', 'udp', 'mark', 'MARK', 'DNAT'],
        maxRules: 6,
      },
      { protocols: EVERYONE },
      { sets: setsText },
    ),
  protocols: () =>
    timed(
      [GATEWAY, MANY_ADDRESSES, GATEWAY6],
      { tables: ['raw', 'nat', 'filter'], extensions: NAT, preamble: TRACKED, maxRules: 3 },
      {
        protocols: ['sctp', 'sctp', 'sctp', 'sctp', 'gre', 'gre', 'udplite', 'esp', 'other', 'other', 'udp'],
        maxConversations: 3,
        maxHappenings: 20,
        twisted: 3,
      },
      { sysctl: fc.oneof(fc.constant({}), settings(PROTOCOL_TIMEOUTS)) },
    ),
  tables: () =>
    timed(
      [GATEWAY, MANY_ADDRESSES, GATEWAY6],
      {
        tables: ['raw', 'mangle', 'nat', 'filter'],
        extensions: [...CT, 'SNAT', 'DNAT', 'MASQUERADE', 'CT', 'CT', 'NOTRACK'],
        preamble: STATEFUL,
        maxRules: 4,
      },
      { protocols: EVERYONE, maxConversations: 3, maxHappenings: 18 },
      {
        sysctl: fc.oneof(fc.constant({}), settings(ALL_TIMEOUTS)),
        draft: zoned,
        changes,
      },
    ),
  helpers: () =>
    fc.oneof(
      {
        weight: 3,
        arbitrary: helped(V4.map(withBroadcasts), [
          'ftp',
          'ftp',
          'tftp',
          'irc',
          'amanda',
          'sane',
          'netbios',
          'pptp',
          'pptp',
          'pptp',
        ]),
      },
      { weight: 1, arbitrary: helped([GATEWAY6], ['ftp', 'ftp', 'tftp', 'amanda', 'sane']) },
      { weight: 2, arbitrary: helped(V4, SIP) },
      { weight: 1, arbitrary: helped([GATEWAY6], SIP) },
      { weight: 1, arbitrary: helped(V4.map(withBroadcasts), SNMP) },
    ),
  snmp: () => helped(V4.map(withBroadcasts), SNMP),
  /** SIP alone, as `helpers` has it among others. */
  sip: () =>
    fc.oneof({ weight: 2, arbitrary: helped(V4, SIP) }, { weight: 1, arbitrary: helped([GATEWAY6], SIP) }),
  /** Handshakes that SYNPROXY leads. */
  synproxy: () =>
    proxied([GATEWAY, GATEWAY6], fc.constantFrom({}, { 'net.netfilter.nf_conntrack_tcp_loose': 0 })),
  timeouts: () =>
    timed(
      [GATEWAY],
      { tables: ['filter', 'nat'], extensions: NAT, preamble: STATEFUL, maxRules: 3 },
      { protocols: EVERYONE },
    ),
  rates: () =>
    timed(
      [GATEWAY, GATEWAY6],
      { tables: ['filter'], extensions: CT, maxRules: 2 },
      { protocols: ['udp', 'icmp', 'tcp'], maxConversations: 2, maxHappenings: 40, twisted: 0 },
      { draft: headedBy(rateLine) },
    ),
  /** What `conntrack -L`, `conntrack -E`, `iptables -L` and `iptables -S` print. */
  listings: () =>
    cases(
      [GATEWAY, MANY_ADDRESSES, GATEWAY6],
      { tables: ['raw', 'nat', 'filter'], extensions: NAT, preamble: STATEFUL, maxRules: 4 },
      { protocols: [...EVERYONE, 'ftp'], maxConversations: 3, maxHappenings: 14 },
      { draft: zoned, conntrack: fc.constant('on'), listings: true },
    ),
  /** All of the others; what waits in real time, and what needs the kernel's log for itself, rarely. */
  mixed: files =>
    fc.oneof(
      ...Object.entries(PROFILES)
        .filter(([name]) => name !== 'mixed')
        .map(([name, make]) => ({ weight: SLOW.includes(name) ? 1 : 12, arbitrary: make(files) })),
    ),
}

const SLOW = ['timeouts', 'rates', 'log', 'protocols', 'tables', 'listings']

function ownCases() {
  const folder = fileURLToPath(new URL('../cases/', import.meta.url))
  return readdirSync(folder)
    .filter(isCaseFile)
    .map(name => `${folder}${name}`)
}
