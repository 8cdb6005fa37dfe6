import fc from 'fast-check'
import { sctpWords } from './sctp-talk.ts'
import { devicesOf, type Site } from './site.ts'

/** What is different about a packet from what it should be. Absent: nothing. */
export interface Twist {
  readonly ttl?: number
  readonly tos?: number
  readonly badChecksum?: boolean
  /** Said, but lost before it comes here. */
  readonly lost?: boolean
  /** Overtaken by the next packet. */
  readonly late?: boolean
  /** Comes in there instead. */
  readonly at?: string
  /** In so many fragments (2 or 3), in order or the last one first. */
  readonly fragments?: { readonly count: number; readonly reversed: boolean; readonly lost?: boolean }
  readonly flags?: string
  /** SCTP: these chunks instead, written as `sctp-talk.ts` does. */
  readonly chunks?: string
  /** Type and code of the ICMP message. */
  readonly icmp?: readonly [type: number, code: number]
  /** Added to the sequence number (TCP). */
  readonly sequenceBy?: number
  readonly acknowledgmentBy?: number
  readonly window?: number
  /** Bytes more of data. */
  readonly extra?: number
  /** Text of the data instead. */
  readonly text?: string
  /** Some bytes of the data taken out, others put in; the place is counted modulo their number. */
  readonly edit?: { readonly at: number; readonly remove: number; readonly insert: string }
  /** Bytes cut from the end, the IP header telling so. */
  readonly cut?: number
}

/** Which packets are made wrong, and how they may be. */
export interface TwistShape {
  /** Whether packets may come in fragments; default true. */
  readonly fragments?: boolean
  /** Whether single bytes of the data may be wrong; default false. */
  readonly garbled?: boolean
  /** What is talked. */
  readonly protocols?: readonly string[]
}

/** Something that is wrong about a packet, or two things. */
export function twist(
  site: Site,
  { fragments = true, garbled = false, protocols = [] }: TwistShape = {},
): fc.Arbitrary<Twist> {
  const one: fc.Arbitrary<Twist> = fc.oneof(
    fc.constantFrom(1, 0, 2, 255).map(ttl => ({ ttl })),
    fc.constantFrom(0x10, 0x08, 0xb8, 1, 2, 3).map(tos => ({ tos })),
    fc.constant({ badChecksum: true }),
    fc.constantFrom(...devicesOf(site), 'local').map(at => ({ at })),
    ...(fragments
      ? [
          fc
            .record({
              count: fc.constantFrom(2, 3),
              reversed: fc.boolean(),
              lost: fc.constantFrom(false, false, true),
            })
            .map(pieces => ({ fragments: pieces })),
        ]
      : []),
    fc
      .constantFrom(
        'S',
        'SA',
        'A',
        'FA',
        'F',
        'R',
        'RA',
        'SF',
        '',
        'FPU',
        'PA',
        'AU',
        'SU',
        'SFRPAUEC',
        'SEC',
      )
      .map(flags => ({ flags })),
    fc
      .constantFrom(1, -1, 1000, -1000, 70000, -70000, 0x40000000, 0x7fffffff)
      .map(sequenceBy => ({ sequenceBy })),
    fc
      .constantFrom(1, -1, 1000, -1000, 70000, -70000, 0x40000000)
      .map(acknowledgmentBy => ({ acknowledgmentBy })),
    fc.constantFrom(0, 1, 512, 65535).map(window => ({ window })),
    fc.constantFrom(1, 7, 100, 1400, 1500).map(extra => ({ extra })),
    fc.constantFrom('evil', 'USER a\r\n', 'AAAA').map(text => ({ text })),
    ...(garbled
      ? [
          fc
            .record({
              at: fc.oneof(fc.nat(160), fc.nat(700)),
              remove: fc.nat(3),
              insert: fc.constantFrom(...GARBAGE),
            })
            .map(edit => ({ edit })),
        ]
      : []),
    fc.constantFrom(1, 4, 8, 12, 20, 30).map(cut => ({ cut })),
    ...(protocols.includes('sctp') ? [sctpWords.map(chunks => ({ chunks }))] : []),
  )
  return fc.oneof(
    { weight: 5, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([a, b]) => ({ ...a, ...b })) },
  )
}

/** What breaks the parsers of payloads, if anything does. */
const GARBAGE = [
  '',
  ' ',
  '\r',
  '\n',
  '\r\n',
  ',',
  '|',
  '(',
  '1',
  '99',
  '65536',
  'x',
  '\0',
  '\xff',
  ':',
  '\u0001',
  ';',
  '@',
  '.',
  '\t',
  '\r\n ',
  'sip:',
] as const
