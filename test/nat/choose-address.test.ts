import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { DEFAULT_ZONE } from '../../src/conntrack/connection.ts'
import { Tuple } from '../../src/conntrack/tuple.ts'
import { jhash2 } from '../../src/jhash.ts'
import { chooseAddress } from '../../src/nat/choose-address.ts'
import type { Manip } from '../../src/nat/manip.ts'

/** What Linux 6.18 chose: manip, first and last address of the range, client, server as the client knows it, choice. */
const SEEN: readonly (readonly [Manip, string, string, string, string, string])[] = [
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.1', '203.0.113.1', '192.168.50.15'],
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.2', '203.0.113.1', '192.168.50.13'],
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.3', '203.0.113.1', '192.168.50.10'],
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.10', '203.0.113.1', '192.168.50.11'],
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.1', '203.0.113.2', '192.168.50.16'],
  ['destination', '10.6.0.2', '10.6.0.5', '203.0.113.77', '192.168.50.21', '10.6.0.3'],
  ['source', '203.0.113.10', '203.0.113.19', '10.6.0.2', '198.51.100.7', '203.0.113.19'],
  ['source', '203.0.113.10', '203.0.113.19', '10.6.0.2', '8.8.8.8', '203.0.113.10'],
  ['source', '203.0.113.10', '203.0.113.19', '10.6.0.3', '8.8.8.8', '203.0.113.18'],
  ['source', '203.0.113.16', '203.0.113.25', '10.6.0.4', '203.0.113.77', '203.0.113.23'],
  [
    'destination',
    '2001:db8:50::10',
    '2001:db8:50::1f',
    '2001:db8:1000::7',
    '2001:db8:ffff::1',
    '2001:db8:50::13',
  ],
  [
    'destination',
    '2001:db8:50::10',
    '2001:db8:50::1f',
    '2001:db8:1000::8',
    '2001:db8:50::10',
    '2001:db8:50::17',
  ],
  [
    'destination',
    '2001:db8:50::10',
    '2001:db8:50::1f',
    '2001:db8:ffff::77',
    '2001:db8:6::a:4',
    '2001:db8:50::16',
  ],
  [
    'source',
    '2001:db8:ffff::100',
    '2001:db8:ffff::101',
    '2001:db8:6::3',
    '2001:db8:1000::8',
    '2001:db8:ffff::101',
  ],
  [
    'source',
    '2001:db8:ffff::200',
    '2001:db8:ffff::207',
    '2001:db8:6::3',
    '2001:db8:1000::7',
    '2001:db8:ffff::202',
  ],
]

/** The same under `--persistent`: the server does not matter. */
const SEEN_PERSISTENT: readonly (readonly [Manip, string, string, string, string, string])[] = [
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.1', '203.0.113.1', '192.168.50.16'],
  ['destination', '192.168.50.10', '192.168.50.17', '198.51.100.3', '203.0.113.1', '192.168.50.11'],
  ['destination', '10.6.0.2', '10.6.0.5', '198.51.100.7', '203.0.113.77', '10.6.0.3'],
  ['source', '203.0.113.100', '203.0.113.109', '203.0.113.1', '198.51.100.4', '203.0.113.109'],
  [
    'source',
    '2001:db8:ffff::100',
    '2001:db8:ffff::107',
    '2001:db8:6::a:4',
    '2001:db8:ffff::77',
    '2001:db8:ffff::101',
  ],
]

function choose(manip: Manip, min: string, max: string, client: string, server: string, persistent: boolean) {
  const tuple = new Tuple(Address.parse(client), Address.parse(server), 6, 1025, 80)
  const range = { manip, minAddress: Address.parse(min), maxAddress: Address.parse(max), persistent }
  return chooseAddress(tuple, range, DEFAULT_ZONE, manip).toString()
}

describe('the address that a connection gets from a range', () => {
  it.each(SEEN)('%s %s-%s for %s → %s is %s%s', (manip, min, max, client, server, chosen) => {
    expect(choose(manip, min, max, client, server, false)).toBe(chosen)
  })

  it.each(SEEN_PERSISTENT)(
    '--persistent: %s %s-%s for %s → %s is %s',
    (manip, min, max, client, server, chosen) => {
      expect(choose(manip, min, max, client, server, true)).toBe(chosen)
      expect(choose(manip, min, max, client, client, true)).toBe(chosen)
    },
  )

  it('is the only one of a range of one', () => {
    expect(choose('source', '203.0.113.1', '203.0.113.1', '10.6.0.2', '8.8.8.8', false)).toBe('203.0.113.1')
  })
})

describe('jhash2', () => {
  it('of nothing is its initial value', () => {
    expect(jhash2([], 0)).toBe(0xdeadbeef)
    expect(jhash2([], 0x21524111)).toBe(0)
  })
})
