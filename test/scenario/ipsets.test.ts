import { describe, expect, it } from 'vitest'
import { formatDiagnostic } from '../../src/diagnostic.ts'
import { ipsetSave } from '../../src/index.ts'
import { createNetwork, firewallOf } from '../../src/network/index.ts'
import { readScenario, runScenario, scenario, scenarioJsonSchema } from '../../src/scenario/index.ts'

const story = (sets: string, steps: string): string => `title: a ban
network:
  nodes:
    guest: { address: 10.0.0.2/24 }
    box:
      address: 10.0.0.1/24
${sets}
      rules: |
        iptables -A INPUT -p tcp --dport 23 -j SET --add-set knocked src
        iptables -A INPUT -m set --match-set banned src -j DROP
  links: { lan: [guest, box] }
steps:
${steps}
`
const SETS = `      ipsets: |
        create banned hash:ip timeout 60
        create knocked hash:ip counters`

const run = (steps: string, sets = SETS) => {
  const { scenario: read, diagnostics } = readScenario(story(sets, steps), {
    readFile: () => 'create banned hash:ip timeout 60\ncreate knocked hash:ip counters\n',
  })
  expect(diagnostics.map(formatDiagnostic)).toEqual([])
  return runScenario(read!)
}

describe('ipsets in a scenario', () => {
  it('are there before the rules, take commands, run out, and can be listed', () => {
    const result = run(`
  - { nc: "box:80", from: guest, expect: { outcome: refused } }
  - { ipset: "add banned 10.0.0.2", on: box }
  - { nc: "box:80", from: guest, timeout: 1s, expect: { outcome: filtered } }
  - { look: "box: ipset save", expect: { listings: [{ of: "box: ipset save | grep banned", has: "add banned 10.0.0.2 timeout 59", lines: 2 }] } }
  - { wait: 1min }
  - { nc: "box:80", from: guest, expect: { outcome: refused } }
  - { nc: "box:23", from: guest, expect: { listings: [{ of: "box: ipset save", has: "add knocked 10.0.0.2 packets 1 bytes 44" }] } }
`)
    expect(result.failures).toEqual([])
    expect(result.checkCount).toBe(6)
  })

  it('may stand in a file', () => {
    const result = run(
      '  - { nc: "box:80", from: guest, expect: { outcome: refused } }',
      '      ipsetsFile: box.ipsets',
    )
    expect(result.passed).toBe(true)
  })

  it('each branch of a fork has its own', () => {
    const result = run(`
  - fork:
      banned: [{ ipset: "add banned 10.0.0.2", on: box }, { nc: "box:80", from: guest, timeout: 1s, expect: { outcome: filtered } }]
      spared: [{ nc: "box:80", from: guest, expect: { outcome: refused } }]
`)
    expect(result.failures).toEqual([])
  })

  it('are in the JSON Schema', () => {
    const text = JSON.stringify(scenarioJsonSchema())
    expect(['"ipsets"', '"ipsetsFile"', '"ipset"'].filter(key => !text.includes(key))).toEqual([])
  })

  it.each([
    [
      'everything that is wrong with the text, where it stands',
      '      ipsets: |\n        create banned hash:ipp\n        create knocked hash:ip\n        add knocked 10.0.0.300',
      '  - { wait: 1s }',
      [
        "8:23 network.nodes.box.ipsets: there is no set type 'hash:ipp'",
        "10:21 network.nodes.box.ipsets: '10.0.0.300' is no address of the set's family",
      ],
    ],
    [
      'rules that name a set which is not there',
      '      ipsets: create banned hash:ip',
      '  - { wait: 1s }',
      [
        "9:62 network.nodes.box.rules: Set knocked doesn't exist. (create it, of this family, before the rules are loaded)",
      ],
    ],
    [
      'a command that is none',
      SETS,
      '  - { ipset: "ad banned 10.0.0.2 timeoot 5", on: box }',
      ["15:34 steps.0.ipset: unknown argument 'timeoot'"],
    ],
    [
      'a rule that names none, added later',
      SETS,
      '  - { iptables: "iptables -A INPUT -m set --match-set none src", on: box }',
      [
        "15:55 steps.0.iptables: Set none doesn't exist. (create it, of this family, before the rules are loaded)",
      ],
    ],
    [
      'a node that is none',
      SETS,
      '  - { ipset: "flush banned", on: bax }',
      ["15:34 steps.0.on: unknown host 'bax' (did you mean 'box'?)"],
    ],
  ])('%s', (_, sets, steps, expected) => {
    const { diagnostics } = readScenario(story(sets, steps))
    const told = diagnostics.map(
      ({ line, column, message, hint }) =>
        `${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
    )
    expect(told).toEqual(expected)
  })

  it('a file can be read only where there is someone to read it', () => {
    const { diagnostics } = readScenario(story('      ipsetsFile: box.ipsets', '  - { wait: 1s }'))
    expect(diagnostics.map(formatDiagnostic).join('\n')).toContain('ipsetsFile: files cannot be read here')
  })

  it('a command that the kernel refuses stops the run, and says which', () => {
    const refused = () =>
      runScenario(
        scenario({
          title: 'twice',
          network: {
            nodes: { a: { address: '10.0.0.1/24', ipsets: 'create s hash:ip' } },
            links: { lan: ['a'] },
          },
          steps: [
            { ipset: 'add s 10.0.0.2', on: 'a' },
            { ipset: 'add s 10.0.0.2', on: 'a' },
          ],
        }),
      )
    expect(refused).toThrowError(/'10\.0\.0\.2' is in the set already/)
  })
})

describe('ipsets of a network', () => {
  it('are made before the rules', () => {
    const network = createNetwork({
      nodes: {
        a: {
          address: '10.0.0.1/24',
          sets: 'create s hash:ip',
          rules: 'iptables -A INPUT -m set --match-set s src',
        },
      },
      links: { lan: ['a'] },
    })
    expect(ipsetSave(firewallOf(network, 'a'))).toContain('create s hash:ip')
  })

  it('what is wrong with them is told where it stands', () => {
    const make = () =>
      createNetwork({
        nodes: { a: { address: '10.0.0.1/24', sets: 'create s hash:ip\nadd s x' } },
        links: { lan: ['a'] },
      })
    expect(make).toThrowError(/2:7: error: 'x' is no address/)
  })
})
