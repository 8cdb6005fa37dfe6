import { describe, expect, it, vi } from 'vitest'
import { createFirewall, step, tcp } from '../../src/index.ts'
import { ELEMENT_KEYS } from '../../src/sets/element.ts'

/** How many keys one packet has hashed and compared while a rule asks the set. */
function lookups(create: string, elements: readonly string[]): { hashed: number; compared: number } {
  const sets = [`create s ${create}`, ...elements.map(element => `add s ${element}`)].join('\n')
  const rules = 'iptables -A INPUT -m set --match-set s src,dst -j DROP'
  const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, sets, rules })
  const packet = tcp({ from: '10.0.0.7:1000', to: '192.0.2.1:22', flags: 'S' })
  const hash = vi.spyOn(ELEMENT_KEYS, 'hash')
  const equals = vi.spyOn(ELEMENT_KEYS, 'equals')
  try {
    expect(step(box, { device: 'eth0', packet }).fate.kind).toBe('dropped')
    return { hashed: hash.mock.calls.length, compared: equals.mock.calls.length }
  } finally {
    hash.mockRestore()
    equals.mockRestore()
  }
}

const addresses = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `10.0.${at >> 8}.${at & 255}`)

describe('what a lookup costs does not grow with the set', () => {
  it.each([
    ['hash:ip', (address: string) => address],
    ['hash:ip,port', (address: string) => `${address},22`],
    ['hash:net', (address: string) => address],
    ['bitmap:ip range 10.0.0.0/16', (address: string) => address],
  ])('%s', (create, element) => {
    const small = lookups(create, addresses(8).map(element))
    const large = lookups(create, addresses(8000).map(element))
    expect(small.hashed).toBeGreaterThan(0)
    expect(large.hashed).toBe(small.hashed)
    expect(large.compared).toBeLessThanOrEqual(small.compared + 2)
  })
})
