import { describe, expect, it } from 'vitest'
import { Address, maskOf } from '../../src/address.ts'
import { Connection, DEFAULT_ZONE, Status } from '../../src/conntrack/connection.ts'
import {
  type ExpectationDraft,
  ExpectationTable,
  type NewExpectation,
} from '../../src/conntrack/expectations.ts'
import { DEFAULT_SYSCTLS, sysctlNames, withSysctl } from '../../src/conntrack/sysctls.ts'
import { invertTuple, Tuple } from '../../src/conntrack/tuple.ts'

const A = Address.parse('10.0.0.1')
const B = Address.parse('10.0.0.2')

function master(id: number): Connection {
  const tuple = new Tuple(A, B, 6, 1000 + id, 21)
  const made = new Connection(tuple, invertTuple(tuple)!)
  made.id = id
  made.status = Status.CONFIRMED
  return made
}

/** B will connect to A's port, from any port. */
function wanted(port: number, maxExpected = 0): NewExpectation {
  return {
    tuple: new Tuple(B, A, 6, 0, port),
    mask: { source: maskOf(4, 32), sport: 0 },
    helper: 'ftp',
    timeoutMs: 300_000,
    maxExpected,
  }
}

function ports(draft: ExpectationDraft): number[] {
  return draft.list().map(({ tuple }) => tuple.dport)
}

describe('expectations', () => {
  const one = master(1)
  const two = master(2)
  const get = (id: number) => [one, two].find(found => found.id === id)

  it('are fulfilled once', () => {
    const draft = ExpectationTable.empty().begin({})
    expect(draft.add(wanted(2000), one, 0)).toBe('added')
    expect(draft.take(new Tuple(B, A, 6, 20, 2001), DEFAULT_ZONE, 1, get)).toBeUndefined()
    expect(draft.take(new Tuple(A, A, 6, 20, 2000), DEFAULT_ZONE, 1, get)).toBeUndefined()
    expect(draft.take(new Tuple(B, A, 6, 20, 2000), DEFAULT_ZONE, 1, get)?.masterId).toBe(1)
    expect(draft.take(new Tuple(B, A, 6, 20, 2000), DEFAULT_ZONE, 1, get)).toBeUndefined()
  })

  it('run out', () => {
    const draft = ExpectationTable.empty().begin({})
    draft.add(wanted(2000), one, 0)
    expect(draft.find(new Tuple(B, A, 6, 20, 2000), DEFAULT_ZONE, 299_999)).toBeDefined()
    expect(draft.find(new Tuple(B, A, 6, 20, 2000), DEFAULT_ZONE, 300_000)).toBeUndefined()
  })

  it('of the same master replace each other, of another one clash', () => {
    const draft = ExpectationTable.empty().begin({})
    draft.add(wanted(2000), one, 0)
    expect(draft.add(wanted(2000), one, 1000)).toBe('added')
    expect(draft.list().map(({ expiresAtMs }) => expiresAtMs)).toEqual([301_000])
    expect(draft.add(wanted(2000), two, 1000)).toBe('clash')
  })

  it('beyond the maximum of the class push out the oldest', () => {
    const draft = ExpectationTable.empty().begin({})
    draft.add(wanted(2000, 1), one, 0)
    draft.add(wanted(2001, 1), two, 0)
    draft.add(wanted(2002, 1), one, 0)
    expect(ports(draft)).toEqual([2001, 2002])
    expect(draft.add(wanted(2003), one, 0, 2)).toBe('full')
  })

  it('go with their master', () => {
    const draft = ExpectationTable.empty().begin({})
    draft.add(wanted(2000), one, 0)
    draft.add(wanted(2001), two, 0)
    draft.removeOf(one.original)
    expect(ports(draft)).toEqual([2001])
    expect(draft.commit().size).toBe(1)
  })
})

describe('sysctls', () => {
  it.each(sysctlNames())('%s can be set', name => {
    const changed = withSysctl(DEFAULT_SYSCTLS, name, 7)
    const off = withSysctl(DEFAULT_SYSCTLS, name, 0)
    expect(changed).toBeDefined()
    expect(JSON.stringify(changed)).not.toBe(JSON.stringify(off))
  })

  it('knows no others', () => {
    expect(withSysctl(DEFAULT_SYSCTLS, 'net.netfilter.nf_conntrack_nonsense', 1)).toBeUndefined()
    expect(withSysctl(DEFAULT_SYSCTLS, 'net.ipv4.ip_forward', 1)).toBeUndefined()
  })

  it('keeps seconds as ms', () => {
    expect(withSysctl(DEFAULT_SYSCTLS, 'net.netfilter.nf_conntrack_udp_timeout', 5)?.udpMs).toBe(5000)
  })
})
