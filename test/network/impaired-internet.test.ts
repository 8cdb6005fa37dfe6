import { expect, it } from 'vitest'
import { curl, type ImpairmentSpec, impair, nc, ping } from '../../src/network/index.ts'
import { office, told } from './fixtures.ts'

const SOUND = office()

/** Each packet takes two cables of the internet, and is treated on the first. */
it.each<[string, ImpairmentSpec, number]>([
  ['the first SYN', { action: 'drop', match: { flags: 'S' }, nth: 1 }, 1000],
  ['two SYNs', { action: 'drop', match: { flags: 'S' }, nth: 1, count: 2 }, 3000],
  ['the first SYN-ACK', { action: 'drop', match: { flags: 'SA' }, nth: 1 }, 1000],
])('an internet that loses %s loses no more of them', (_, spec, laterMs) => {
  const sound = nc(SOUND, 'a', 'web:80')
  const bad = nc(impair(SOUND, 'internet', spec), 'a', 'web:80')
  expect(bad.result.outcome).toBe('open')
  expect(bad.hops.filter(({ kind }) => kind === 'loss')).toHaveLength(spec.count ?? 1)
  expect(bad.network.nowMs - sound.network.nowMs).toBe(laterMs)
})

it('counts over all its cables: the second ping is lost, whoever sends it', () => {
  const bad = impair(SOUND, 'internet', {
    action: 'drop',
    match: { protocol: 'icmp', destination: '198.51.100.7' },
    nth: 2,
  })
  const first = ping(bad, 'attacker', 'web', { count: 1 })
  const second = ping(first.network, 'a', 'web', { count: 1 })
  const third = ping(second.network, 'attacker', 'web', { count: 1 })
  expect([first, second, third].map(({ result }) => result.outcome)).toEqual([
    'answered',
    'unanswered',
    'answered',
  ])
})

it.each<[string, ImpairmentSpec, number]>([
  ['late by 100 ms each way', { action: 'delay', delayMs: 100 }, 200],
  ['late by 100 ms on the way back', { action: 'delay', delayMs: 100, from: 'web' }, 100],
  ['late where the internet itself is named', { action: 'delay', delayMs: 100, from: 'internet' }, 200],
])('an internet that is %s', (_, spec, laterMs) => {
  const answered = (network: typeof SOUND) => ping(network, 'a', 'web', { count: 1 }).hops.at(-1)!.atMs
  expect(answered(impair(SOUND, 'internet', spec)) - answered(SOUND)).toBe(laterMs)
})

it('an internet that doubles packets makes two of one, not four', () => {
  const bad = impair(SOUND, 'internet', { action: 'duplicate', match: { flags: 'S' } })
  const { hops, result } = curl(bad, 'a', 'http://web/')
  expect(result.outcome).toBe('answered')
  expect(told(hops).filter(line => /^\d+ web .* S /.test(line))).toHaveLength(2)
})
