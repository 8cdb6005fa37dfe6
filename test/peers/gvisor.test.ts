import { describe, expect, it } from 'vitest'
import {
  createFirewall,
  DiagnosticError,
  type Family,
  type FirewallState,
  runIptables,
} from '../../src/index.ts'
import { type Line, play } from './script.ts'

/**
 * gVisor checks its own netfilter with tests that must also hold on Linux (test/iptables: filter_input.go,
 * filter_output.go, nat.go, mangle.go, reject.go, conntrack.go). The same claims here, each for both families: commands as
 * arrays of words, as gVisor's are, a packet, and whether the listener behind the port hears of it.
 */
type Case = readonly [name: string, commands: readonly string[], arrives: string, becomes: string]

/** `BOX`, `PEER` and `NOWHERE` stand for addresses of the family, `@` for a new connection or datagram to port 2402. */
const ADDRESSES = {
  4: { BOX: '192.0.2.1', PEER: '192.0.2.9', NOWHERE: '198.51.100.7', LOCAL: '127.0.0.1', icmp: 'icmp' },
  6: { BOX: '2001:db8::1', PEER: '2001:db8::9', NOWHERE: '2001:db8:f::7', LOCAL: '::1', icmp: 'icmp6' },
} as const

function inFamily(text: string, family: Family): string {
  const names = ADDRESSES[family]
  return text.replace(/(BOX|PEER|NOWHERE|LOCAL)(:\d+)?/g, (_, name: keyof typeof names, port?: string) =>
    port !== undefined && family === 6 ? `[${names[name]}]${port}` : `${names[name]}${port ?? ''}`,
  )
}

function box(commands: readonly string[], family: Family): FirewallState {
  const start = createFirewall({
    interfaces: { eth0: ['192.0.2.1/24', '2001:db8::1/64'] },
    routes: ['default via 192.0.2.254 dev eth0', 'default via 2001:db8::ff dev eth0'],
  })
  return commands.reduce((state, command) => {
    const answer = runIptables(state, inFamily(command, family).split(' '), family)
    if (answer.exitCode !== 0) throw new DiagnosticError(answer.diagnostics)
    return answer.state
  }, start)
}

const UDP = 'eth0: udp PEER:5000 > BOX:2402'
const SYN = 'eth0: tcp PEER:5000 > BOX:2402 S seq=0'
const heard = (arrives: string, port = 2402): string =>
  arrives.replace(/^\w+/, 'local').replace('2402', `${port}`)

const filter: Case[] = [
  ['FilterInputDropUDP', ['-A INPUT -p udp -j DROP'], UDP, 'dropped'],
  ['FilterInputDropOnlyUDP', ['-A INPUT -p udp -j DROP'], SYN, heard(SYN)],
  ['FilterInputDropUDPPort', ['-A INPUT -p udp -m udp --destination-port 2402 -j DROP'], UDP, 'dropped'],
  [
    'FilterInputDropDifferentUDPPort',
    ['-A INPUT -p udp -m udp --destination-port 2401 -j DROP'],
    UDP,
    heard(UDP),
  ],
  ['FilterInputDropTCPDestPort', ['-A INPUT -p tcp -m tcp --dport 2402 -j DROP'], SYN, 'dropped'],
  ['FilterInputDropTCPSrcPort', ['-A INPUT -p tcp -m tcp --sport 1024:65535 -j DROP'], SYN, 'dropped'],
  ['FilterInputDropAll', ['-A INPUT -j DROP'], UDP, 'dropped'],
  ['FilterInputDefaultPolicyAccept', ['-P INPUT ACCEPT'], UDP, heard(UDP)],
  ['FilterInputDefaultPolicyDrop', ['-P INPUT DROP'], UDP, 'dropped'],
  [
    'FilterInputReturnUnderflow',
    ['-A INPUT -j RETURN', '-A INPUT -j DROP', '-P INPUT ACCEPT'],
    UDP,
    heard(UDP),
  ],
  [
    'FilterInputJumpBasic',
    ['-P INPUT DROP', '-N foo', '-A INPUT -j foo', '-A foo -j ACCEPT'],
    UDP,
    heard(UDP),
  ],
  [
    'FilterInputJumpReturn',
    ['-N foo', '-A INPUT -j foo', '-A foo -j RETURN', '-A foo -j DROP'],
    UDP,
    heard(UDP),
  ],
  [
    'FilterInputJumpReturnDrop',
    ['-N foo', '-A INPUT -j foo', '-A INPUT -j DROP', '-A foo -j RETURN'],
    UDP,
    'dropped',
  ],
  [
    'FilterInputJumpTwice',
    ['-P INPUT DROP', '-N foo', '-N foo2', '-A INPUT -j foo', '-A foo -j foo2', '-A INPUT -j ACCEPT'],
    UDP,
    heard(UDP),
  ],
  ['FilterInputDestination', ['-P INPUT DROP', '-A INPUT -d BOX -j ACCEPT'], UDP, heard(UDP)],
  ['FilterInputInvertDestination', ['-P INPUT DROP', '-A INPUT ! -d LOCAL -j ACCEPT'], UDP, heard(UDP)],
  ['FilterInputSource', ['-P INPUT DROP', '-A INPUT -s PEER -j ACCEPT'], UDP, heard(UDP)],
  ['FilterInputInvertSource', ['-P INPUT DROP', '-A INPUT ! -s LOCAL -j ACCEPT'], UDP, heard(UDP)],
  [
    'FilterOutputDropTCPSrcPort',
    ['-A OUTPUT -p tcp -m tcp --sport 2401 -j DROP'],
    'local: tcp BOX:2401 > PEER:5000 S seq=0',
    'dropped',
  ],
  [
    'FilterOutputDestination',
    ['-A OUTPUT -d PEER -j ACCEPT', '-P OUTPUT DROP'],
    'local: udp BOX:5000 > PEER:2402',
    'eth0: udp BOX:5000 > PEER:2402',
  ],
  [
    'FilterOutputInvertDestination',
    ['-A OUTPUT ! -d LOCAL -j ACCEPT', '-P OUTPUT DROP'],
    'local: udp BOX:5000 > PEER:2402',
    'eth0: udp BOX:5000 > PEER:2402',
  ],
  ['FilterInputRejectDefaultUnmatched', ['-A INPUT -p tcp --dport 2401 -j REJECT'], SYN, heard(SYN)],
  [
    'FilterInputRejectTCPReset',
    ['-A INPUT -p tcp --dport 2402 -j REJECT --reject-with tcp-reset'],
    SYN,
    'rejected, eth0: tcp BOX:2402 > PEER:5000 RA seq=0 ack=1 win=0 id=0',
  ],
]

