import { advance, step } from '../firewall.ts'
import type { Arrival, Outcome } from '../outcome.ts'
import type { Packet } from '../packet/packet.ts'
import type { FirewallState } from '../state.ts'
import type { Happening, History } from './conversations.ts'
import { type Line, OPEN_DATA } from './course-lines.ts'
import { spoken } from './helper-courses.ts'
import { cutFragments, cutShort, errorAbout, makePacket, type Said, sideways } from './make-packet.ts'
import { callIdIn, withCallId } from './pptp-courses.ts'
import { isRestart, renewedTag } from './sctp-talk.ts'
import { dataTalk, type Side, Talk } from './talk.ts'
import type { Twist } from './twists.ts'

/** What was done to the firewall, one thing after the other. */
export type PlayedStep =
  | {
      readonly kind: 'arrival'
      readonly arrival: PlayedArrival
      readonly outcome: Outcome
    }
  | { readonly kind: 'wait'; readonly ms: number; readonly state: FirewallState }

/**
 * Turns a history into packets by playing it: each end answers what it really saw, with the addresses and ports that the
 * firewall has shown it. What the firewall drops is answered as if it had arrived untranslated, so that the other side
 * of a rule is tried, too.
 *
 * @returns the steps in order; `finalState` of them is the firewall afterwards
 * @example
 * const rules = 'iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE'
 * const firewall = createFirewall({ ...siteOptions(GATEWAY), rules })
 * const client = { at: 'lan0', address: '10.6.0.2', port: 40000 }
 * const server = { at: 'wan0', address: '198.51.100.7', port: 53 }
 * const fields = { course: 0, initialSequence: [1000, 5000], window: 65535, options: 'none' }
 * const query = { protocol: 'udp', client, server, ...fields }
 * const next = { kind: 'next', about: 0, twist: {} }
 * const steps = play(firewall, { conversations: [query], happenings: [next, next] }, { ids: 'plain' })
 * // the server answers who it has seen: the gateway
 * console.log(steps.map(({ arrival }) => `${arrival.device}: ${arrival.packet}`).join('\n'))
 * // lan0: udp 10.6.0.2:40000 > 198.51.100.7:53 data="AAAAAAAAAAAA"
 * // wan0: udp 198.51.100.7:53 > 203.0.113.1:40000 data="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
 */
export function play(
  firewall: FirewallState,
  history: History,
  options: PlayOptions = {},
): readonly PlayedStep[] {
  return new Play(firewall, options).all(history)
}

/** How a history is turned into packets. */
export interface PlayOptions {
  /** `counted` (default): every packet has an IP id of its own; `plain`: only fragments do, others have the default. */
  readonly ids?: 'counted' | 'plain'
  /** Places (`local`, a device) whose hosts say nothing out of turn and nothing that is not as it should be. */
  readonly honest?: readonly string[]
  /** What is not allowed is not sent, and the history goes on. Default: everything is. */
  readonly allows?: (state: FirewallState, arrival: PlayedArrival) => boolean
}

export type PlayedArrival = Arrival & { readonly packet: Packet }

/**
 * The firewall after the last step.
 *
 * @param firewall what the steps were played on; the result when there are none
 * @example
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * const client = { at: 'lan0', address: '10.6.0.2', port: 40000 }
 * const server = { at: 'wan0', address: '198.51.100.7', port: 53 }
 * const fields = { course: 0, initialSequence: [1000, 5000], window: 65535, options: 'none' }
 * const query = { protocol: 'udp', client, server, ...fields }
 * const next = { kind: 'next', about: 0, twist: {} }
 * const steps = play(firewall, { conversations: [query], happenings: [next, { kind: 'wait', ms: 10_000 }] })
 * const after = finalState(firewall, steps)
 * after.nowMs - firewall.nowMs // 10000
 * conntrackList(after).length // 1
 * finalState(firewall, []) === firewall // true
 */
export function finalState(firewall: FirewallState, steps: readonly PlayedStep[]): FirewallState {
  const last = steps.at(-1)
  if (last === undefined) return firewall
  return last.kind === 'wait' ? last.state : last.outcome.state
}

class Play {
  private state: FirewallState
  private readonly steps: PlayedStep[] = []
  private readonly options: PlayOptions
  private id = 1
  /** Packets that the next one overtakes. */
  private late: { readonly at: string; readonly packet: Packet }[] = []

  constructor(state: FirewallState, options: PlayOptions) {
    this.state = state
    this.options = options
  }

  all(history: History): readonly PlayedStep[] {
    const talks = history.conversations.map(conversation => new Talk(conversation))
    if (talks.length === 0) return []
    for (const happening of history.happenings) this.one(happening, talks)
    return this.steps
  }

  private one(happening: Happening, talks: Talk[]): void {
    if (happening.kind === 'wait') {
      this.state = advance(this.state, happening.ms)
      this.steps.push({ kind: 'wait', ms: happening.ms, state: this.state })
      return
    }
    const talk = talks[happening.about % talks.length]!
    switch (happening.kind) {
      case 'next':
        this.goOn(talk, talks, happening.twist)
        return
      case 'say':
        if (this.isHonest(talk.sides[happening.side])) return
        this.say(
          talk,
          [happening.side, talk.conversation.protocol === 'sctp' ? 'DATA' : 'A', 0],
          happening.twist,
          false,
        )
        return
      case 'again':
        this.repeat(talk, happening.side)
        return
      case 'error':
        this.complain(talk, happening)
        return
      default:
        happening satisfies never
    }
  }

