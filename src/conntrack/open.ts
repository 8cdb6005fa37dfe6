import { IPPROTO_GRE } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { Connection, Status, type SynproxyState, type Zone } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { expireConnection, killConnection } from './destroy.ts'
import type { ConntrackTemplate } from './template.ts'
import { invertTuple, type Tuple } from './tuple.ts'

/** How many slots are looked at for an entry that can be given up (`NF_CT_EVICTION_RANGE` hash buckets). */
const EVICTION_RANGE = 8

const NOTHING_LEARNED: SynproxyState = Object.freeze({ isn: 0, initialTimestamp: 0, timestampOffset: 0 })

/**
 * A connection of which this is the first packet (`init_conntrack`). It belongs to the step and is in no table until
 * the packet leaves the box. 'full': there is no room for another; undefined: nothing answers to such a tuple.
 */
export function openConnection(
  tuple: Tuple,
  zone: Zone,
  template: ConntrackTemplate | undefined,
  skb: Skb,
  context: ConntrackContext,
): Connection | 'full' | undefined {
  const reply = invertTuple(tuple)
  if (reply === undefined) return undefined
  const { sysctls, sessions } = context
  if (sysctls.max !== 0 && sessions.size >= sysctls.max && !dropEarly(tuple, context)) {
    context.recorder?.add({
      kind: 'conntrack-entry',
      what: 'table-full',
      original: tuple,
      reason: `nf_conntrack_max is ${sysctls.max}`,
    })
    return 'full'
  }
  const connection = sessions.adopt(new Connection(tuple, reply))
  connection.zone = zone
  connection.createdAtMs = context.nowMs
  connection.isAccounted = sysctls.acct
  connection.inDevice = skb.inDevice
  connection.timeoutPolicy = template?.timeoutPolicy
  connection.eventMask = template?.conntrackEvents
  if (template?.synproxy === true) connection.synproxy = NOTHING_LEARNED
  if (!fulfilExpectation(connection, context) && template?.helper !== undefined) {
    connection.helper = template.helper
    connection.status |= Status.HELPER
  }
  context.recorder?.add({ kind: 'conntrack-entry', what: 'created', original: tuple })
  return connection
}

/** A connection that a helper has announced is RELATED to its master, and takes over its mark. */
function fulfilExpectation(connection: Connection, context: ConntrackContext): boolean {
  const { expectations, sessions } = context
  if (expectations.size === 0) return false
  const { nowMs } = context
  const expectation = expectations.take(connection.original, connection.zone, nowMs, id => sessions.get(id))
  if (expectation === undefined) return false
  const master = sessions.get(expectation.masterId)!
  connection.status |= Status.EXPECTED
  connection.masterId = expectation.masterId
  connection.masterOriginal = expectation.masterOriginal
  connection.helper = expectation.assignHelper
  connection.mark = master.mark
  if (expectation.onExpected !== undefined) context.nat?.expected(connection, expectation, context)
  context.helper?.(expectation.helper)?.expected?.(connection, expectation, master, context)
  if (connection.original.protocol === IPPROTO_GRE) {
    context.openedCalls ??= []
    context.openedCalls.push(connection)
  }
  return true
}

/**
 * Makes room: among a few entries, one that is not ASSURED goes (`early_drop`). The kernel looks at a few hash buckets;
 * here it is a few slots, from one that the tuple decides. Closing connections (`can_early_drop`) are given up by the
 * kernel's collector only, later and not for a packet.
 */
function dropEarly(tuple: Tuple, context: ConntrackContext): boolean {
  const { sessions } = context
  const { slotCount } = sessions
  for (let i = 0; i < EVICTION_RANGE && i < slotCount; i++) {
    const connection = sessions.get(((tuple.hash >>> 0) + i) % slotCount)
    if (connection === undefined) continue
    if (connection.expiresAtMs <= context.nowMs) {
      expireConnection(connection, context)
      return true
    }
    if (connection.has(Status.ASSURED)) continue
    killConnection(connection, context, 'the table is full, and it was not ASSURED')
    return true
  }
  return false
}
