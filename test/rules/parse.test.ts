import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'
import { complaints, load, printed } from './text.ts'

describe('core options: what iptables reads, and how it prints it', () => {
  it.each([
    ['-A INPUT', '-A INPUT'],
    ['--append INPUT --source 10.6/16 --jump ACCEPT', '-A INPUT -s 10.6.0.0/16 -j ACCEPT'],
    ['-A INPUT -s 0x0a.010.1.1', '-A INPUT -s 10.8.1.1/32'],
    ['-A INPUT -s 8080', '-A INPUT -s 0.0.31.144/32'],
    ['-A INPUT -s 10.1.2.3/255.0.255.0', '-A INPUT -s 10.0.2.0/255.0.255.0'],
    ['-A INPUT -s 10.0.0.0/010', '-A INPUT -s 10.0.0.0/8'],
    ['-A INPUT -s anything/0', '-A INPUT'],
    ['-A INPUT ! -s 0/0', '-A INPUT ! -s 0.0.0.0/0'],
    ['-A INPUT -j DROP -p TCP -i eth+ ! -d 1.2.3.4', '-A INPUT ! -d 1.2.3.4/32 -i eth+ -p tcp -j DROP'],
    ['-A INPUT -p 4', '-A INPUT -p ipencap'],
    ['-A INPUT ! -p 200 ! -f', '-A INPUT ! -p 200 ! -f'],
    ['-A INPUT -p all', '-A INPUT'],
    ['-A INPUT -i +', '-A INPUT'],
    ['-A INPUT -p tcp --dport 80', '-A INPUT -p tcp -m tcp --dport 80'],
    ['-A INPUT -p 06 --dport=http', '-A INPUT -p tcp -m tcp --dport 80'],
    ['-A INPUT --proto tcp --dpo 80:', '-A INPUT -p tcp -m tcp --dport 80:65535'],
    ['-A INPUT -m tcp --dport 80 -p tcp', '-A INPUT -p tcp -m tcp --dport 80'],
    ['-A INPUT -p tcp', '-A INPUT -p tcp'],
    ['-A INPUT -p tcp ! --syn', '-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'],
    [
      '-A INPUT -p tcp --tcp-flags ALL NONE',
      '-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE',
    ],
    ['-A INPUT -p tcp -m tcp -m tcp --dport 9', '-A INPUT -p tcp -m tcp -m tcp --dport 9'],
    ['-A INPUT -p udp ! --sport 1 --dport 90:80', '-A INPUT -p udp -m udp ! --sport 1 --dport 90:80'],
    ['-A INPUT -m comment --comment "say \\"hi\\""', '-A INPUT -m comment --comment "say \\"hi\\""'],
    ['-A INPUT "-s" 1.2.3.4', '-A INPUT -s 1.2.3.4/32'],
    ['-AINPUT', '-A INPUT'],
    ['-A INPUT --', '-A INPUT'],
  ])('%s', (line, print) => {
    expect(printed(line)).toEqual([print])
  })

  it('makes a rule of every pair of addresses, sources outside', () => {
    expect(printed('-A INPUT -s 1.1.1.1,2.2.2.2/31 -d 3.3.3.3,4.4.4.4')).toEqual([
      '-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32',
      '-A INPUT -s 1.1.1.1/32 -d 4.4.4.4/32',
      '-A INPUT -s 2.2.2.2/31 -d 3.3.3.3/32',
      '-A INPUT -s 2.2.2.2/31 -d 4.4.4.4/32',
    ])
  })

  it('inserts each of several rules at the same place: the last comes first', () => {
    expect(printed('-I INPUT -s 1.1.1.1,2.2.2.2')).toEqual([
      '-A INPUT -s 2.2.2.2/32',
      '-A INPUT -s 1.1.1.1/32',
    ])
  })

  it('resolves names with the function that it is given', () => {
    const resolveHost = (name: string) =>
      name === 'www' ? ['192.0.2.1', '192.0.2.2'].map(Address.parse) : []
    const { ruleset } = parseRules('*filter\n-A INPUT -s www\nCOMMIT\n', { family: 4, resolveHost })
    expect(ruleset!.tables.filter!.chains.INPUT!.rules.map(rule => `${rule.source!.prefix}`)).toEqual([
      '192.0.2.1/32',
      '192.0.2.2/32',
    ])
  })

  it.each([
    ['-A INPUT -s ::1', '-A INPUT -s ::1/128'],
    ['-A INPUT -s 2001:db8::1/ffff::1 -p icmpv6', '-A INPUT -s 2001::1/ffff::1 -p ipv6-icmp'],
    ['-A INPUT -s ::1.2.3.4', '-A INPUT -s ::1.2.3.4/128'],
  ])('IPv6: %s', (line, print) => {
    expect(printed(line, 6)).toEqual([print])
  })
})

