/**
 * Matchers for Vitest: what a network's hosts can reach, and what a firewall decided, as expectations whose failures
 * print the trace.
 */
import type {} from 'vitest'
import { networkMatchers } from './matchers/network.ts'
import { outcomeMatchers } from './matchers/outcome.ts'
import type { Judged } from './matchers/result.ts'

export type { ReachOptions } from './matchers/network.ts'
export type { Judged, Translation } from './matchers/result.ts'

type MatchersOf<Functions> = {
  [Name in keyof Functions]: Functions[Name] extends (received: never, ...args: infer Arguments) => Judged
    ? (...args: Arguments) => void
    : never
}

/** Everything that {@link matchers} adds to `expect(…)`. A further group of matchers is one more line here. */
export interface NetfilterMatchers
  extends MatchersOf<typeof networkMatchers>,
    MatchersOf<typeof outcomeMatchers> {}

/**
 * To be given to `expect.extend`, in a test or in a setup file.
 *
 * @example
 * import { expect, test } from 'vitest'
 * import { matchers } from 'netfilter-sim/vitest'
 *
 * expect.extend(matchers)
 *
 * test('the portal is all that the internet sees', () => {
 *   expect(network).toReach('patient', 'portal:443')
 *   expect(network).toFilter('patient', 'database:5432')
 * })
 */
export const matchers = { ...networkMatchers, ...outcomeMatchers }

declare module 'vitest' {
  // Merged by name: the type parameter must be that of vitest's own declaration.
  interface Matchers<T> extends NetfilterMatchers {}
}
