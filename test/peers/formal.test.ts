import { describe, expect, it } from 'vitest'
import { analyze, equivalentRulesets, formatRegion, serviceMatrix } from '../../src/analysis/index.ts'
import {
  createFirewall,
  formatPlace,
  parseRules,
  printRules,
  type Ruleset,
  step,
  tcp,
} from '../../src/index.ts'

/**
 * Iptables_Semantics (Diekmann, Michaelis, Haslbeck: "Verified iptables Firewall Analysis") proves what rulesets do in
 * Isabelle. Its examples, with the facts that are proven there: what is read, who is accepted, which service may be
 * reached from where, and that nothing with a foreign source gets past the spoofing protection.
 */
function ruleset(text: string): Ruleset {
  const { ruleset, diagnostics } = parseRules(text, { family: 4 })
  if (ruleset === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return ruleset
}

describe('Parser_Test: what is hard to read, printed as iptables-save prints it', () => {
  it.each([
    ['-j LOG --log-prefix "!#*~%&/()=?" --log-level 6', ''],
    ['-i wlan0 -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP', ''],
    ['-p tcp -m state --state NEW -m tcp --dport 1:65535 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT', ''],
    [
      '-i wlan0 -p icmp -m state --state ESTABLISHED,NEW,RELATED,UNTRACKED -j ACCEPT',
      '-i wlan0 -p icmp -m state --state NEW,RELATED,ESTABLISHED,UNTRACKED -j ACCEPT',
    ],
    [
      '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ],
    ['! -i eth+ -j DROP', ''],
    ['-s 100.0.0.0/24 -p tcp -j DOS~Pro-t_ect', ''],
    ['-i eth0 -p tcp -m multiport --dports 21,873:874,5005,548 -j DROP', ''],
    ['-s 192.168.0.1', '-s 192.168.0.1/32'],
    ['-m iprange ! --dst-range 127.0.0.1-127.0.10.0 -j RETURN', ''],
    ['-g DOS~Pro-t_ect', ''],
    ['-p icmp -m comment --comment "!" -j ACCEPT', ''],
    [
      '-p ipv6-icmp -m comment --comment "\\"" -s 127.0.0.0/8 -j ACCEPT',
      '-s 127.0.0.0/8 -p ipv6-icmp -m comment --comment "\\"" -j ACCEPT',
    ],
    ['! -p tcp ! -s 131.159.0.0/16', '! -s 131.159.0.0/16 ! -p tcp'],
    ['-i vocb -p udp -m udp ! --sport 67:68 ! --dport 67:68 -j ACCEPT', ''],
    ['-j REJECT', '-j REJECT --reject-with icmp-port-unreachable'],
  ])('%s', (rule, printed) => {
    const text = printRules(ruleset(`*filter\n:DOS~Pro-t_ect - [0:0]\n-A FORWARD ${rule}\nCOMMIT\n`))
    expect(text.split('\n').find(line => line.startsWith('-A'))).toBe(
      `-A FORWARD ${printed === '' ? rule : printed}`,
    )
  })
})

describe('Example_Semantics: decisions of the big-step semantics', () => {
  it.each([
    ['what is logged goes on', ['FORWARD -j LOG', 'FORWARD -j ACCEPT', 'FORWARD -j DROP'], 'forwarded'],
    [
      'a called chain returns',
      ['FORWARD -j LOG', 'FORWARD -j foo', 'FORWARD -j ACCEPT', 'foo -j LOG', 'foo -j RETURN'],
      'forwarded',
    ],
    ['an empty chain decides nothing', ['FORWARD -j foo', 'FORWARD -j DROP'], 'dropped'],
    [
      'the first rule that matches and decides',
      [
        'FORWARD -s 0.0.0.0 -d 192.0.2.9 -j REJECT',
        'FORWARD -d 192.0.2.9 -j LOG',
        'FORWARD -p tcp -j ACCEPT',
        'FORWARD -p tcp -j DROP',
      ],
      'forwarded',
    ],
  ])('%s', (_, rules, fate) => {
    const text = ['iptables -N foo', ...rules.map(rule => `iptables -A ${rule}`)].join('\n')
    const box = createFirewall({ interfaces: { a: ['198.51.100.1/24'], b: ['192.0.2.1/24'] }, rules: text })
    const packet = tcp({ from: '198.51.100.4:4000', to: '192.0.2.9:80', flags: 'S' })
    expect(step(box, { device: 'a', packet }).fate.kind).toBe(fate)
  })
})

describe('Small_Examples: unfolded to a simple firewall', () => {
  it.each([
    [
      'a RETURN inside means the policy',
      'iptables -N foo\niptables -A FORWARD -s 10.0.0.0/8 -j foo\niptables -A foo -s 10.128.0.0/9 -j RETURN\niptables -A foo -p tcp -j ACCEPT',
      'iptables -A FORWARD -s 10.0.0.0/9 -p tcp -j ACCEPT',
      ['protocol tcp, from 10.0.0.0/9'],
    ],
    [
      'a negated DROP',
      'iptables -N foo\niptables -A FORWARD -s 10.0.0.0/8 -j foo\niptables -A foo ! -s 10.0.0.0/9 -j DROP\niptables -A foo -p tcp -j ACCEPT',
      'iptables -A FORWARD -s 10.128.0.0/9 -j DROP\niptables -A FORWARD -s 10.0.0.0/8 -p tcp -j ACCEPT',
      ['protocol tcp, from 10.0.0.0/9'],
    ],
    [
      'and a destination',
      'iptables -N foo\niptables -A FORWARD -s 10.0.0.0/8 -j foo\niptables -A foo ! -s 10.0.0.0/9 -j DROP\niptables -A foo -d 10.0.0.42 -p tcp -j ACCEPT',
      'iptables -A FORWARD -s 10.128.0.0/9 -j DROP\niptables -A FORWARD -s 10.0.0.0/8 -d 10.0.0.42 -p tcp -j ACCEPT',
      ['protocol tcp, from 10.0.0.0/9, to 10.0.0.42'],
    ],
  ])('%s', (_, chains, simple, reachable) => {
    const policy = 'iptables -P FORWARD DROP\n'
    const [unfolded, flat] = [ruleset(policy + chains), ruleset(policy + simple)]
    expect(equivalentRulesets(unfolded, flat).verdict).toBe('equivalent')
    const open = serviceMatrix(unfolded).cells.filter(({ hook }) => hook === 'FORWARD')
    expect(open.flatMap(cell => cell.open.map(region => formatRegion(region)))).toEqual(
      reachable.map(text => expect.stringContaining(text)),
    )
  })
})

describe('Analyze_topos_generated: the access matrix of a factory', () => {
  const links = [
    ['Presence', '10.0.1.1', 'Sink', '10.0.0.2'],
    ['Webcam', '10.0.1.2', 'Sink', '10.0.0.2'],
    ['Sink', '10.0.0.2', 'Statistics', '10.0.0.1'],
    ['Control1', '10.8.1.1', 'Bot1', '10.8.2.1'],
    ['Control1', '10.8.1.1', 'Bot2', '10.8.2.2'],
    ['Control2', '10.8.1.2', 'Bot2', '10.8.2.2'],
    ['Admin', '10.8.0.1', 'Control1', '10.8.1.1'],
    ['Watchdog', '10.8.8.1', 'Bot1', '10.8.2.1'],
  ] as const
  const allowed = links.map(
    ([from, source, to, destination]) =>
      `-A FORWARD -i ${from} -s ${source} -o ${to} -d ${destination} -j ACCEPT`,
  )
  const answers = links.map(
    ([from, source, to, destination]) =>
      `-I FORWARD -m state --state ESTABLISHED -i ${to} -s ${destination} -o ${from} -d ${source} -j ACCEPT`,
  )
  const rules = ruleset(`*filter\n:FORWARD DROP [0:0]\n${[...allowed, ...answers].join('\n')}\nCOMMIT\n`)

  /** `Webcam > Sink: from 10.0.1.2, to 10.0.0.2` for whatever may open a connection through the box. */
  const matrix = (of: Ruleset): string[] =>
    serviceMatrix(of)
      .cells.filter(({ hook }) => hook === 'FORWARD')
      .flatMap(({ from, to, open, depends }) =>
        [...open, ...depends].map(region => `${from} > ${to}: ${formatRegion(region)}`),
      )
      .sort()

  it('new connections may be opened along the links, and nowhere else', () => {
    const expected = links.map(
      ([from, source, to, destination]) => `${from} > ${to}: from ${source}, to ${destination}`,
    )
    expect(matrix(rules)).toEqual([...expected].sort())
  })

  it('the answers that come back are no way in', () => {
    const without = ruleset(`*filter\n:FORWARD DROP [0:0]\n${allowed.join('\n')}\nCOMMIT\n`)
    expect(equivalentRulesets(rules, without).verdict).toBe('different')
    expect(matrix(rules)).toEqual(matrix(without))
  })
})

describe('SQRL_2015_nospoof: a certificate against spoofed sources', () => {
  const networks = {
    ldit: '10.13.42.136/29',
    lmd: '10.13.42.128/29',
    loben: '10.13.42.144/28',
    wg: '10.13.42.176/28',
  }
  const inner = Object.entries(networks).map(
    ([device, network]) => `-A PREROUTING ! -s ${network} -i ${device} -j DROP`,
  )
  const outer = ['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12'].map(
    network => `-A outside -s ${network} -j DROP`,
  )
  /** The protection, and behind it a rule for what it should have stopped. */
  const behind = (probe: string, lines: readonly string[] = [...inner, ...outer]): string => {
    const text = `*raw\n:outside - [0:0]\n-A PREROUTING -i lup -j outside\n${lines.join('\n')}\n-A PREROUTING ${probe} -j ACCEPT\nCOMMIT\n`
    const report = analyze(ruleset(text)).rules.findLast(({ id }) => id.chain === 'PREROUTING')!
    return report.status
  }

  it.each(Object.entries(networks))('%s: nothing from outside %s gets past it', (device, network) => {
    expect(behind(`-i ${device} ! -s ${network}`)).toBe('unreachable')
    expect(behind(`-i ${device} -s ${network}`)).toBe('reachable')
  })

  it.each(['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12'])('the internet: nothing from %s', network => {
    expect(behind(`-i lup -s ${network}`)).toBe('unreachable')
  })

  it('a network forgotten is found', () => {
    expect(behind('-i wg ! -s 10.13.42.176/28', [...inner.slice(0, -1), ...outer])).toBe('reachable')
  })

  it('ssh from the internet is not locked out by it', () => {
    const text = `*raw\n:outside - [0:0]\n-A PREROUTING -i lup -j outside\n${[...inner, ...outer].join('\n')}\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n`
    const box = createFirewall({
      interfaces: { lup: ['131.159.14.9/24'] },
      routes: ['default via 131.159.14.1 dev lup'],
      rules: text,
    })
    const arrive = (from: string) =>
      step(box, { device: 'lup', packet: tcp({ from, to: '131.159.14.9:22', flags: 'S' }) }).fate
    expect(arrive('123.123.123.123:12345').kind).toBe('delivered')
    const spoofed = arrive('10.13.42.137:12345')
    expect(spoofed.kind === 'dropped' && formatPlace(spoofed.at)).toBe('raw/outside:2')
  })
})
