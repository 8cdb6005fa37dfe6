import { describe, expect, it } from 'vitest'
import {
  createFirewall,
  DiagnosticError,
  type FirewallState,
  iptables,
  iptablesCommands,
  iptablesSave,
  parseRules,
  printRules,
  runIptables,
} from '../../src/index.ts'

/**
 * iptables tests itself with shell scripts (iptables/tests/shell/testcases; the script is named in each title). What they
 * assert of the legacy programs, told again; iptables-legacy 1.8.9 has answered every line.
 */
function run(state: FirewallState, args: string, family: 4 | 6 = 4): string {
  const { exitCode, output } = runIptables(state, args, family)
  return `${exitCode} ${output.trimEnd()}`.trimEnd()
}

describe('iptables/0004-return-codes, ip6tables/0004-return-codes, chain/*', () => {
  const commands: [args: string, exitCode: 0 | 1 | 2 | 3, why?: RegExp][] = [
    ['-N fresh', 0],
    ['-N foo', 1, /exists already/],
    ['-N INPUT', 1, /exists already/],
    ['-F foo', 0],
    ['-Z foo', 0],
    ['-F bar', 1, /no chain/],
    ['-Z bar', 1, /no chain/],
    ['-E foo bar', 0],
    ['-E foo other', 1, /exists already/],
    ['-E none bar', 1, /no chain/],
    ['-A INPUT -j ACCEPT', 0],
    ['-A noexist -j ACCEPT', 1, /no chain/],
    ['-I INPUT 23 -j ACCEPT', 1, /ends before/],
    ['-D INPUT 23', 1, /ends before/],
    ['-R INPUT 23 -j ACCEPT', 1, /ends before/],
    ['-I nonexist 23 -j ACCEPT', 1, /no chain/],
    ['-D nonexist 23', 1, /no chain/],
    ['-R nonexist 23 -j ACCEPT', 1, /no chain/],
    ['-C INPUT -j ACCEPT', 0],
    ['-C FORWARD -j ACCEPT', 1, /no such rule/],
    ['-C nonexist -j ACCEPT', 1],
    ['-C INPUT -m foobar -j ACCEPT', 2, /no match/],
    ['-C INPUT -j foobar', 2, /no chain and no target/],
    ['-t foobar -C INPUT -j ACCEPT', 3, /no table/],
    ['-D FORWARD -i eth23 -o eth42 -j REJECT', 1, /no such rule/],
    ['-X INPUT', 1, /built-in/],
    ['-X nonexist', 1, /no chain/],
    ['-P foo DROP', 1, /not a built-in/],
    ['-P INPUT REJECT', 1, /bad policy/],
    ['-P INPUT', 2],
    ['-A INPUT -j INPUT', 1],
    ['-A INPUT -j SNAT --to-source 192.0.2.1', 1],
    ['-A INPUT -j REJECT --reject-with tcp-reset', 1],
    ['-A INPUT --dport 22 -j ACCEPT', 2],
    ['-A INPUT -o eth0 -j ACCEPT', 2],
    ['-I INPUT 0 -j DROP', 2],
    ['-L nonexist', 1],
    ['-L INPUT 99', 0],
    ['-Z INPUT 99', 1],
    ['', 2, /no command/],
  ]
  const box = createFirewall({
    rules:
      'iptables -A INPUT -j ACCEPT\niptables -N foo\niptables -N other\niptables -A FORWARD -i eth23 -o eth42 -j DROP',
  })
  const both = commands.filter(([args]) => !args.includes('192.0.2.1'))

  it.each(commands)('iptables %s ends with %i', (args, exitCode, why = /^/) => {
    const answer = runIptables(box, args)
    expect(answer.exitCode).toBe(exitCode)
    expect(answer.diagnostics.map(({ message }) => message).join()).toMatch(exitCode === 0 ? /^$/ : why)
    if (exitCode !== 0) expect(answer.state).toBe(box)
  })

  it.each(both)('ip6tables %s ends with %i', (args, exitCode) => {
    const rules = { ipv6: 'ip6tables -A INPUT -j ACCEPT\nip6tables -N foo\nip6tables -N other' }
    expect(runIptables(createFirewall({ rules }), args, 6).exitCode).toBe(exitCode)
  })

  it('what iptables would do and the simulator does not model is no answer, but an error', () => {
    const ipvs = ['-A', 'INPUT', '-m', 'ipvs', '--ipvs', '-j', 'ACCEPT']
    expect(() => runIptables(createFirewall(), ipvs)).toThrowError(DiagnosticError)
  })
})

