import { describe, expect, it } from 'vitest'
import {
  createFirewall,
  type Family,
  type FirewallState,
  iptablesList,
  iptablesSave,
  parseRules,
  runIptables,
} from '../../src/index.ts'

/**
 * Listings that other programs compare or take apart: Docker documents its chains as `iptables -nvL --line-numbers` prints
 * them (integration/network/bridge/iptablesdoc), go-iptables splits them into fields, kube-proxy's tests keep a fake of
 * `iptables-restore --noflush`.
 */
describe('the chains of Docker, as its documentation lists them', () => {
  const box = createFirewall({
    sets: 'create docker-ext-bridges-v4 hash:net',
    rules: `*filter
:DOCKER - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 192.0.2.2/32 ! -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER-FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80
COMMIT
`,
  })
  const heading = 'num   pkts bytes target     prot opt in     out     source               destination'

  it.each([
    [
      'filter',
      'FORWARD',
      [
        'Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)',
        heading,
        '1        0     0 DOCKER-USER  0    --  *      *       0.0.0.0/0            0.0.0.0/0',
        '2        0     0 DOCKER-FORWARD  0    --  *      *       0.0.0.0/0            0.0.0.0/0',
      ],
    ],
    [
      'filter',
      'DOCKER',
      [
        'Chain DOCKER (1 references)',
        heading,
        '1        0     0 ACCEPT     6    --  !bridge1 bridge1  0.0.0.0/0            192.0.2.2            tcp dpt:80',
        '2        0     0 DROP       0    --  !docker_gwbridge docker_gwbridge  0.0.0.0/0            0.0.0.0/0',
      ],
    ],
    [
      'filter',
      'DOCKER-FORWARD',
      [
        'Chain DOCKER-FORWARD (1 references)',
        heading,
        '1        0     0 ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            match-set docker-ext-bridges-v4 dst ctstate RELATED,ESTABLISHED',
        '2        0     0 DOCKER     0    --  *      *       0.0.0.0/0            0.0.0.0/0            match-set docker-ext-bridges-v4 dst',
        '3        0     0 ACCEPT     0    --  docker0 *       0.0.0.0/0            0.0.0.0/0',
      ],
    ],
    [
      'nat',
      'OUTPUT',
      [
        'Chain OUTPUT (policy ACCEPT 0 packets, 0 bytes)',
        heading,
        '1        0     0 DOCKER     0    --  *      *       0.0.0.0/0           !127.0.0.0/8          ADDRTYPE match dst-type LOCAL',
      ],
    ],
    [
      'nat',
      'POSTROUTING',
      [
        'Chain POSTROUTING (policy ACCEPT 0 packets, 0 bytes)',
        heading,
        '1        0     0 MASQUERADE  0    --  *      docker_gwbridge  0.0.0.0/0            0.0.0.0/0            ADDRTYPE match src-type LOCAL',
        '2        0     0 MASQUERADE  0    --  *      !docker0  172.17.0.0/16        0.0.0.0/0',
      ],
    ],
    [
      'nat',
      'DOCKER',
      [
        'Chain DOCKER (2 references)',
        heading,
        '1        0     0 RETURN     0    --  docker_gwbridge *       0.0.0.0/0            0.0.0.0/0',
        '2        0     0 DNAT       6    --  !bridge1 *       0.0.0.0/0            0.0.0.0/0            tcp dpt:8080 to:192.0.2.2:80',
      ],
    ],
  ] as const)('%s/%s', (table, chain, lines) => {
    const options = { table, chain, numeric: true, verbose: true, lineNumbers: true }
    const listed = iptablesList(box, options).trimEnd().split('\n')
    expect(listed.map(line => line.trimEnd())).toEqual(lines)
  })
})

/** What go-iptables does with each command: split the words, run the program, look at the exit code. */
function does(state: FirewallState, command: string, family: Family): FirewallState {
  const answer = runIptables(state, command.split(' '), family)
  expect(`${command}: ${answer.exitCode}`).toBe(`${command}: 0`)
  return answer.state
}