describe('core options: what iptables refuses', () => {
  it.each([
    ['-A INPUT -s 10.6.0.300', "2:13 host/network '10.6.0.300' not found"],
    ['-A INPUT -s 10.0.0.0/33', "2:13 invalid mask '33'"],
    ['-A INPUT -s 1.1.1.1 -s 2.2.2.2', '2:21 multiple -s flags not allowed'],
    ['-A INPUT ! -s 1.1.1.1,2.2.2.2', '2:15 ! is not allowed with several source or destination addresses'],
    ['-A INPUT -s ! 1.1.1.1', "2:15 bad argument '1.1.1.1'"],
    ['-A INPUT -ptcp', "2:10 unknown protocol '-ptcp'"],
    ['-A INPUT ! -p all', '2:15 the rule would never match: it excludes every protocol'],
    ['-A INPUT ! -j ACCEPT', '2:10 cannot have ! before -j'],
    ['-A INPUT ! ! -f', '2:12 multiple consecutive ! not allowed'],
    ['-A INPUT -f !', '2:13 nothing follows the !'],
    ['-A INPUT -i abcdefghijklmnop', "2:13 interface name 'abcdefghijklmnop' is too long"],
    ['-A INPUT -o eth0', '2:10 -o cannot be used with INPUT'],
    ['-A OUTPUT -i eth0', '2:11 -i cannot be used with OUTPUT'],
    ['-A INPUT -n', '2:10 -n cannot be used with -A'],
    ['-A INPUT -D INPUT', '2:10 cannot use -D with -A'],
    ['-A INPUT --dport 80', "2:10 unknown option '--dport'"],
    ['-A INPUT -p tcp --s 80', "2:17 option '--s' is ambiguous"],
    ['-A INPUT -p tcp --dport', "2:17 option '--dport' requires an argument"],
    ['-A INPUT -p tcp --dport 90:80', "2:25 invalid port range '90:80' (min > max)"],
    ['-A INPUT -p tcp --dport 70000', "2:25 invalid port/service '70000'"],
    ['-A INPUT -p tcp --dport 1 --dport 2', '2:27 tcp: option "--destination-port" can only be used once'],
    ['-A INPUT -p tcp --tcp-flags SYN -j DROP', '2:17 --tcp-flags requires two arguments'],
    ['-A INPUT -m nosuch', "2:13 there is no match named 'nosuch'"],
    ['-A INPUT -j nosuch', "2:13 there is no chain and no target named 'nosuch'"],
    ['-A INPUT -g ACCEPT', "2:13 goto 'ACCEPT' is not a chain"],
    ['-A INPUT -j INPUT', '2:1 a rule cannot jump to the built-in chain INPUT'],
    ['-A INPUT -j ACCEPT # why', "2:20 bad argument '#'"],
    ['-A INPUT -c 5', '2:10 -c requires a packet and a byte counter'],
    ['-A nosuch', "2:4 table filter has no chain 'nosuch'"],
    ['-j ACCEPT', '2:1 no command'],
  ])('%s', (line, complaint) => {
    expect(complaints(`*filter\n${line}\nCOMMIT\n`)).toEqual([complaint])
  })

  it('tells of everything at once, with file, line and column, and loads nothing', () => {
    const text = '*filter\n-A INPUT -s nowhere\n-A INPUT -j ACCEPT\n-A INPUT --dport 80\nCOMMIT\n'
    const { ruleset, diagnostics } = parseRules(text, { family: 4, file: 'rules.v4' })
    expect(ruleset).toBeUndefined()
    expect(diagnostics.map(({ file, line, column }) => [file, line, column])).toEqual([
      ['rules.v4', 2, 13],
      ['rules.v4', 4, 10],
    ])
    expect(diagnostics[1]!.hint).toMatch(/--dport needs -p .*tcp/)
  })

  it('tells what is not modelled from what does not exist', () => {
    const codes = (line: string) =>
      parseRules(`*filter\n${line}\nCOMMIT\n`, { family: 4 }).diagnostics.map(diagnostic => diagnostic.code)
    expect(codes('-A INPUT -m ipvs --ipvs')).toEqual(['not-modelled'])
    expect(codes('-A INPUT -j CLUSTERIP --new')).toEqual(['not-modelled'])
    expect(codes('-A INPUT -m ipsv')).toEqual(['syntax'])
  })
})

