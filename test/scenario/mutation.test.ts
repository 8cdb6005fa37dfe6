import { afterEach, describe, expect, it } from 'vitest'
import { HOOK_STAGES } from '../../src/hooks.ts'
import { conntrack, nat, type Stage } from '../../src/stages.ts'
import { EXAMPLES, readExample, runText } from './support.ts'

const STAGES = HOOK_STAGES as unknown as Record<string, Stage[]>
const ORIGINAL = structuredCloneOf(STAGES)

function structuredCloneOf(stages: Record<string, Stage[]>): Record<string, readonly Stage[]> {
  return Object.fromEntries(Object.entries(stages).map(([hook, list]) => [hook, [...list]]))
}

afterEach(() => {
  for (const [hook, list] of Object.entries(ORIGINAL))
    STAGES[hook]!.splice(0, Number.POSITIVE_INFINITY, ...list)
})

/** The engine without one of its stages. */
function withoutStage(stage: Stage): void {
  for (const list of Object.values(STAGES)) while (list.includes(stage)) list.splice(list.indexOf(stage), 1)
}

/** The expectations that do not hold, by their place; or what the run broke off with. */
function broken(file: string, change: (text: string) => string = text => text): string[] {
  try {
    return runText(change(readExample(file)), file).failures.map(({ path }) => path.join('.'))
  } catch (error) {
    return [String(error)]
  }
}

/** Exchanges what two lines of a text say, each found by a part of it; every line keeps its indentation. */
function swapLines(text: string, a: string, b: string): string {
  const lines = text.split('\n')
  const [first, second] = [a, b].map(part => lines.findIndex(line => line.includes(part))) as [number, number]
  if (first < 0 || second < 0) throw new RangeError(`no line with '${first < 0 ? a : b}'`)
  const [one, other] = [lines[first]!.trim(), lines[second]!.trim()]
  lines[first] = lines[first]!.replace(one, () => other)
  lines[second] = lines[second]!.replace(other, () => one)
  return lines.join('\n')
}

interface Mutations {
  /** An expectation that fails without connection tracking. Absent: the story does without it. */
  readonly conntrack?: string
  /** One that fails without NAT. Absent: nothing is translated. */
  readonly nat?: string
  /** Two rules, and an expectation that fails when they change places. */
  readonly swap: readonly [a: string, b: string, expectation: string]
}

const ESTABLISHED = '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED'

