import { IPPROTO_TCP } from '../../packet/protocols.ts'
import { defineTarget, OptionError, type OptionSpec, type SynproxyOffer } from '../extension.ts'
import { parseNumber } from '../numbers.ts'

/** `-j SYNPROXY`: net/ipv4/netfilter/ipt_SYNPROXY.c, net/ipv6/netfilter/ip6t_SYNPROXY.c. The engine does it: src/synproxy. */
export const synproxy = defineTarget<SynproxyOffer>({
  name: 'SYNPROXY',
  hooks: ['INPUT', 'FORWARD'],
  protocols: [IPPROTO_TCP],
  summary: 'shake hands with the client before the server hears of it',
  options: [
    flag('sack-perm', 'sackPerm', 'offer selective acknowledgements'),
    flag('timestamp', 'timestamp', 'offer timestamps'),
    number('wscale', 0xff, 'window scale to offer'),
    number('mss', 0xffff, 'maximum segment size to offer'),
    flag('ecn', 'ecn', 'offer explicit congestion notification'),
  ],
  defaults: () => ({ sackPerm: false, timestamp: false, ecn: false }),
  needsConntrack: () => true,
  needsSynproxy: true,
  save: options => parts(options, '--').join(' '),
  list: options =>
    `SYNPROXY ${parts(options, '')
      .map(part => `${part} `)
      .join('')}`,
  compile: offer => (skb, environment) => environment.synproxy(skb, offer),
})

function flag(
  name: string,
  field: 'sackPerm' | 'timestamp' | 'ecn',
  help: string,
): OptionSpec<SynproxyOffer> {
  return {
    name,
    arguments: 0,
    help,
    set(options) {
      options[field] = true
    },
  }
}

/** iptables reads 32 bits and keeps as many as the field has. */
function number(name: 'wscale' | 'mss', mask: number, help: string): OptionSpec<SynproxyOffer> {
  return {
    name,
    arguments: 1,
    placeholder: 'number',
    help,
    set(options, [text = '']) {
      const value = parseNumber(text, 0, 0xffff_ffff)
      if (value === undefined) throw new OptionError(`bad value '${text}'`, { expected: 'a number' })
      options[name] = value & mask
    },
  }
}

function parts({ sackPerm, timestamp, wscale, mss, ecn }: SynproxyOffer, dashes: string): string[] {
  return [
    sackPerm && `${dashes}sack-perm`,
    timestamp && `${dashes}timestamp`,
    wscale !== undefined && `${dashes}wscale ${wscale}`,
    mss !== undefined && `${dashes}mss ${mss}`,
    ecn && `${dashes}ecn`,
  ].filter(part => part !== false)
}