const states: Case[] = [
  [
    'FilterInputConntrackNewDrop',
    ['-A INPUT -p tcp -m conntrack --ctstate NEW --dport 2402 -j DROP'],
    SYN,
    'dropped',
  ],
  [
    'FilterInputConntrackUDPNewDrop',
    ['-A INPUT -p udp -m conntrack --ctstate NEW --dport 2402 -j DROP'],
    UDP,
    'dropped',
  ],
  [
    'FilterInputConntrackInvertNewDrop',
    ['-A INPUT -p tcp -m conntrack ! --ctstate NEW --dport 2402 -j DROP'],
    SYN,
    heard(SYN),
  ],
  [
    'FilterOutputConntrackDNAT',
    [
      '-A OUTPUT -p udp -m conntrack ! --ctstate DNAT -j DROP',
      '-t nat -A OUTPUT -d NOWHERE -p udp -m udp -j DNAT --to-destination LOCAL:2402',
    ],
    'local: udp BOX:5000 > NOWHERE:2401',
    'local: udp BOX:5000 > LOCAL:2402',
  ],
  [
    'FilterOutputConntrackNoDNAT',
    ['-A OUTPUT -p udp -m conntrack --ctstate DNAT -j DROP'],
    'local: udp LOCAL:5000 > LOCAL:2402',
    'local: udp LOCAL:5000 > LOCAL:2402',
  ],
]

const mangle: Case[] = [
  [
    'ManglePreroutingRuleContinue',
    [
      '-t mangle -A PREROUTING -p udp --dport 2402 -j MARK --set-mark 0x42',
      '-t mangle -A PREROUTING -p udp -m mark --mark 0x42 --dport 2402 -j DROP',
    ],
    UDP,
    'dropped',
  ],
  [
    'MangleMarkPropagateToFilter',
    [
      '-t mangle -A PREROUTING -p udp --dport 2402 -j MARK --set-mark 0x10',
      '-A INPUT -p udp -m mark --mark 0x10 --dport 2402 -j DROP',
    ],
    UDP,
    'dropped',
  ],
  ['MangleInputDrop', ['-t mangle -A INPUT -p udp --dport 2402 -j DROP'], UDP, 'dropped'],
]

