/** What people do to a firewall while it runs. */
import fc from 'fast-check'
import { rulesetDraft } from '../../../dist/testing/fast-check.js'
import { ALL_TIMEOUTS, settings } from './settings.mjs'

/** Rules and settings that change half way, in a few of the cases. */
export function changes(site, shape) {
  const change = fc.oneof(
    commands(site, shape).map(iptables => ({ iptables })),
    settings(ALL_TIMEOUTS)
      // beside a rule with connbytes the order of the two would count: a row of docs/fidelity.md
      .map(({ 'net.netfilter.nf_conntrack_acct': _, ...rest }) => rest)
      .filter(sysctl => Object.keys(sysctl).length > 0)
      .map(sysctl => ({ sysctl })),
  )
  return fc.array(fc.record({ at: fc.nat(30), step: change }), { maxLength: 3, size: 'max' })
}

/** One command of iptables about the tables of the case. */
function commands(site, shape) {
  const added = rulesetDraft(site, { ...shape, preamble: [], maxRules: 1 })
    .filter(({ tables }) => tables.some(({ rules }) => rules.length > 0))
    .map(({ tables }) => {
      const { name, rules } = tables.find(one => one.rules.length > 0)
      return { table: name, ...rules[0] }
    })
  const hook = fc.constantFrom(...['INPUT', 'FORWARD', 'OUTPUT'].map(chain => `-t filter ? ${chain}`))
  const place = fc.constantFrom('PREROUTING', 'OUTPUT').map(chain => `-t raw ? ${chain}`)
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(added, fc.constantFrom('-A', '-I', '-I'))
        .map(([{ table, chain, words }, how]) => `-t ${table} ${how} ${chain} ${words}`.trim()),
    },
    fc
      .tuple(fc.oneof(hook, place), fc.constantFrom('-D ? 1', '-D ? 2', '-F ?', '-Z ?', '-R ? 1 -j ACCEPT'))
      .map(([where, how]) => commandOf(where, how)),
    fc.tuple(hook, fc.constantFrom('-P ? DROP', '-P ? ACCEPT')).map(([where, how]) => commandOf(where, how)),
  )
}

/** `-t filter ? INPUT` and `-D ? 1` are `-t filter -D INPUT 1`. */
function commandOf(where, how) {
  const [table, chain] = where.split(' ? ')
  return `${table} ${how.replace('?', chain)}`
}
