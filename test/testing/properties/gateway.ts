import { createFirewall } from '../../../src/firewall.ts'
import type { FirewallState } from '../../../src/state.ts'

/** The box of these tests: a LAN, guests and servers inside, the world outside. */
export const BOX = {
  interfaces: {
    lan0: ['10.6.0.1/16'],
    guest0: ['10.7.0.1/16'],
    dmz0: ['192.168.50.1/24'],
    wan0: ['203.0.113.1/24'],
  },
  routes: ['default via 203.0.113.254 dev wan0'],
}

/** FORWARD and INPUT drop, OUTPUT accepts; `rules` are lines as iptables-save has them, `nat` and `raw` likewise. */
export function gateway(rules: string, { nat = '', raw = '' } = {}): FirewallState {
  const table = (name: string, lines: string): string =>
    lines === '' ? '' : `*${name}\n${lines.trim()}\nCOMMIT\n`
  const filter = `*filter\n:INPUT DROP\n:FORWARD DROP\n:OUTPUT ACCEPT\n${rules.trim()}\nCOMMIT\n`
  return createFirewall({ ...BOX, rules: `${table('raw', raw)}${table('nat', nat)}${filter}` })
}

export const ESTABLISHED = '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
