import { type Family, maskOf } from '../address.ts'
import { type Expectation, ExpectFlags } from './expectations.ts'
import type { Tuple } from './tuple.ts'

/**
 * What `conntrack -L expect` (conntrack-tools 1.4.7) prints on its standard output: one line for each expectation that
 * waits, in the order in which they were made (the kernel's is that of its hash). The kernel tells no zone, no NAT and
 * no flag for userspace helpers of them, and the tool prints no names of protocols, with `-o extended` neither.
 *
 * @param family those of IPv4 or of IPv6 only; the tool's own default is 4
 */
export function listExpectations(
  expectations: readonly Expectation[],
  nowMs: number,
  family?: Family,
): string[] {
  return expectations
    .filter(({ tuple, expiresAtMs }) => expiresAtMs > nowMs && (family ?? tuple.family) === tuple.family)
    .map(expectation => expectationLine(expectation, nowMs))
}

function expectationLine(expectation: Expectation, nowMs: number): string {
  const { tuple, mask, masterOriginal, expiresAtMs } = expectation
  // Destination, its port and the protocol always count.
  const everything = maskOf(tuple.family, tuple.family === 4 ? 32 : 128)
  return [
    // Rounded down, as the kernel does.
    Math.floor((expiresAtMs - nowMs) / 1000),
    `proto=${tuple.protocol}`,
    `src=${tuple.source} dst=${tuple.destination} ${ports(tuple)}`,
    `mask-src=${mask.source} mask-dst=${everything} sport=${mask.sport} dport=65535`,
    `master-src=${masterOriginal.source} master-dst=${masterOriginal.destination} ${ports(masterOriginal)}`,
    ...flags(expectation),
    `class=${expectation.class}`,
    `helper=${expectation.helper}`,
  ].join(' ')
}

/** Every modelled helper speaks over TCP or UDP, and expects one of them. */
function ports({ sport, dport }: Tuple): string {
  return `sport=${sport} dport=${dport}`
}

function flags(expectation: Expectation): string[] {
  const names: string[] = []
  if ((expectation.flags & ExpectFlags.PERMANENT) !== 0) names.push('PERMANENT')
  if ((expectation.flags & ExpectFlags.INACTIVE) !== 0) names.push('INACTIVE')
  return names.length === 0 ? [] : [names.join(',')]
}
