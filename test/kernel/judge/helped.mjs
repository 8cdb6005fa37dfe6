/** Conversations that helpers read, with those helpers assigned, under all kinds of NAT. */

/** Which helper a generated conversation needs, and for which packets. */
const ASSIGNED = [
  ['tcp', 21, 'ftp'],
  ['udp', 69, 'tftp'],
  ['udp', 10080, 'amanda'],
  ['tcp', 6566, 'sane'],
  ['udp', 5060, 'sip'],
  ['tcp', 5060, 'sip'],
]
const ASSIGNED_4 = [
  ...ASSIGNED,
  ['tcp', 6667, 'irc'],
  ['udp', 137, 'netbios-ns'],
  ['udp', 161, 'snmp'],
  ['udp', 162, 'snmp_trap'],
  ['tcp', 1723, 'pptp'],
]

/** Usual ways to hide the inside and to publish a server: what POSTROUTING and PREROUTING do. */
const HIDDEN = {
  4: [
    ['-j MASQUERADE', undefined],
    ['-j SNAT --to-source 203.0.113.1', undefined],
    ['-j SNAT --to-source 203.0.113.1:5000-5010', '-j DNAT --to-destination 192.168.50.10'],
    [undefined, '-j DNAT --to-destination 192.168.50.10-192.168.50.20'],
    ['-j MASQUERADE --to-ports 4000-4001', '-j REDIRECT'],
  ],
  6: [
    ['-j MASQUERADE', undefined],
    ['-j SNAT --to-source 2001:db8:ffff::1', '-j DNAT --to-destination 2001:db8:50::10'],
  ],
}

/**
 * What the rulesets of a family begin with: helpers assigned for received and for sent packets, one of the usual ways of
 * NAT or none.
 * @param {4 | 6} family
 */
export function helpedPreambles(family) {
  const assigned = (family === 4 ? ASSIGNED_4 : ASSIGNED).flatMap(([protocol, port, name]) =>
    ['PREROUTING', 'OUTPUT'].map(chain =>
      line('raw', chain, `-p ${protocol} -m ${protocol} --dport ${port} -j CT --helper ${name}`),
    ),
  )
  const ways = HIDDEN[family].map(targets =>
    ['POSTROUTING', 'PREROUTING'].flatMap((chain, at) =>
      targets[at] === undefined
        ? []
        : [
            ...['tcp', 'udp'].map(protocol => line('nat', chain, `-p ${protocol} ${targets[at]}`)),
            rest(chain, targets[at]),
          ],
    ),
  )
  return [[], ...ways].map(way => [...assigned, ...way])
}

function line(table, chain, words) {
  return { table, rule: { chain, words } }
}

/** Whatever has no ports, above all GRE. */
function rest(chain, target) {
  return line('nat', chain, target.replace(/ --to-ports .*|:\d.*/, ''))
}