const STORIES: Readonly<Record<string, Mutations>> = {
  '000-behind-nat': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '--dport 80 -j ACCEPT', 'steps.4.each.0.expect.1.packets.0.by'],
  },
  '000-cloud-tunnel': {
    conntrack: 'steps.3.expect.packets.0.ctstate',
    nat: 'steps.4.expect.status',
    swap: [ESTABLISHED, '-A FORWARD -i lan0 -o wan0', 'steps.3.expect.packets.1.by'],
  },
  '000-handshake': {
    conntrack: 'steps.1.expect.packets.0.by',
    swap: [ESTABLISHED, '-i lan0 -m conntrack --ctstate NEW', 'steps.1.expect.packets.0.by'],
  },
  '000-listening': {
    conntrack: 'steps.1.expect.packets.0.ctstate',
    swap: ['-A INPUT -m conntrack', '-m multiport', 'steps.1.expect.packets.0.by'],
  },
  '000-one-server': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A INPUT -i lo', '-A INPUT -m conntrack', 'steps.0.expect.packets.1.by'],
  },
  '000-tunnel-misconceptions': {
    conntrack: 'steps.0.expect.listings.0.has',
    nat: 'steps.2.expect.status',
    swap: ['-m string --algo bm', ESTABLISHED, 'steps.3.fork.in the clear.1.expect.outcome'],
  },
  '000-who-is-client': {
    conntrack: 'steps.1.expect.outcome',
    swap: ['-A INPUT -i lo', '-A INPUT -m conntrack', 'steps.1.expect.packets.1.by'],
  },
  '001-egress': { swap: ['-d api.stripe.com', '--dport 443 -j DROP', 'steps.1.expect.outcome'] },
  '001-egress-by-address': {
    swap: ['--dport 80 -d 203.0.113.45', '--dport 80 -j DROP', 'steps.0.expect.outcome'],
  },
  '001-load-balancer': {
    conntrack: 'steps.0.expect.packets.0.ctstate',
    swap: ['-A OUTPUT -m state', '-A OUTPUT -o lan0', 'steps.0.expect.packets.0.by'],
  },
  '001-microservices': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A OUTPUT -p tcp --dport 3000', '-d api.example.com', 'steps.0.expect.packets.1.by'],
  },
  '001-reverse-proxy': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A INPUT -m state', '-A INPUT -i wan0', 'steps.0.expect.packets.0.by'],
  },
  '001-stateless': {
    conntrack: 'steps.2.expect.outcome',
    swap: ['--sport 80 -m state', '--sport 443 -m state', 'steps.3.expect.packets.0.by'],
  },
  '001-stateless-hole': {
    conntrack: 'steps.1.expect.outcome',
    swap: ['# Incoming HTTP', '# Incoming HTTPS', 'steps.0.expect.packets.0.by'],
  },
  '001-web-server': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A INPUT -p tcp --dport 80', '-A INPUT -p tcp --dport 443', 'steps.0.expect.packets.0.by'],
  },
  '001-webhook': {
    conntrack: 'steps.0.each.0.expect.0.outcome',
    swap: ['-A INPUT -p tcp --dport 443', '-A INPUT -m state', 'steps.0.each.0.expect.0.packets.0.by'],
  },
  '002-audit': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['-j LOG --log-prefix "outbound', '--dports 80,443 -j ACCEPT', 'steps.0.expect.log'],
  },
  '002-hospital': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['port=443 proto=TCP', 'DENY src=ANY dst=ANY', 'steps.0.expect.outcome'],
  },
  '002-nat-gateway': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0 -o wan0', 'steps.0.expect.packets.0.by'],
  },
  '002-patient-portal': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['ALLOW dst=10.9.0.5 port=443', 'ALLOW src=10.6.0.0/16 port=80,443', 'steps.0.expect.outcome'],
  },
  '003-incoming': {
    conntrack: 'steps.2.expect.outcome',
    nat: 'steps.2.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.2.expect.packets.2.by'],
  },
  '003-off-host-incoming': {
    conntrack: 'steps.0.each.0.expect.1.outcome',
    nat: 'steps.0.each.0.expect.1.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.0.each.0.expect.1.packets.1.by'],
  },
  '003-off-host-outgoing': {
    conntrack: 'steps.4.expect.outcome',
    nat: 'steps.4.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.3.expect.packets.0.by'],
  },
  '003-outgoing': {
    conntrack: 'steps.2.expect.outcome',
    nat: 'steps.2.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.1.expect.packets.0.by'],
  },
  '004-four-firewalls': {
    conntrack: 'steps.0.fork.stateful filter.0.expect.outcome',
    swap: [
      '--dport 80 -j ACCEPT',
      '--sport 443 -j ACCEPT',
      'steps.1.fork.stateless filter.0.expect.packets.0.by',
    ],
  },
  '004-idle': {
    conntrack: 'steps.0.each.2.expect.0.outcome',
    nat: 'steps.0.each.2.expect.0.outcome',
    swap: ['-A FORWARD -m conntrack', '-A FORWARD -i lan0', 'steps.0.each.1.expect.1.packets.0.by'],
  },
  '004-puzzle': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A FORWARD -m conntrack', '-A FORWARD -i lan0', 'steps.0.expect.packets.1.by'],
  },
  '004-socks-tunnel': {
    conntrack: 'steps.1.expect.outcome',
    nat: 'steps.1.expect.outcome',
    swap: ['-A FORWARD -m conntrack', '-A FORWARD -i lan0', 'steps.3.expect.packets.0.by'],
  },
  '004-streaming': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0 -o wan0', 'steps.0.expect.packets.0.by'],
  },
  '004-websocket': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['-A FORWARD -m conntrack', '-A FORWARD -i lan0', 'steps.0.expect.packets.1.by'],
  },
  '004-zones': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['ALLOW proto=TCP port=80', 'DENY src=ANY', 'steps.0.expect.outcome'],
  },
  'dnat-balancing': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['--to-destination 10.0.0.11', '--to-destination 10.0.0.12', 'steps.0.expect.reaches'],
  },
  'published-port': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['-A FORWARD -j DOCKER-USER', '-A FORWARD -o docker0', 'steps.0.expect.packets.0.by'],
  },
  'rules-that-remember': {
    conntrack: 'steps.9.expect.outcome',
    swap: ['--dport 8000', '--dport 9000', 'steps.2.expect.packets.0.by'],
  },
  'spoofed-sender': {
    conntrack: 'steps.0.expect.packets.0.ctstate',
    swap: [ESTABLISHED, '-A FORWARD -s 10.6.0.0/24', 'steps.1.each.0.expect.0.packets.0.by'],
  },
  'transparent-proxy': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['-d 203.0.113.80 -j ACCEPT', '--to-ports 3128', 'steps.2.expect.says'],
  },
  'asymmetric-routing': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.2.each.0.expect.2.outcome',
    swap: ['--ctstate INVALID -j DROP', '-i in0 -o out0 -m conntrack', 'steps.1.expect.packets.0.by'],
  },
  'bad-links': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['--ctstate INVALID', '--ctstate NEW', 'steps.2.each.0.expect.0.packets.0.by'],
  },
  'dns-race': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '--dport 53 -m conntrack', 'steps.0.expect.packets.0.by'],
  },
  'dual-stack': {
    conntrack: 'steps.4.each.1.expect.packets.0.ctstate',
    swap: ['ip6tables -A INPUT -m', 'ip6tables -A INPUT -p', 'steps.4.each.1.expect.packets.0.by'],
  },
  'ftp-helper': {
    conntrack: 'steps.1.each.0.expect.outcome',
    nat: 'steps.1.each.0.expect.outcome',
    swap: [ESTABLISHED, '-p tcp --dport 21 -j ACCEPT', 'steps.1.each.3.expect.1.packets.0.by'],
  },
  'hairpin-nat': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: ['--ctstate DNAT', '-A FORWARD -i lan0', 'steps.0.expect.packets.0.by'],
  },
  'invalid-leak': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.1.expect.packets.0.by'],
  },
  'log-before-drop': { swap: ['--dport 22 -j DROP', '--dport 22 -j LOG', 'steps.0.expect.packets.0.by'] },
  'nat-port-clash': {
    conntrack: 'steps.0.expect.outcome',
    nat: 'steps.0.expect.outcome',
    swap: [ESTABLISHED, '-A FORWARD -i lan0', 'steps.0.expect.packets.0.by'],
  },
  'routing-errors': {
    conntrack: 'steps.0.expect.outcome',
    swap: ['-A INPUT -i lo', '-A INPUT -m conntrack', 'steps.2.expect.packets.0.by'],
  },
  'rule-order': {
    conntrack: 'steps.5.expect.outcome',
    swap: ['--ctstate ESTABLISHED,RELATED', '-A INPUT -j DROP', 'steps.0.expect.packets.0.by'],
  },
  'syn-flood': {
    conntrack: 'steps.2.expect.listings.0.has',
    swap: ['-j SYNPROXY', ESTABLISHED, 'steps.0.expect.packets.0.by'],
  },
  'table-full': {
    conntrack: 'steps.0.expect.listings.0.has',
    swap: [ESTABLISHED, '-d 10.9.0.5 --dport 80 -j ACCEPT', 'steps.1.each.0.expect.0.packets.0.by'],
  },
}

const rows = Object.entries(STORIES).map(([name, mutations]) => ({
  file: `examples/${name}.yaml`,
  ...mutations,
}))

describe('an engine without connection tracking breaks', () => {
  it.each(rows.filter(row => row.conntrack !== undefined))(
    '$file at $conntrack',
    ({ file, conntrack: at }) => {
      withoutStage(conntrack)
      expect(broken(file)).toContain(at)
    },
  )
})

describe('an engine without NAT breaks', () => {
  it.each(rows.filter(row => row.nat !== undefined))('$file at $nat', ({ file, nat: at }) => {
    withoutStage(nat)
    expect(broken(file)).toContain(at)
  })
})

describe('two rules that change places break', () => {
  it.each(rows)('$file: $swap.0 and $swap.1, at $swap.2', ({ file, swap: [a, b, at] }) => {
    expect(broken(file, text => swapLines(text, a, b))).toContain(at)
  })
})

it('every other story depends on the engine somewhere', () => {
  const others = EXAMPLES.filter(file => !rows.some(row => row.file === file))
  withoutStage(conntrack)
  withoutStage(nat)
  expect(others.filter(file => broken(file).length === 0)).toEqual([])
})