  private goOn(talk: Talk, talks: Talk[], twist: Twist): void {
    const line = talk.nextLine()
    if (line[2] !== OPEN_DATA) {
      this.say(talk, line, twist, true)
      return
    }
    const data = dataTalk(talk, line[0])
    if (data === undefined) return
    talks.push(data)
    this.say(data, data.nextLine(), twist, true)
  }

  /** One side says a line; `counts` if it is part of the conversation's course. */
  private say(talk: Talk, [who, flags, text]: Line, given: Twist, counts: boolean): void {
    const from = talk.sides[who]
    const twist = this.isHonest(from) ? {} : given
    const to = talk.sides[1 - who]!
    if (isRestart(twist.chunks ?? flags)) from.tag = renewedTag(from.tag)
    const words =
      typeof text === 'string'
        ? withCallId(spoken(text, from, { address: from.peerAddress, port: from.peerPort }), from.heardCall)
        : text
    const said: Said = {
      from: { address: from.address, port: from.port },
      to: { address: from.peerAddress, port: from.peerPort },
      isReply: who === 1,
      flags: twist.flags ?? flags,
      text: twist.text ?? words,
      sequence: (from.next + (twist.sequenceBy ?? 0)) >>> 0,
      acknowledgment: (from.expects + (twist.acknowledgmentBy ?? 0)) >>> 0,
      tag: to.tag,
      ownTag: from.tag,
      callId: from.heardCall,
      id: this.nextId(twist.fragments !== undefined),
    }
    const { packet, length } = makePacket(talk.conversation, said, twist)
    const at = twist.at ?? from.at
    if (twist.late) this.late.push({ at, packet })
    const outcomes = twist.lost || twist.late ? [] : this.send(at, packet, twist)
    from.last = packet
    for (const outcome of outcomes) this.notice(outcome, from, to, packet)
    if (!counts) return
    const consumed = length + (said.flags.includes('S') ? 1 : 0) + (said.flags.includes('F') ? 1 : 0)
    if (packet.decoded.kind === 'tcp') {
      from.next = (from.next + consumed) >>> 0
      to.expects = from.next
    }
  }

  /** What the other side sees of it: where its answers go. */
  private notice(outcome: Outcome, from: Side, to: Side, sent: Packet): void {
    const seen =
      outcome.emitted.find(({ answer }) => !answer) ?? outcome.delivered.find(({ answer }) => !answer)
    if (seen === undefined) {
      from.seen = undefined
      return
    }
    const at = outcome.fate.kind === 'delivered' ? 'local' : seen.device
    from.seen = { packet: seen.packet, at }
    to.heardCall = callIdIn(seen.packet) ?? to.heardCall
    const shown = sideways(seen.packet)
    const before = sideways(sent)
    if (shown === undefined || before === undefined) return
    to.peerAddress = shown.source
    to.peerPort = shown.sourcePort ?? to.peerPort
  }

  private isHonest({ at }: Side): boolean {
    return this.options.honest?.includes(at) ?? false
  }

  private repeat(talk: Talk, who: 0 | 1): void {
    const from = talk.sides[who]
    if (from.last === undefined) return
    this.send(from.at, from.last, {})
  }

  /** An error about the last packet of a side, from where it went. */
  private complain(
    talk: Talk,
    { side: who, type, code, quoted }: Extract<Happening, { kind: 'error' }>,
  ): void {
    const from = talk.sides[who]
    const about = from.seen?.packet ?? from.last
    if (about === undefined) return
    const at = from.seen?.at ?? talk.sides[1 - who]!.at
    const packet = errorAbout(about, type, code, quoted, this.nextId())
    if (packet !== undefined) this.send(at, packet, {})
  }

  private send(at: string, whole: Packet, twist: Twist): readonly Outcome[] {
    const short = twist.cut === undefined ? whole : cutShort(whole, twist.cut)
    const packets = twist.fragments === undefined ? [short] : cutFragments(short, twist.fragments)
    const outcomes: Outcome[] = []
    for (const packet of packets) {
      const arrival =
        at === 'local' ? { local: true as const, packet, socket: { uid: 0, gid: 0 } } : { device: at, packet }
      if (this.options.allows?.(this.state, arrival) === false) continue
      const outcome = step(this.state, arrival)
      this.state = outcome.state
      this.steps.push({ kind: 'arrival', arrival, outcome })
      outcomes.push(outcome)
    }
    for (const overtaken of this.late.splice(0)) this.send(overtaken.at, overtaken.packet, {})
    return outcomes
  }

  /** IPv4 ids, never 0. */
  private nextId(isFragmented = false): number {
    if (this.options.ids === 'plain' && !isFragmented) return 1
    this.id = (this.id % 0xfffe) + 1
    return this.id
  }
}
