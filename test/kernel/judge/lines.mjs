/** Rules that only some profiles have, before those that `rulesetDraft` makes. */
import fc from 'fast-check'
import { rulesetDraft } from '../../../dist/testing/fast-check.js'

/** The LOG target with any of its options. */
export const logLine = fc
  .tuple(
    fc.constantFrom('INPUT', 'FORWARD', 'FORWARD', 'OUTPUT'),
    fc.constantFrom('', '-p tcp', '-p udp', '-m mark --mark 0x1', '-m mark ! --mark 0x1'),
    fc.constantFrom('', '--log-prefix "fw: "', '--log-prefix x', '--log-prefix "it is a long prefix 123456"'),
    fc.constantFrom('', '--log-level 7', '--log-level warning', '--log-level 0', '--log-level debug'),
    fc.subarray([
      '--log-tcp-sequence',
      '--log-tcp-options',
      '--log-ip-options',
      '--log-uid',
      '--log-macdecode',
    ]),
  )
  .map(([chain, matches, prefix, level, options]) =>
    line(chain, matches, '-j LOG', prefix, level, ...options),
  )

const RATES = ['1/second', '2/second', '1/minute', '30/minute', '1/hour']
const BURSTS = ['1', '2', '3', '5']

const limit = fc
  .tuple(fc.constantFrom(...RATES), fc.constantFrom(...BURSTS))
  .map(([rate, burst]) => `-m limit --limit ${rate} --limit-burst ${burst}`)

const hashlimit = fc
  .tuple(
    fc.constantFrom('upto', 'above'),
    fc.constantFrom(...RATES),
    fc.constantFrom(...BURSTS),
    fc.constantFrom(
      '',
      '--hashlimit-mode srcip',
      '--hashlimit-mode dstip,dstport',
      '--hashlimit-mode srcip,srcport',
    ),
    fc.constantFrom('h1', 'h2', 'h3'),
  )
  .map(
    ([kind, rate, burst, mode, name]) =>
      // an entry that expires makes room for a full one, at a moment that the kernel chooses
      `-m hashlimit --hashlimit-${kind} ${rate} --hashlimit-burst ${burst} ${mode} --hashlimit-htable-expire 100000000 --hashlimit-name ${name}${kind}${rate.length}${burst}`,
  )

const recent = fc
  .tuple(
    fc.constantFrom('--set', '--rcheck', '--update', '--remove', '! --rcheck', '! --update'),
    fc.constantFrom('', '--seconds 2', '--seconds 3', '--seconds 1'),
    fc.constantFrom('', '--hitcount 2', '--hitcount 3'),
    fc.constantFrom('', '--rttl', '--reap'),
    fc.constantFrom('--name r1', '--name r2'),
    fc.constantFrom('', '--rdest'),
  )
  .map(([action, seconds, hits, more, name, side]) => {
    const checks = /rcheck|update/.test(action)
    const reap = more === '--reap' && seconds === '' ? '' : more
    return ['-m recent', action, ...(checks ? [seconds, hits, reap] : []), name, side].join(' ')
  })

/** Matches that remember when: token buckets and lists of addresses. */
export const rateLine = fc
  .tuple(
    fc.constantFrom('INPUT', 'FORWARD', 'FORWARD'),
    fc.oneof(limit, hashlimit, recent),
    fc.constantFrom('', '-j ACCEPT', '-j DROP', '-j RETURN'),
  )
  .map(([chain, match, target]) => line(chain, match, target))

/** Which table of connections a packet belongs to, and what is told about it. */
export const zoneLine = fc
  .tuple(
    fc.constantFrom('PREROUTING', 'PREROUTING', 'OUTPUT'),
    fc.constantFrom('', '-p tcp', '-p udp', '-p icmp', '-m mark --mark 0x1'),
    fc.constantFrom(
      '--zone 1',
      '--zone 2',
      '--zone-orig 3',
      '--zone-orig 1',
      '--zone-reply 4',
      '--zone-reply 1',
      '--zone mark',
      '--zone-orig mark',
      '--notrack',
      '--ctevents new,destroy',
      '--ctevents assured,mark --zone 1',
      '--expevents new',
    ),
  )
  .map(([chain, matches, options]) => line(chain, matches, '-j CT', options))

function line(chain, ...words) {
  return {
    chain,
    words: words
      .filter(word => word !== '')
      .join(' ')
      .replace(/ +/g, ' '),
  }
}

/** `rulesetDraft` with a handful of such lines at the head of a table. */
export function headedBy(lines, table = 'filter') {
  return (site, shape) =>
    fc
      .tuple(rulesetDraft(site, shape), fc.array(lines, { minLength: 1, maxLength: 6 }))
      .map(([draft, head]) => {
        const found = draft.tables.find(({ name }) => name === table) ?? {
          name: table,
          policies: {},
          rules: [],
        }
        const others = draft.tables.filter(({ name }) => name !== table)
        return { tables: [...others, { ...found, rules: [...head, ...found.rules] }] }
      })
}