describe('iptables/0002-verbose-output', () => {
  const first = '-i eth2 -o eth3 -s 10.0.0.1 -d 10.0.0.2 -j ACCEPT'
  const said = 'ACCEPT  all opt -- in eth2 out eth3  10.0.0.1  -> 10.0.0.2'
  const box = iptables(createFirewall(), `iptables -A FORWARD ${first}\niptables -N foo`)

  it.each([
    [`-v -A FORWARD ${first}`, `0 ${said}`],
    [`-v -I FORWARD 2 ${first}`, `0 ${said}`],
    [`-v -C FORWARD ${first}`, `0 ${said}`],
    [`-v -D FORWARD ${first}`, `0 ${said}`],
    [`-v -R FORWARD 1 ${first}`, `0 ${said}`],
    ['-v -D FORWARD 1', '0'],
    ['-A FORWARD -j DROP', '0'],
    ['-v -C FORWARD -j DROP', '1 DROP  all opt -- in * out *  0.0.0.0/0  -> 0.0.0.0/0'],
    [
      '-v -A FORWARD ! -i eth2 ! -s 10.0.0.0/8 ! -p udp -f -g foo',
      '0 foo !udp opt -f in !eth2 out * !10.0.0.0/8  -> 0.0.0.0/0  [goto]',
    ],
    [
      '-v -A FORWARD ! -d 10.0.0.0/8 -i eth+ -j DROP',
      '0 DROP  all opt -- in eth+ out *  0.0.0.0/0 !-> 10.0.0.0/8',
    ],
    [
      '-v -A FORWARD -p tcp --dport 80 -j REJECT --reject-with tcp-reset',
      '0 REJECT  tcp opt -- in * out *  0.0.0.0/0  -> 0.0.0.0/0   tcp dpt:80 reject-with tcp-reset',
    ],
    [
      '-v -I FORWARD 2 -s 192.0.2.1,192.0.2.2 -j DROP',
      '0 DROP  all opt -- in * out *  192.0.2.1  -> 0.0.0.0/0  \nDROP  all opt -- in * out *  192.0.2.2  -> 0.0.0.0/0',
    ],
    ['-v -F OUTPUT', "0 Flushing chain `OUTPUT'"],
    ['-v -Z OUTPUT', "0 Zeroing chain `OUTPUT'"],
    ['-v -X foo', "0 Deleting chain `foo'"],
    ['-v -X', "0 Deleting chain `foo'"],
    [
      '-v -F',
      "0 Flushing chain `INPUT'\nFlushing chain `FORWARD'\nFlushing chain `OUTPUT'\nFlushing chain `foo'",
    ],
    ['-v -F bar', "1 Flushing chain `bar'"],
    ['-v -N bar', '0'],
    ['-v -P INPUT DROP', '0'],
  ])('iptables %s', (args, answer) => {
    expect(run(box, args)).toBe(answer)
  })

  it.each([
    [
      '-p icmpv6 -m icmp6 --icmpv6-type no-route',
      '  ipv6-icmp opt -- in * out *  ::/0  -> ::/0   ipv6-icmptype 1 code 0',
    ],
    [
      '-m dst --dst-len 42 -m rt --rt-type 23',
      '  all opt -- in * out *  ::/0  -> ::/0   dst length:42 rt type:23',
    ],
    [
      '-m frag --fragid 1337 -j LOG',
      'LOG  all opt -- in * out *  ::/0  -> ::/0   frag id:1337 LOG flags 0 level 4',
    ],
    ['-s feed:babe::1 ! -d feed:babe::2', '  all opt -- in * out *  feed:babe::1 !-> feed:babe::2'],
  ])('ip6tables -v -A FORWARD %s', (rule, said) => {
    expect(runIptables(createFirewall(), `-v -A FORWARD ${rule}`, 6).output.trimEnd()).toBe(said)
  })

  it('-v -n -L', () => {
    expect(run(box, '-v -n -L FORWARD')).toBe(`0 Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)
 pkts bytes target     prot opt in     out     source               destination         
    0     0 ACCEPT     0    --  eth2   eth3    10.0.0.1             10.0.0.2`)
  })
})

