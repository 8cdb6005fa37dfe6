import type { Family } from '../../address.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import { defineTarget, OptionError, Verdict } from '../extension.ts'

export interface RejectOptions {
  /** The full name, e.g. `icmp-port-unreachable`: what `environment.reject` is told. */
  readonly rejectWith: string
}

/** Names and short names in the kernel's order: the first one that begins with what was written counts. */
const KINDS: Readonly<Record<Family, readonly (readonly [string, string])[]>> = {
  4: [
    ['icmp-net-unreachable', 'net-unreach'],
    ['icmp-host-unreachable', 'host-unreach'],
    ['icmp-proto-unreachable', 'proto-unreach'],
    ['icmp-port-unreachable', 'port-unreach'],
    ['icmp-net-prohibited', 'net-prohib'],
    ['icmp-host-prohibited', 'host-prohib'],
    ['tcp-reset', 'tcp-rst'],
    ['icmp-admin-prohibited', 'admin-prohib'],
  ],
  6: [
    ['icmp6-no-route', 'no-route'],
    ['icmp6-adm-prohibited', 'adm-prohibited'],
    ['icmp6-addr-unreachable', 'addr-unreach'],
    ['icmp6-port-unreachable', 'port-unreach'],
    ['tcp-reset', 'tcp-reset'],
    ['icmp6-policy-fail', 'policy-fail'],
    ['icmp6-reject-route', 'reject-route'],
  ],
}

/** `-j REJECT`: net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c. The engine makes the answer. */
export const reject = defineTarget<RejectOptions>({
  name: 'REJECT',
  tables: ['filter'],
  hooks: ['INPUT', 'FORWARD', 'OUTPUT'],
  summary: 'drop the packet and tell its sender',
  options: [
    {
      name: 'reject-with',
      arguments: 1,
      placeholder: 'type',
      help: 'icmp-port-unreachable (the default), another ICMP error, or tcp-reset',
      set(options, [text = ''], _negated, { family }) {
        options.rejectWith = parseKind(text, family)
      },
    },
  ],
  defaults: ({ family }) => ({
    rejectWith: family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable',
  }),
  check({ rejectWith }, { rule: { protocol } }) {
    if (rejectWith !== 'tcp-reset' || (protocol?.number === IPPROTO_TCP && !protocol.negated))
      return undefined
    return '--reject-with tcp-reset needs -p tcp'
  },
  save: ({ rejectWith }) => `--reject-with ${rejectWith}`,
  list: ({ rejectWith }) => `reject-with ${rejectWith}`,
  compile:
    ({ rejectWith }) =>
    (skb, environment) => {
      environment.reject(skb, rejectWith)
      return Verdict.DROP
    },
})

function parseKind(text: string, family: Family): string {
  const wanted = text.toLowerCase()
  const found = KINDS[family].find(names => names.some(name => name.startsWith(wanted)))
  if (found === undefined)
    throw new OptionError(`unknown reject type "${text}"`, {
      expected: KINDS[family].map(([name]) => name).join(' '),
    })
  return found[0]
}