const nat: Case[] = [
  ['NATPreRedirectUDPPort', ['-t nat -A PREROUTING -p udp -j REDIRECT --to-ports 42'], UDP, heard(UDP, 42)],
  [
    'NATPreRedirectTCPPort',
    ['-t nat -A PREROUTING -p tcp -m tcp --dport 2402 -j REDIRECT --to-ports 2401'],
    SYN,
    heard(SYN, 2401),
  ],
  [
    'NATPreRedirectTCPOutgoing',
    ['-t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 2401'],
    'local: tcp BOX:5000 > PEER:2402 S seq=0',
    'eth0: tcp BOX:5000 > PEER:2402 S seq=0',
  ],
  ['NATOutRedirectTCPIncoming', ['-t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 2401'], SYN, heard(SYN)],
  [
    'NATOutRedirectUDPPort',
    ['-t nat -A OUTPUT -p udp -j REDIRECT --to-ports 2402'],
    'local: udp BOX:5000 > NOWHERE:2401',
    'local: udp BOX:5000 > LOCAL:2402',
  ],
  ['NATAcceptAll', ['-t nat -A PREROUTING -p udp -j ACCEPT'], UDP, heard(UDP)],
  ['NATPreRedirectIP', ['-t nat -A PREROUTING -p udp -d BOX -j REDIRECT --to-ports 42'], UDP, heard(UDP, 42)],
  [
    'NATPreDontRedirectIP',
    ['-t nat -A PREROUTING -p udp -d LOCAL -j REDIRECT --to-ports 42'],
    UDP,
    heard(UDP),
  ],
  [
    'NATPreRedirectInvert',
    ['-t nat -A PREROUTING -p udp ! -d LOCAL -j REDIRECT --to-ports 42'],
    UDP,
    heard(UDP, 42),
  ],
  [
    'NATOutRedirectIP',
    ['-t nat -A OUTPUT -d NOWHERE -p udp -j REDIRECT --to-port 2402'],
    'local: udp BOX:5000 > NOWHERE:2401',
    'local: udp BOX:5000 > LOCAL:2402',
  ],
  [
    'NATOutDontRedirectIP',
    ['-t nat -A OUTPUT -d LOCAL -p udp -j REDIRECT --to-port 2401'],
    'local: udp BOX:5000 > PEER:2402',
    'eth0: udp BOX:5000 > PEER:2402',
  ],
  [
    'NATOutRedirectInvert',
    ['-t nat -A OUTPUT ! -d PEER -p udp -j REDIRECT --to-port 2402'],
    'local: udp BOX:5000 > NOWHERE:2401',
    'local: udp BOX:5000 > LOCAL:2402',
  ],
  [
    'NATLoopbackSkipsPrerouting',
    ['-t nat -A PREROUTING -p tcp -j REDIRECT --to-port 2401'],
    'local: tcp LOCAL:5000 > LOCAL:2402 S seq=0',
    'local: tcp LOCAL:5000 > LOCAL:2402 S seq=0',
  ],
]

const cases = [...filter, ...states, ...mangle, ...nat]

describe.each([4, 6] as const)("gVisor's iptables tests, IPv%i", family => {
  it.each(cases)('%s', (_, commands, arrives, becomes) => {
    const line: Line = [inFamily(arrives, family), inFamily(becomes, family)]
    const [[, really = ''] = []] = play(box(commands, family), [line]).told
    // only IPv4 headers have an id
    expect(really.replace(/ id=0$/, '')).toBe(line[1].replace(/ id=0$/, ''))
  })

  it('FilterInputConntrackRelated: an answer that nobody listens reaches the socket that asked', () => {
    const { icmp } = ADDRESSES[family]
    const state = box(
      ['-A INPUT -s PEER -m conntrack --ctstate RELATED -j ACCEPT', '-A INPUT -s PEER -j DROP'],
      family,
    )
    const error = inFamily(`${icmp} PEER > BOX port-unreachable { udp BOX:5000 > PEER:2401 len=1 }`, family)
    const stray = error.replace(/5000(?= >)/, '5001')
    const sent = inFamily('udp BOX:5000 > PEER:2401 len=1', family)
    const { told } = play(state, [
      [`local: ${sent}`, ''],
      [`eth0: ${error}`, ''],
      [`eth0: ${stray}`, ''],
    ])
    expect(told.map(([, becomes]) => becomes)).toEqual([`eth0: ${sent}`, `local: ${error}`, 'dropped'])
  })

  it.each([
    ['FilterInputRequireProtocolUDP', '-A INPUT -m udp --destination-port 2401 -j DROP'],
    ['FilterInputJumpBuiltin', '-A INPUT -j OUTPUT'],
    ['NATRedirectRequiresProtocol', '-t nat -A PREROUTING -d LOCAL -j REDIRECT --to-ports 2402'],
  ])('%s is refused', (_, command) => {
    expect(runIptables(createFirewall(), inFamily(command, family), family).exitCode).not.toBe(0)
  })
})
