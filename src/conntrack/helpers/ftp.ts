import { pullFragments } from '../../packet/fragments.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Connection, CtInfo, type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import type { NewExpectation } from '../expectations.ts'
import { before } from '../sequence.ts'
import { Tuple } from '../tuple.ts'
import { exactSource, unspecified } from './expect.ts'
import { FTP_COMMANDS, type FtpMatch, formatFtpAddress, matchFtpCommand } from './ftp-commands.ts'
import { tcpPayload } from './payload.ts'

const NEWLINE = 10

/** Per direction, the sequence numbers behind the last newlines: a command is read only where a line begins. */
interface FtpState {
  readonly afterNewline: readonly [readonly number[], readonly number[]]
}
const NOTHING_SEEN: FtpState = { afterNewline: [[], []] }

/**
 * FTP (RFC 959, 2428): PORT and EPRT of the client, the 227 and 229 answers of the server announce a data connection.
 * After net/netfilter/nf_conntrack_ftp.c and nf_nat_ftp.c, with the module's `loose` off: an address that is not the
 * speaker's own is not believed.
 *
 * A line counts only if it begins right behind a newline that was seen in the same direction, so the first line of each
 * direction is never read. A command that is cut in two is dropped, since half of it cannot be rewritten.
 */
export const ftp: ConntrackHelper = {
  name: 'ftp',
  protocols: [IPPROTO_TCP],
  maxExpected: [1],
  timeoutMs: [300_000],
  help(skb, transportOffset, connection, direction, ctInfo, context) {
    if (ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return 'accept'
    pullFragments(skb, skb.length)
    const payload = tcpPayload(skb.bytes, transportOffset)
    if (payload < 0) return 'accept'
    const data = skb.bytes.subarray(payload)
    const sequence = skb.u32(transportOffset + 4)
    const endsLine = data[data.length - 1] === NEWLINE
    // Of the bytes as they came: NAT may change their number below.
    const nextSequence = (sequence + data.length) >>> 0

    const state = (connection.helperState as FtpState | undefined) ?? NOTHING_SEEN
    let verdict: 'accept' | 'drop' = 'accept'
    if (state.afterNewline[direction].includes(sequence)) {
      const match = findCommand(data, direction, connection.original.family)
      if (match === 'partial') {
        context.recorder?.add({ kind: 'conntrack-helper', helper: 'ftp', what: 'dropped: half a command' })
        return 'drop'
      }
      if (match !== undefined) verdict = announce(skb, match, connection, direction, context)
    }
    if (endsLine) rememberNewline(connection, state, direction, nextSequence)
    return verdict
  },
}

function findCommand(
  line: Uint8Array,
  direction: Direction,
  family: 4 | 6,
): FtpMatch | 'partial' | undefined {
  for (const command of FTP_COMMANDS[direction]!) {
    const match = matchFtpCommand(line, command, family)
    if (match !== undefined) return match
  }
  return undefined
}

/** Adds the expectation of the data connection; under NAT the command is rewritten to say what the other side can reach. */
function announce(
  skb: Skb,
  match: FtpMatch,
  connection: Connection,
  direction: Direction,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const speaker = connection.tuple(direction).source
  if (match.address !== undefined && !match.address.equals(speaker)) {
    context.recorder?.add({
      kind: 'conntrack-helper',
      helper: 'ftp',
      what: `ignored ${match.address}: not ${speaker}`,
    })
    return 'accept'
  }
  const opposite: Direction = direction === ORIGINAL ? REPLY : ORIGINAL
  const other = connection.tuple(opposite)
  const make = (port: number): NewExpectation => ({
    tuple: new Tuple(other.source, other.destination, IPPROTO_TCP, 0, port),
    mask: exactSource(other.family),
    helper: ftp.name,
    maxExpected: ftp.maxExpected[0]!,
    timeoutMs: ftp.timeoutMs[0]!,
  })
  const { nat } = context
  if (nat === undefined || !connection.has(Status.SRC_NAT | Status.DST_NAT))
    return context.expectations.add(make(match.port), connection, context.nowMs) === 'added'
      ? 'accept'
      : 'drop'

  const savedAddress = unspecified(other.family)
  const expected = { savedAddress, savedPort: match.port, direction: opposite }
  const port = nat.expectOnFreePort(
    match.port,
    port => ({ ...make(port), nat: expected, onExpected: 'nat-follow-master' }),
    connection,
    context,
  )
  if (port === 0) return 'drop'
  const text = formatFtpAddress(match.command.kind, other.destination, port)
  return nat.mangleTcpPayload(skb, connection, direction, match.offset, match.length, text)
    ? 'accept'
    : 'drop'
}

/** Keeps the two newest ends of lines: the second is for a retransmission of the line before. */
function rememberNewline(
  connection: Connection,
  state: FtpState,
  direction: Direction,
  sequence: number,
): void {
  const known = state.afterNewline[direction]
  const updated = withNewline(known, sequence)
  if (updated === known) return
  const { afterNewline } = state
  connection.helperState = {
    afterNewline: direction === ORIGINAL ? [updated, afterNewline[1]] : [afterNewline[0], updated],
  } satisfies FtpState
}

function withNewline(known: readonly number[], sequence: number): readonly number[] {
  if (known.includes(sequence)) return known
  if (known.length < 2) return [...known, sequence]
  const [first, second] = known as readonly [number, number]
  const firstIsOlder = before(first, second)
  if (!before(firstIsOlder ? first : second, sequence)) return known
  return firstIsOlder ? [sequence, second] : [first, sequence]
}
