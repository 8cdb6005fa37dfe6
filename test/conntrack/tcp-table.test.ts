import { describe, expect, it } from 'vitest'
import { nextTcpState, TCP_SEGMENTS, TCP_STATES } from '../../src/conntrack/tcp-table.ts'

/**
 * Every cell, as Linux 6.18 has it: what a segment makes of a connection in a state.
 * `invalid` packets belong to no connection, `ignored` ones change nothing.
 */
const TABLE = `
original   NONE        SYN_SENT  SYN_RECV    ESTABLISHED FIN_WAIT   CLOSE_WAIT LAST_ACK  TIME_WAIT CLOSE    SYN_SENT2
SYN        SYN_SENT    SYN_SENT  ignored     ignored     ignored    ignored    ignored   SYN_SENT  SYN_SENT SYN_SENT2
SYN/ACK    invalid     invalid   SYN_RECV    invalid     invalid    invalid    invalid   invalid   invalid  SYN_RECV
FIN        invalid     invalid   FIN_WAIT    FIN_WAIT    LAST_ACK   LAST_ACK   LAST_ACK  TIME_WAIT CLOSE    invalid
ACK        ESTABLISHED invalid   ESTABLISHED ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE    invalid
RST        invalid     CLOSE     CLOSE       CLOSE       CLOSE      CLOSE      CLOSE     CLOSE     CLOSE    CLOSE
none       invalid     invalid   invalid     invalid     invalid    invalid    invalid   invalid   invalid  invalid
reply      NONE        SYN_SENT  SYN_RECV    ESTABLISHED FIN_WAIT   CLOSE_WAIT LAST_ACK  TIME_WAIT CLOSE    SYN_SENT2
SYN        invalid     SYN_SENT2 invalid     invalid     invalid    invalid    invalid   SYN_SENT  invalid  SYN_SENT2
SYN/ACK    invalid     SYN_RECV  ignored     ignored     ignored    ignored    ignored   ignored   ignored  SYN_RECV
FIN        invalid     invalid   FIN_WAIT    FIN_WAIT    LAST_ACK   LAST_ACK   LAST_ACK  TIME_WAIT CLOSE    invalid
ACK        invalid     ignored   SYN_RECV    ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT CLOSE    ignored
RST        invalid     CLOSE     CLOSE       CLOSE       CLOSE      CLOSE      CLOSE     CLOSE     CLOSE    CLOSE
none       invalid     invalid   invalid     invalid     invalid    invalid    invalid   invalid   invalid  invalid
`
const RESULTS: readonly string[] = [...TCP_STATES, 'invalid', 'ignored']

const cells: [direction: string, segment: string, state: string, next: string][] = []
let direction = ''
for (const line of TABLE.trim().split('\n')) {
  const [first, ...columns] = line.split(/\s+/) as [string, ...string[]]
  if (first === 'original' || first === 'reply') direction = first
  else for (const [at, next] of columns.entries()) cells.push([direction, first, TCP_STATES[at]!, next])
}

describe('the TCP table', () => {
  it('has a cell for each direction, segment and state', () => {
    expect(cells).toHaveLength(2 * TCP_SEGMENTS.length * TCP_STATES.length)
  })

  it.each(cells)('%s %s in %s: %s', (from, segment, state, next) => {
    const kind = TCP_SEGMENTS.indexOf(segment as (typeof TCP_SEGMENTS)[number])
    const at = TCP_STATES.indexOf(state as (typeof TCP_STATES)[number])
    expect(RESULTS[nextTcpState(from === 'original' ? 0 : 1, kind, at)]).toBe(next)
  })
})
