/**
 * Matchers for Vitest about whole firewalls: properties that are searched for counterexamples (with fast-check, which
 * is why they are not among those of `netfilter-sim/vitest`).
 */
import type {} from 'vitest'
import type { FirewallOptions } from '../firewall.ts'
import { FirewallState } from '../state.ts'
import type { Judged } from './matchers/result.ts'
import { type CheckOptions, checkProperty } from './properties/check.ts'
import { type EquivalentOptions, equivalent } from './properties/equivalent.ts'
import type { Property } from './properties/property.ts'
import { formatReport } from './properties/report.ts'

type Rules = NonNullable<FirewallOptions['rules']>

/** Everything that {@link propertyMatchers} adds to `expect(…)`. */
export interface PropertyMatchers {
  /** `expect(firewall).toHold(neverReaches({ from: 'guest0', to: 'lan0' }))`: no packets were found that break it. */
  toHold(property: Property, options?: CheckOptions): void
  /** `expect(before).toBeEquivalentTo(after, { interfaces, routes })`: proven to do the same, or told apart. */
  toBeEquivalentTo(rules: Rules, options?: EquivalentOptions): void
}

/**
 * To be given to `expect.extend`, in a test or in a setup file. A failure prints the counterexample as a packet script,
 * and the trace of the packet that decided.
 *
 * @example
 * import { expect, test } from 'vitest'
 * import { neverReaches } from 'netfilter-sim/fast-check'
 * import { propertyMatchers } from 'netfilter-sim/vitest/properties'
 *
 * expect.extend(propertyMatchers)
 *
 * test('guests stay among themselves', () => {
 *   expect(firewall).toHold(neverReaches({ from: 'guest0', to: 'lan0' }))
 * })
 */
export const propertyMatchers = {
  toHold(received: unknown, property: Property, options?: CheckOptions): Judged {
    if (!(received instanceof FirewallState))
      throw new TypeError('toHold is about a firewall: expect(createFirewall(…)).toHold(…)')
    const report = checkProperty(received, property, options)
    return { pass: report.holds, message: () => formatReport(report) }
  },

  toBeEquivalentTo(received: Rules, rules: Rules, options?: EquivalentOptions): Judged {
    const { verdict, by, search } = equivalent(received, rules, options)
    const message = (): string =>
      search === undefined ? `the rulesets are ${verdict} (${by})` : `${verdict}: ${formatReport(search)}`
    return { pass: verdict === 'equivalent', message }
  },
}

declare module 'vitest' {
  // Merged by name: the type parameter must be that of vitest's own declaration.
  interface Matchers<T> extends PropertyMatchers {}
}