describe('iptables/0003-list-rules', () => {
  const box = createFirewall({
    rules: `
      iptables -N foo
      iptables -A FORWARD -i eth23 -o eth42 -j ACCEPT
      iptables -A FORWARD -i eth42 -o eth23 -g foo
      iptables -t nat -A OUTPUT -o eth123 -m mark --mark 0x42 -j ACCEPT`,
  })
  it.each([
    [
      '-S',
      '0 -P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N foo\n-A FORWARD -i eth23 -o eth42 -j ACCEPT\n-A FORWARD -i eth42 -o eth23 -g foo',
    ],
    [
      '-v -S',
      '0 -P INPUT ACCEPT -c 0 0\n-P FORWARD ACCEPT -c 0 0\n-P OUTPUT ACCEPT -c 0 0\n-N foo\n-A FORWARD -i eth23 -o eth42 -c 0 0 -j ACCEPT\n-A FORWARD -i eth42 -o eth23 -c 0 0 -g foo',
    ],
    [
      '-S FORWARD',
      '0 -P FORWARD ACCEPT\n-A FORWARD -i eth23 -o eth42 -j ACCEPT\n-A FORWARD -i eth42 -o eth23 -g foo',
    ],
    ['-S FORWARD 2', '0 -A FORWARD -i eth42 -o eth23 -g foo'],
    ['-v -S FORWARD 1', '0 -A FORWARD -i eth23 -o eth42 -c 0 0 -j ACCEPT'],
    ['-t nat -S OUTPUT', '0 -P OUTPUT ACCEPT\n-A OUTPUT -o eth123 -m mark --mark 0x42 -j ACCEPT'],
    [
      '-v -t nat -S OUTPUT',
      '0 -P OUTPUT ACCEPT -c 0 0\n-A OUTPUT -o eth123 -m mark --mark 0x42 -c 0 0 -j ACCEPT',
    ],
  ])('iptables %s', (args, answer) => {
    expect(run(box, args)).toBe(answer)
  })
})

describe('ipt-restore/0003-restore-ordering: -I, -D and -R with numbers between *table and COMMIT', () => {
  const rule = (name: string): string => `-m comment --comment "${name}" -j ACCEPT`
  const restore = (lines: string[], base?: FirewallState): FirewallState => {
    const options = { family: 4 as const, format: 'restore' as const }
    const old = base?.config.rules.ipv4
    const { ruleset, diagnostics } = parseRules(`*filter\n${lines.join('\n')}\nCOMMIT\n`, {
      ...options,
      ...(old !== undefined && { base: old, noFlush: true }),
    })
    expect(diagnostics).toEqual([])
    return createFirewall({ rules: ruleset! })
  }
  const names = (state: FirewallState): string[] =>
    iptablesCommands(state)
      .split('\n')
      .flatMap(line => /--comment "?([^"]*?)"? -j/.exec(line)?.[1] ?? [])

  it('insertions count what stands there already', () => {
    const first = restore([
      `-A FORWARD ${rule('appended rule')}`,
      ...[1, 2, 3].map(number => `-I FORWARD ${number} ${rule(`rule ${number}`)}`),
    ])
    expect(names(first)).toEqual(['rule 1', 'rule 2', 'rule 3', 'appended rule'])
    const more = [1, 3, 5, 7].map((number, at) => `-I FORWARD ${number} ${rule(`rule ${at}.5`)}`)
    const second = restore([...more, `-I FORWARD 9 ${rule('last')}`], first)
    expect(names(second)).toEqual([
      'rule 0.5',
      'rule 1',
      'rule 1.5',
      'rule 2',
      'rule 2.5',
      'rule 3',
      'rule 3.5',
      'appended rule',
      'last',
    ])
  })

  it('so do deletions and replacements', () => {
    const base = restore(['one', 'two', 'three', 'four'].map(name => `-A FORWARD ${rule(name)}`))
    const changed = restore(
      [
        `-D FORWARD ${rule('one')}`,
        '-D FORWARD 2',
        `-R FORWARD 1 ${rule('new two')}`,
        `-I FORWARD 1 ${rule('zero')}`,
      ],
      base,
    )
    expect(names(changed)).toEqual(['zero', 'new two', 'four'])
  })

  it('ipt-restore/0009-table-name-comment: -t is refused there', () => {
    const { diagnostics } = parseRules('*filter\n-t nat -A FORWARD -j ACCEPT\nCOMMIT\n', { family: 4 })
    expect(diagnostics.map(({ line, severity }) => [line, severity])).toEqual([[2, 'error']])
  })

  it('ipt-restore/0010-noflush-new-chain: a chain that is new under --noflush', () => {
    const { ruleset } = parseRules('*filter\n:foobar - [0:0]\n-A foobar -j ACCEPT\nCOMMIT\n', {
      family: 4,
      noFlush: true,
    })
    expect(printRules(ruleset!)).toContain('-A foobar -j ACCEPT')
  })
})

describe('arguments as an array of words, as other programs hold their rules', () => {
  it('needs no quotes', () => {
    const rule = ['INPUT', '-m', 'comment', '--comment', 'the "real" one', '-j', 'ACCEPT']
    const { state } = runIptables(createFirewall(), ['-A', ...rule])
    expect(runIptables(state, ['-C', ...rule]).exitCode).toBe(0)
    expect(iptablesSave(state)).toContain('--comment "the \\"real\\" one" -j ACCEPT')
    expect(runIptables(state, ['-D', ...rule]).exitCode).toBe(0)
  })

  it('diagnostics count columns as if the words stood behind one another', () => {
    const { diagnostics } = runIptables(createFirewall(), ['-A', 'INPUT', '-p', 'tpc'])
    expect(diagnostics.map(({ column }) => column)).toEqual([13])
  })
})
