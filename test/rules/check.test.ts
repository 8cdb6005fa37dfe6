import { describe, expect, it } from 'vitest'
import { complaints } from './text.ts'

const table = (name: string, chains: string[], rules: string[]): string =>
  [`*${name}`, ...chains.map(chain => `:${chain} - [0:0]`), ...rules, 'COMMIT', ''].join('\n')

describe('loops', () => {
  it.each([
    ['a chain that jumps to itself', ['-A INPUT -j a', '-A a -j a']],
    ['a chain that goes to itself', ['-A INPUT -j a', '-A a -g a']],
    ['two chains in a ring', ['-A INPUT -j a', '-A a -j b', '-A b -j a']],
    ['in OUTPUT only', ['-A OUTPUT -p tcp -j b', '-A b -j b']],
    ['behind a verdict with a condition', ['-A INPUT -p tcp -j DROP', '-A INPUT -j a', '-A a -j a']],
    ['behind a verdict for every device', ['-A INPUT -i + -j DROP', '-A INPUT -j a', '-A a -j a']],
  ])('are refused: %s', (_, rules) => {
    expect(complaints(table('filter', ['a', 'b'], rules))[0]).toMatch(/a loop$/)
  })

  it.each([
    ['a chain that nobody reaches', ['-A a -j a']],
    ['a ring that nobody reaches', ['-A a -j b', '-A b -j a']],
    ['behind a verdict without condition', ['-A INPUT -j DROP', '-A INPUT -j a', '-A a -j a']],
    ['behind RETURN', ['-A INPUT -j a', '-A a -j RETURN', '-A a -j a']],
    ['the same chain twice', ['-A INPUT -j a', '-A INPUT -j a', '-A a -j b', '-A INPUT -j b']],
  ])('are not seen by the kernel: %s', (_, rules) => {
    expect(complaints(table('filter', ['a', 'b'], rules))).toEqual([])
  })
})

describe('extensions in places where they cannot be', () => {
  it.each([
    ['filter', '-A INPUT -m tcp --dport 80', "2:1 match 'tcp' needs -p with this protocol"],
    ['filter', '-A INPUT -p udp -m tcp --dport 80', "2:1 match 'tcp' needs -p with this protocol"],
    ['filter', '-A INPUT ! -p tcp -m tcp', "2:1 match 'tcp' needs -p with this protocol"],
    ['filter', '-A FORWARD -j MASQUERADE', "2:1 target 'MASQUERADE' cannot be used in the filter table"],
    ['nat', '-A PREROUTING -j MASQUERADE', "2:1 target 'MASQUERADE' cannot be reached from PREROUTING"],
  ])('%s %s', (name, rule, complaint) => {
    expect(complaints(table(name, [], [rule]))).toEqual([complaint])
  })

  it('looks at the hooks that lead to the chain', () => {
    const dnat = '-A x -p tcp -j DNAT --to-destination 10.6.0.2'
    const check = (...rules: string[]) => complaints(table('nat', ['x'], [...rules, dnat]))
    expect(check('-A PREROUTING -j x')).toEqual([])
    expect(check()).toEqual([])
    expect(check('-A POSTROUTING -j ACCEPT', '-A POSTROUTING -j x')).toEqual([])
    expect(check('-A PREROUTING -j x', '-A POSTROUTING -j x')).toEqual([
      "5:1 target 'DNAT' cannot be reached from POSTROUTING",
    ])
  })
})
