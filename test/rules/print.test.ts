import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'
import { load } from './text.ts'

describe('iptables-save', () => {
  it('prints the table that was loaded last first, and user chains sorted', () => {
    const text = printRules(load('*filter\n:b - [0:0]\n:B - [0:0]\n:10 - [0:0]\nCOMMIT\n*raw\nCOMMIT\n'))
    expect(text.match(/^[*:]\S+/gm)).toEqual([
      '*raw',
      ':PREROUTING',
      ':OUTPUT',
      '*filter',
      ':INPUT',
      ':FORWARD',
      ':OUTPUT',
      ':10',
      ':B',
      ':b',
    ])
  })

  it('frames the tables with comments and shows live counters when asked to', () => {
    const text = printRules(load('*security\n-A INPUT\nCOMMIT\n'), {
      withCounters: true,
      counters: (_table, _chain, place) => ({ packets: place === 'policy' ? 5 : 6, bytes: 7 }),
      comments: { generated: '# Generated', completed: '# Completed' },
    })
    expect(text.split('\n')).toEqual([
      '# Generated',
      '*security',
      ':INPUT ACCEPT [5:7]',
      ':FORWARD ACCEPT [5:7]',
      ':OUTPUT ACCEPT [5:7]',
      '[6:7] -A INPUT',
      'COMMIT',
      '# Completed',
      '',
    ])
  })

  it('is the inverse of reading it', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), lines => {
        const header = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:user - [0:0]'
        const text = `*filter\n${[header, ...lines].join('\n')}\nCOMMIT\n`
        const once = load(text)
        const print = printRules(once)
        const again = parseRules(print, { family: 4 }).ruleset
        expect(printRules(again!)).toBe(print)
        expect(again).toEqual(once)
      }),
      { numRuns: 300, seed: 17 },
    )
  })
})

/** Rules whose print has the line that they have. */
const prefix = fc
  .tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }))
  .map(([address, bits]) => `${address}/${bits}`)
const not = fc.constantFrom('', '! ')
const part = (option: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(''),
    fc.tuple(not, value).map(([bang, text]) => ` ${bang}${option} ${text}`),
  )
const port = fc.integer({ min: 1, max: 65534 }).map(String)
const transport = fc.constantFrom('', ' -p udp', ' ! -p 200', ' -f', ' -p tcp')
const ports = fc
  .tuple(fc.constantFrom('tcp', 'udp'), part('--sport', port), part('--dport', port))
  .map(([name, source, destination]) => ` -p ${name} -m ${name}${source}${destination}`)
const rule = fc
  .tuple(
    part('-s', prefix),
    part('-d', prefix),
    part('-i', fc.constantFrom('eth0', 'ppp+')),
    fc.oneof(transport, ports),
    fc.constantFrom('', ' -j ACCEPT', ' -j RETURN', ' -j user', ' -g user'),
  )
  .map(parts => `-A INPUT${parts.join('')}`)