describe.each([
  [4, ['203.0.113.1/32', '203.0.113.2/32', '192.0.2.0/24', '198.51.100.0/24']],
  [6, ['2001:db8::1/128', '2001:db8::2/128', '2001:db8:a::/48', '2001:db8:b::/48']],
] as const)('go-iptables, iptables_test.go, IPv%i', (family, [one, two, first, second]) => {
  it('TestRules: append, insert, replace and delete leave the rules in order, and -S lists them', () => {
    const chain = 'TEST-123456'
    const rule = (source: string, destination: string): string => `-s ${source} -d ${destination} -j ACCEPT`
    const state = [
      `-N ${chain}`,
      `-A ${chain} ${rule(first, one)}`,
      `-C ${chain} ${rule(first, one)}`,
      `-A ${chain} ${rule(second, one)}`,
      `-I ${chain} 2 ${rule(second, two)}`,
      `-I ${chain} 1 ${rule(first, two)}`,
      `-D ${chain} ${rule(first, two)}`,
      `-I ${chain} 1 ${rule(first, two)}`,
      `-R ${chain} 1 ${rule(second, two)}`,
      `-D ${chain} ${rule(second, two)}`,
      `-A ${chain} ${rule(one, second)}`,
    ].reduce((before, command) => does(before, command, family), createFirewall())

    const rules = [rule(first, one), rule(second, two), rule(second, one), rule(one, second)]
    const listed = (args: string): string[] => runIptables(state, args, family).output.trimEnd().split('\n')
    expect(listed(`-S ${chain}`)).toEqual([`-N ${chain}`, ...rules.map(text => `-A ${chain} ${text}`)])
    const counted = rules.map(text => `-A ${chain} ${text.replace(' -j', ' -c 0 0 -j')}`)
    expect(listed(`-v -S ${chain}`)).toEqual([`-N ${chain}`, ...counted])
    expect(listed(`-S ${chain} 2`)).toEqual([`-A ${chain} ${rules[1]}`])

    const fields = listed(`-L ${chain} -v -n -x`).map(line => line.trim().split(/\s+/))
    const bare = (address: string): string => address.replace(/\/(32|128)$/, '')
    expect(fields.slice(2)).toEqual(
      [
        [first, one],
        [second, two],
        [second, one],
        [one, second],
      ].map(([from, to]) => ['0', '0', 'ACCEPT', '0', '--', '*', '*', bare(from!), bare(to!)]),
    )
  })

  it('TestIsNotExist: deleting a rule or a chain twice is an answer, not an accident', () => {
    const chain = ['-N TEST', '-A TEST -p tcp -j DROP'].reduce((s, c) => does(s, c, family), createFirewall())
    const gone = does(chain, '-D TEST -p tcp -j DROP', family)
    expect(runIptables(gone, '-D TEST -p tcp -j DROP', family).exitCode).toBe(1)
    expect(runIptables(chain, '-X TEST', family).exitCode).toBe(1)
    expect(runIptables(does(gone, '-X TEST', family), '-X TEST', family).exitCode).toBe(1)
  })
})

describe("Kubernetes' fake iptables (pkg/util/iptables/testing): iptables-restore --noflush", () => {
  const restore = (state: FirewallState, table: string): FirewallState => {
    const base = state.config.rules.ipv4
    const { ruleset, diagnostics } = parseRules(table, {
      family: 4,
      noFlush: true,
      ...(base !== undefined && { base }),
    })
    if (ruleset === undefined) throw new Error(diagnostics[0]!.message)
    return createFirewall({ rules: ruleset })
  }
  const start = restore(
    createFirewall({ rules: 'iptables -t nat -N KUBE-TEST\niptables -t nat -A KUBE-TEST -j ACCEPT' }),
    `*nat
:KUBE-RESTORED - [0:0]
:KUBE-MISC-CHAIN - [0:0]
:KUBE-MISC-TWO - [0:0]
-A KUBE-RESTORED -m comment --comment "restored chain" -j ACCEPT
-A KUBE-MISC-CHAIN -s 1.2.3.4 -j KUBE-MISC-TWO
-A KUBE-MISC-TWO -j ACCEPT
COMMIT
`,
  )
  const rules = (state: FirewallState): string[] =>
    iptablesSave(state, { counters: false })
      .split('\n')
      .filter(line => /^(:KUBE|-A)/.test(line))

  it('leaves alone the chains that the text does not name', () => {
    expect(rules(start)).toContain('-A KUBE-TEST -j ACCEPT')
    expect(rules(start)).toContain('-A KUBE-RESTORED -m comment --comment "restored chain" -j ACCEPT')
  })

  it('empties the chains that it names, and -X deletes them', () => {
    const next = restore(
      start,
      '*nat\n:KUBE-RESTORED - [0:0]\n:KUBE-TEST - [99:9999]\n-X KUBE-RESTORED\nCOMMIT\n',
    )
    expect(rules(next)).toEqual([
      ':KUBE-MISC-CHAIN - [0:0]',
      ':KUBE-MISC-TWO - [0:0]',
      ':KUBE-TEST - [0:0]',
      '-A KUBE-MISC-CHAIN -s 1.2.3.4/32 -j KUBE-MISC-TWO',
      '-A KUBE-MISC-TWO -j ACCEPT',
    ])
  })

  it.each([
    ['a chain that another one jumps to cannot be deleted', '-X KUBE-MISC-TWO', /still jumped to/],
    ['no jump goes to a chain that is not there', '-A KUBE-MISC-TWO -j KUBE-MISC-THREE', /no chain/],
  ])('%s', (_, line, message) => {
    expect(() => restore(start, `*nat\n:KUBE-MISC-TWO - [0:0]\n${line}\nCOMMIT\n`)).toThrowError(message)
  })
})