describe('save text', () => {
  it('knows only the tables that it names', () => {
    expect(Object.keys(load('*nat\nCOMMIT\n').tables)).toEqual(['nat'])
    expect(Object.keys(load('# nothing\n').tables)).toEqual([])
  })

  it('keeps what other tables hold in the base, and the policies of those it fills', () => {
    const base = load('*filter\n:INPUT DROP\n-A INPUT\nCOMMIT\n*nat\n-A OUTPUT\nCOMMIT\n')
    const { ruleset } = parseRules('*filter\n-A OUTPUT\nCOMMIT\n', { family: 4, base })
    expect(ruleset!.tables.filter!.chains.INPUT).toEqual({ name: 'INPUT', policy: 'DROP', rules: [] })
    expect(ruleset!.tables.nat).toEqual(base.tables.nat)
  })

  it('lets counters count only when asked to', () => {
    const text = '*filter\n:INPUT DROP [7:8]\n[1:2] -A INPUT\n-A INPUT -c 3 4\nCOMMIT\n'
    const print = (readCounters: boolean) =>
      printRules(parseRules(text, { family: 4, readCounters }).ruleset!, { withCounters: true })
        .split('\n')
        .filter(line => line.includes('INPUT'))
    expect(print(false)).toEqual([':INPUT DROP [0:0]', '[0:0] -A INPUT', '[3:4] -A INPUT'])
    expect(print(true)).toEqual([':INPUT DROP [7:8]', '[1:2] -A INPUT', '[3:4] -A INPUT'])
  })

  it('takes a chain for what it is, whatever its name', () => {
    const text = '*filter\n:LOG - [0:0]\n:__proto__ - [0:0]\n-A INPUT -j LOG\n-A INPUT -j __proto__\nCOMMIT\n'
    expect(printRules(load(text)).split('\n').slice(4, 8)).toEqual([
      ':LOG - [0:0]',
      ':__proto__ - [0:0]',
      '-A INPUT -j LOG',
      '-A INPUT -j __proto__',
    ])
    expect(complaints('*filter\n-A INPUT -j toString\nCOMMIT\n')).toHaveLength(1)
  })

  it.each([
    ['*filter\nCOMMIT', /newline/],
    ['  *filter\n', /first column/],
    ['-A INPUT\n', /put \*filter before it/],
  ])('says what to do about %j', (text, hint) => {
    expect(parseRules(text, { family: 4, format: 'restore' }).diagnostics[0]!.hint).toMatch(hint)
  })

  it.each([
    ['*filter\n', '2:1 the table is never committed'],
    ['*filter\nCOMMIT', "2:1 bad argument 'COMMIT'"],
    ['*nosuch\nCOMMIT\n', "1:2 there is no table named 'nosuch'"],
    ['*filter\n:a - [0:0]\n:a - [0:0]\nCOMMIT\n', "3:2 chain 'a' exists already"],
    ['*filter\n:DROP - [0:0]\nCOMMIT\n', '2:2 a chain cannot be named like the target DROP'],
    ['*filter\n:a ACCEPT\nCOMMIT\n', "2:2 cannot set a policy on 'a': it is not a built-in chain"],
    ['*filter\n:INPUT REJECT\nCOMMIT\n', "2:8 bad policy 'REJECT'"],
    [
      '*filter\n-N averyveryveryverylongchainname\nCOMMIT\n',
      "2:4 name 'averyveryveryverylongchainname' is too long",
    ],
    ['*filter\n-D INPUT 1\nCOMMIT\n', "2:4 cannot delete rule 1: chain 'INPUT' ends before"],
    [
      '*nat\n-A PREROUTING -j DROP\nCOMMIT\n',
      '2:18 the nat table is not intended for filtering: DROP cannot be used there',
    ],
    ['*filter\n[1:2 -A INPUT\nCOMMIT\n', '2:1 bad counters in front of the rule'],
  ])('refuses %j', (text, complaint) => {
    expect(complaints(text)[0]).toBe(complaint)
  })

  it.each(['*nat\n:PREROUTING DROP [0:0]\nCOMMIT\n', '*filter\n-6 -A INPUT --whatever\nCOMMIT\n'])(
    'accepts %j, as iptables-restore does',
    text => {
      expect(complaints(text)).toEqual([])
    },
  )
})
