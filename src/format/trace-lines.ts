import type { Outcome } from '../outcome.ts'
import { Skb } from '../packet/skb.ts'
import type { Hook, Rule } from '../rules/model.ts'
import { LogFlag } from '../rules/targets/log-flags.ts'
import { logLine } from '../rules/targets/log-line.ts'

/**
 * What `-j TRACE` in raw makes the kernel log about a packet's way: `TRACE: filter:FORWARD:rule:3 IN=lan0 OUT=wan0 …`.
 * With the kernel's own oddity: a rule without conditions that only accepts, drops or returns is called `policy` in a
 * base chain and `return` in a user chain (`get_chainname_rulenum`, net/ipv4/netfilter/ip_tables.c).
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p udp -j DROP' })
 * const outcome = step(box, { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) })
 * traceLines(outcome)[0].slice(0, 39) // 'TRACE: filter:INPUT:rule:1 IN=eth0 OUT='
 */
export function traceLines(outcome: Outcome): string[] {
  const lines: string[] = []
  for (const traversal of outcome.trace) {
    let hook: Hook = 'PREROUTING'
    let inDevice = ''
    let outDevice = ''
    for (const step of traversal.steps) {
      if (step.kind === 'hook') {
        hook = step.hook
        inDevice = step.in
        outDevice = step.out
        continue
      }
      if (step.kind !== 'policy' && step.kind !== 'return' && !(step.kind === 'rule' && step.matched))
        continue
      const label =
        step.kind === 'rule'
          ? `${comment(step.rule, step.chain)}:${step.number}`
          : `${step.kind}:${step.length + 1}`
      const skb = new Skb(step.packet[0]! >> 4 === 6 ? 6 : 4, step.packet)
      skb.inDevice = inDevice
      skb.outDevice = outDevice
      skb.mark = step.mark
      const prefix = `TRACE: ${step.table}:${step.chain}:${label} `
      lines.push(
        logLine(skb, {
          prefix,
          flags: LogFlag.TCP_SEQUENCE | LogFlag.TCP_OPTIONS | LogFlag.IP_OPTIONS | LogFlag.UID,
          hook,
        }),
      )
    }
  }
  return lines
}

const BASE_CHAINS: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']

function comment(rule: Rule, chain: string): 'rule' | 'policy' | 'return' {
  const conditional =
    rule.matches.length > 0 ||
    [rule.source, rule.destination, rule.inInterface, rule.outInterface, rule.protocol, rule.fragment].some(
      part => part !== undefined,
    )
  if (conditional || rule.target.kind !== 'verdict') return 'rule'
  return BASE_CHAINS.includes(chain) ? 'policy' : 'return'
}
