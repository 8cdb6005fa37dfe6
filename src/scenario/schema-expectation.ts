import { z } from 'zod'
import { port } from './service-kind.ts'

/** One of something, or a list of it. */
export const oneOrMore = z.union([z.string(), z.array(z.string())])
export const host = z.string().min(1)
export const flags = z.string().regex(/^[SAFRPUEC]+$/, { error: 'not TCP flags: letters of S A F R P U E C' })

const expectedPacket = z.strictObject({
  at: host.describe('at this node'),
  nth: z.int().min(1).optional().describe('the how manyth packet there that fits; default 1'),
  flags: flags.optional().describe('only packets with exactly these TCP flags'),
  protocol: z.string().optional().describe('only packets of this protocol'),
  answer: z.boolean().optional().describe('only packets on their way back to who began'),
  data: z.string().optional().describe('only packets whose payload contains this'),
  verdict: z.enum(['sent', 'forwarded', 'delivered', 'dropped', 'rejected', 'discarded', 'held']).optional(),
  by: z.string().optional().describe('the rule that decided: filter/FORWARD:3, or :policy'),
  line: z.string().optional().describe('the policy or zone line it was made from: policy line 4'),
  ctstate: z.enum(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED']).optional(),
  source: z.string().optional().describe('source as it leaves, after NAT: 203.0.113.1:40001'),
  destination: z.string().optional().describe('destination as it leaves, after NAT'),
  why: z.string().optional().describe('part of the reason why it was discarded'),
})

const expectedListing = z.strictObject({
  of: z.string().describe('node: command, e.g. "web: ss -tlnp", "fw: conntrack -L", "fw: nat"'),
  has: oneOrMore.optional().describe('a line that contains this; blanks count as one'),
  lacks: oneOrMore.optional().describe('no line contains this'),
  lines: z.int().min(0).optional().describe('how many, without the heading'),
})

const OUTCOMES = [
  'open',
  'connecting',
  'answered',
  'refused',
  'filtered',
  'unreachable',
  'reset',
  'empty',
  'stalled',
  'delivered',
  'unacknowledged',
  'broken',
  'reached',
  'blocked',
  'lost',
  'some-lost',
  'unanswered',
  'sent',
  'done',
  'scanned',
] as const

export const expectation = z
  .strictObject({
    branch: z.string().optional().describe('below a fork: only in this branch'),
    outcome: z.enum(OUTCOMES).optional().describe('what the caller sees'),
    status: z.int().optional().describe('of the HTTP answer'),
    says: oneOrMore.optional().describe('what is printed contains this'),
    open: z.array(port).optional().describe('of a scan'),
    closed: z.array(port).optional(),
    filtered: z.array(port).optional(),
    reaches: oneOrMore.optional().describe('nodes that saw a packet of this step'),
    misses: oneOrMore.optional().describe('nodes that saw none'),
    packets: z.array(expectedPacket).optional(),
    listings: z.array(expectedListing).optional(),
    log: oneOrMore.optional().describe("in a firewall's kernel log during this step"),
  })
  .describe('what must be so; the run fails otherwise')

/** What must be so behind a step. */
export type Expectation = z.infer<typeof expectation>
export type ExpectedPacket = z.infer<typeof expectedPacket>
export type ExpectedListing = z.infer<typeof expectedListing>
