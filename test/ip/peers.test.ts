import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import {
  NO_PEERS,
  type Spend,
  spendError,
  spendRedirect4,
  spendRedirect6,
  spendUnlimited,
} from '../../src/ip/peers.ts'

const host = Address.parse('10.6.0.5')

/** At which of these times may something be sent? */
function sentAt(events: readonly (readonly [number, Spend])[]): number[] {
  let peers = NO_PEERS
  return events.flatMap(([nowMs, spend]) => {
    const decision = spend(peers, host, nowMs)
    peers = decision.peers
    return decision.isAllowed ? [nowMs] : []
  })
}

const each = (spend: Spend, ...times: number[]): (readonly [number, Spend])[] => times.map(at => [at, spend])

describe('what hosts are sent in a while', () => {
  it.each([
    [
      'five errors, then one a second',
      each(spendError, 0, 1, 2, 3, 4, 5, 900, 1000, 1500, 2100),
      [0, 1, 2, 3, 4, 1000, 2100],
    ],
    [
      'five seconds later five again',
      each(spendError, 0, 0, 5000, 5000, 5000, 5000, 5000, 5000),
      [0, 0, 5000, 5000, 5000, 5000, 5000],
    ],
    [
      'six redirects of IPv6, then one a second',
      each(spendRedirect6, 0, 0, 0, 0, 0, 0, 0, 999, 1000),
      [0, 0, 0, 0, 0, 0, 1000],
    ],
    [
      'a redirect of IPv4 after 40 ms, 80 ms, 160 ms',
      each(spendRedirect4, 0, 40, 41, 121, 122, 282, 283),
      [0, 41, 122, 283],
    ],
    [
      'an error without a limit leaves nothing saved up',
      [...each(spendUnlimited, 0), ...each(spendError, 1, 999, 1000)],
      [0, 1000],
    ],
    ['nor does the first redirect', [...each(spendRedirect4, 0), ...each(spendError, 999, 1000)], [0, 1000]],
  ])('%s', (_, events, expected) => {
    expect(sentAt(events)).toEqual(expected)
  })

  it('nine redirects that nobody heeds are enough, until there were none for 20 seconds', () => {
    const pauses = Array.from({ length: 9 }, (_, n) => 20 * 2 ** n * 2 - 40 + n)
    expect(sentAt(each(spendRedirect4, ...pauses))).toHaveLength(9)
    const last = pauses.at(-1)!
    const then = [last + 19_000, last + 39_000, last + 39_000 + 20_481]
    expect(sentAt(each(spendRedirect4, ...pauses, ...then)).slice(9)).toEqual([then[2]])
  })
})
