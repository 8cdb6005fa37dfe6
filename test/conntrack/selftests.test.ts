import { describe, expect, it } from 'vitest'
import { Box, type Segment, tcp } from './box.ts'

/**
 * What the kernel's own tests say of connection tracking (tools/testing/selftests/net/netfilter/packetdrill, named in
 * each title), told again: who sends what, what `--ctstate` says, and the entry afterwards. The live kernel answered the
 * same packets; see selftests in test/kernel/cases/found.
 */
type Line = [from: 'client' | 'server', flags: string, segment: Segment, state: string, entry: string]

const scripts: [name: string, lines: Line[]][] = [
  [
    'conntrack_inexact_rst: a RST below what was acknowledged passes once the connection is closed',
    [
      ['client', 'S', { seq: 0, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 1, ack: 1, win: 65535 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1, ack: 2, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'A', { seq: 2, ack: 1, data: 1000 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['server', 'A', { seq: 1002, ack: 1, data: 1000 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['client', 'A', { seq: 1, ack: 2002 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['client', 'PA', { seq: 1, ack: 2002, data: 1000 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['server', 'FA', { seq: 2002, ack: 1001 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
      ['client', 'A', { seq: 1001, ack: 2003 }, 'ESTABLISHED', 'CLOSE_WAIT 60 ASSURED'],
      ['client', 'RA', { seq: 1001, ack: 2003 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
      ['server', 'R', { seq: 1002 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
    ],
  ],
  [
    'conntrack_rst_invalid: a RST out of the window or below what was acknowledged is INVALID',
    [
      ['client', 'S', { seq: 0, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 0, ack: 1, win: 65535 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1, ack: 1, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'A', { seq: 1, ack: 1, win: 65535, data: 3000 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['client', 'A', { seq: 1, ack: 3001, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'R', { seq: 0 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'R', { seq: 1000000 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'R', { seq: 42 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      [
        'client',
        'PA',
        { seq: 1, ack: 3001, win: 65535, data: 1000 },
        'ESTABLISHED',
        'ESTABLISHED 300 ASSURED',
      ],
      ['server', 'A', { seq: 3001, ack: 1001, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'RA', { seq: 3000, ack: 1001 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'RA', { seq: 3001, ack: 1001 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
    ],
  ],
  [
    'conntrack_syn_challenge_ack: the challenge, the RST it provokes and the new SYN all pass',
    [
      ['client', 'S', { seq: 1000, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'A', { seq: 145824453, ack: 643160523, win: 240 }, 'ESTABLISHED', 'SYN_SENT 120'],
      ['client', 'R', { seq: 643160523 }, 'ESTABLISHED', 'CLOSE 10'],
      ['client', 'S', { seq: 1000, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 0, ack: 1001, win: 250 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1001, ack: 1, win: 256 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  ],
  [
    'conntrack_synack_old: the answer to an older SYN is INVALID, and spoils nothing',
    [
      ['client', 'S', { seq: 1000, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 145824453, ack: 643160523, win: 240 }, 'INVALID', 'SYN_SENT 120'],
      ['client', 'S', { seq: 1000, win: 65535 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 145758918, ack: 1001, win: 250 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1001, ack: 145758919, win: 256 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      [
        'client',
        'PA',
        { seq: 1001, ack: 145758919, win: 256, data: 1 },
        'ESTABLISHED',
        'ESTABLISHED 300 ASSURED',
      ],
    ],
  ],
  [
    'conntrack_synack_reuse: a SYN in ESTABLISHED, its challenge, the RST, and the connection anew',
    [
      ['client', 'S', { seq: 0, win: 32792 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 0, ack: 1 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1, ack: 1, win: 257 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['client', 'PA', { seq: 1, ack: 1, win: 257, data: 100 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['server', 'A', { seq: 1, ack: 101, win: 256 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['client', 'S', { seq: 2000, win: 32792 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'A', { seq: 1, ack: 101, win: 256 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['client', 'RA', { seq: 101, ack: 1, win: 257 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
      ['client', 'S', { seq: 2000, win: 32792 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 5000, ack: 2001 }, 'ESTABLISHED', 'SYN_RECV 60'],
    ],
  ],
  [
    'conntrack_ack_loss_stall: data that was acknowledged long ago passes when it is sent again',
    [
      ['client', 'S', { seq: 0, win: 32792 }, 'NEW', 'SYN_SENT 120'],
      ['server', 'SA', { seq: 0, ack: 1, win: 65535 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['client', 'A', { seq: 1, ack: 1, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ...Array.from({ length: 46 }, (_, at): Line[] => [
        [
          'client',
          'PA',
          { seq: 1 + 1460 * at, ack: 1, win: 257, data: 1460 },
          'ESTABLISHED',
          'ESTABLISHED 300 ASSURED',
        ],
        [
          'server',
          'A',
          { seq: 1, ack: 1461 + 1460 * at, win: 65535 },
          'ESTABLISHED',
          'ESTABLISHED 432000 ASSURED',
        ],
      ]).flat(),
      ['client', 'PA', { seq: 1, ack: 1, win: 257, data: 1460 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['server', 'A', { seq: 1, ack: 67161, win: 65535 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  ],
]

describe("what the kernel's own tests say of conntrack", () => {
  it.each(scripts)('%s', (_, lines) => {
    const box = new Box()
    for (const [at, [from, flags, segment, state, entry]] of lines.entries()) {
      const seen = `${box.see(tcp(from, flags, segment))}: ${box.entry}`
      expect(`${at} ${flags} ${seen}`).toBe(`${at} ${flags} ${state}: ${entry}`)
    }
  })
})
