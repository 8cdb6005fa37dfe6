/** The tests of `-m conntrack`, in the order of `conntrack_mt` (net/netfilter/xt_conntrack.c). */
import { type Connection, ORIGINAL, Status } from '../../conntrack/connection.ts'
import type { Skb } from '../../packet/skb.ts'
import type { MatchEnvironment, Test } from '../extension.ts'
import {
  ADDRESS_FIELDS,
  ADDRESS_OF,
  type ConntrackOptions,
  PORT_FIELDS,
  PORT_OF,
  statusText,
} from './conntrack-options.ts'
import { stateBits, statesText } from './states.ts'
import { hostMaskText, hostMatcher, not, rangeText } from './support.ts'

export function compileConntrack(options: ConntrackOptions): readonly Test[] {
  const { state, protocol, addresses, ports, status, expire, direction } = options
  const untracked = state !== undefined
  const tests: Test[] = []
  if (state !== undefined) {
    const { value, negated } = state
    tests.push({
      option: `${not(negated)}--ctstate ${statesText(value)}`,
      passes: skb => ((stateBits(skb) & value) !== 0) !== negated,
      seen: skb => `ctstate ${statesText(stateBits(skb))}`,
      pure: true,
    })
  }
  const add = (
    option: string,
    holds: (connection: Connection, environment: MatchEnvironment) => boolean,
    seen: (connection: Connection, environment: MatchEnvironment) => string,
  ): void => {
    tests.push(connectionTest(option, untracked, holds, seen))
  }
  if (direction !== undefined) tests.push(directionTest(direction, untracked))
  for (const field of ADDRESS_FIELDS) {
    const wanted = addresses?.[field]
    if (wanted === undefined) continue
    const holds = hostMatcher(wanted)
    const addressOf = ADDRESS_OF[field]
    const { negated } = wanted
    add(
      `${not(negated)}--ct${field} ${hostMaskText(wanted)}`,
      connection => holds(addressOf(connection)) !== negated,
      connection => `ct${field} ${addressOf(connection)}`,
    )
  }
  if (protocol !== undefined) {
    const { value, negated } = protocol
    add(
      `${not(negated)}--ctproto ${value}`,
      ({ original }) => (original.protocol === value) !== negated,
      ({ original }) => `ctproto ${original.protocol}`,
    )
  }
  for (const field of PORT_FIELDS) {
    const wanted = ports?.[field]
    if (wanted === undefined) continue
    const { min, max, negated } = wanted
    const portOf = PORT_OF[field]
    add(
      `${not(negated)}--ct${field} ${rangeText(wanted)}`,
      connection => {
        const port = portOf(connection)
        return (port >= min && port <= max) !== negated
      },
      connection => `ct${field} ${portOf(connection)}`,
    )
  }
  if (status !== undefined) {
    const { value, negated } = status
    add(
      `${not(negated)}--ctstatus ${statusText(value)}`,
      connection => ((connection.status & value) !== 0) !== negated,
      connection => `ctstatus ${statusText(connection.status)}`,
    )
  }
  if (expire !== undefined) {
    const { min, max, negated } = expire
    add(
      `${not(negated)}--ctexpire ${rangeText(expire)}`,
      (connection, environment) => {
        const left = secondsLeft(connection, environment)
        return (left >= min && left <= max) !== negated
      },
      (connection, environment) => `ctexpire ${secondsLeft(connection, environment)}`,
    )
  }
  return tests
}

/** Without a connection: passed if the rule had a `--ctstate` (which was asked before), else failed. */
function connectionTest(
  option: string,
  untracked: boolean,
  holds: (connection: Connection, environment: MatchEnvironment) => boolean,
  seen: (connection: Connection, environment: MatchEnvironment) => string,
): Test {
  return {
    option,
    passes: ({ connection }, environment) =>
      connection === undefined ? untracked : holds(connection, environment),
    seen: ({ connection }, environment) =>
      connection === undefined ? 'no connection' : seen(connection, environment),
  }
}

function directionTest(direction: 0 | 1, untracked: boolean): Test {
  return {
    option: `--ctdir ${direction === ORIGINAL ? 'ORIGINAL' : 'REPLY'}`,
    passes: (skb: Skb) => (skb.connection === undefined ? untracked : skb.direction === direction),
    seen: (skb: Skb) =>
      skb.connection === undefined
        ? 'no connection'
        : `ctdir ${skb.direction === ORIGINAL ? 'ORIGINAL' : 'REPLY'}`,
  }
}

/** `nf_ct_expires`: 0 before the entry is confirmed, when its timeout has not begun to run. */
function secondsLeft(connection: Connection, { nowMs }: MatchEnvironment): number {
  if ((connection.status & Status.CONFIRMED) === 0) return 0
  return Math.max(0, Math.floor((connection.expiresAtMs - nowMs) / 1000))
}
