import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Status } from '../../src/conntrack/connection.ts'
import { bind } from '../../src/nat/bind.ts'
import { portClass } from '../../src/nat/unique-port.ts'
import { bound, context, established, opened, range } from './support.ts'

const TO_WAN = range('source', '203.0.113.1')

describe('SNAT', () => {
  it('keeps the port when it is free', () => {
    const { looks, connection } = bound(context(), 'tcp 10.6.0.2:1025>198.51.100.7:80', 'source', TO_WAN)
    expect(looks).toBe('tcp 203.0.113.1:1025>198.51.100.7:80')
    expect(connection.status).toBe(Status.SRC_NAT | Status.SRC_NAT_DONE)
  })

  it('changes nothing, and sets no SRC_NAT, for a source that is in the range already', () => {
    const { looks, connection } = bound(context(), 'tcp 203.0.113.1:1025>198.51.100.7:80', 'source', TO_WAN)
    expect(looks).toBe('tcp 203.0.113.1:1025>198.51.100.7:80')
    expect(connection.status).toBe(Status.SRC_NAT_DONE)
  })

  it('takes another port of the same class when two hosts use one towards one server', () => {
    const step = context()
    established(step, 'tcp 10.6.0.2:1025>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:1025')
    const { looks } = bound(step, 'tcp 10.6.0.3:1025>198.51.100.7:80', 'source', TO_WAN)
    const port = Number(/203\.0\.113\.1:(\d+)>/.exec(looks)![1])
    expect(port).not.toBe(1025)
    expect(port).toBeGreaterThanOrEqual(1024)
  })

  it('does not mind the same port towards another server', () => {
    const step = context()
    established(step, 'tcp 10.6.0.2:1025>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:1025')
    const { looks } = bound(step, 'tcp 10.6.0.3:1025>198.51.100.8:80', 'source', TO_WAN)
    expect(looks).toBe('tcp 203.0.113.1:1025>198.51.100.8:80')
  })

  it('gives a source the mapping that it has towards another server', () => {
    const step = context(() => {
      throw new Error('there is no choice')
    })
    established(step, 'udp 10.6.0.2:1025>198.51.100.7:53', 'udp 198.51.100.7:53>203.0.113.1:40007')
    const { looks } = bound(step, 'udp 10.6.0.2:1025>198.51.100.8:53', 'source', TO_WAN)
    expect(looks).toBe('udp 203.0.113.1:40007>198.51.100.8:53')
    expect(step.steps).toMatchObject([{ kind: 'nat-bind', reason: 'reused' }])
  })

  it('does not reuse a mapping of another source port, another protocol or outside the range', () => {
    const step = context()
    established(step, 'udp 10.6.0.2:1025>198.51.100.7:53', 'udp 198.51.100.7:53>203.0.113.1:40007')
    const looks = (from: string, to = TO_WAN) => bound(step, from, 'source', to).looks
    expect(looks('udp 10.6.0.2:1026>198.51.100.8:53')).toBe('udp 203.0.113.1:1026>198.51.100.8:53')
    expect(looks('tcp 10.6.0.2:1025>198.51.100.8:53')).toBe('tcp 203.0.113.1:1025>198.51.100.8:53')
    const elsewhere = range('source', '203.0.113.9')
    expect(looks('udp 10.6.0.2:1025>198.51.100.8:53', elsewhere)).toBe('udp 203.0.113.9:1025>198.51.100.8:53')
  })

  it('gives an ICMP query another id when the id is taken', () => {
    const step = context(() => 77)
    established(step, 'icmp 10.6.0.2:9>198.51.100.7:2048', 'icmp 198.51.100.7:9>203.0.113.1:0')
    const { looks } = bound(step, 'icmp 10.6.0.3:9>198.51.100.7:2048', 'source', TO_WAN)
    expect(looks).toBe('icmp 203.0.113.1:77>198.51.100.7:2048')
  })

  it('cannot tell apart what has no ports: the clash is left to confirm', () => {
    const step = context()
    established(step, 'esp 10.6.0.2:0>198.51.100.7:0', 'esp 198.51.100.7:0>203.0.113.1:0')
    const { looks, ok } = bound(step, 'esp 10.6.0.3:0>198.51.100.7:0', 'source', TO_WAN)
    expect(looks).toBe('esp 203.0.113.1:0>198.51.100.7:0')
    expect(ok).toBe(true)
    expect(step.steps).toMatchObject([{ reason: 'exhausted' }])
  })
})

describe('ports of a range', () => {
  it.each([
    // what the packet has, range, what it gets
    [1025, ':40000-40009', 'inside'],
    [40003, ':40000-40009', 40003],
    [1025, ':40000', 40000],
  ] as const)('port %i, --to-ports %s: %s', (port, spec, expected) => {
    const step = context()
    const { looks } = bound(
      step,
      `udp 10.6.0.2:${port}>198.51.100.7:53`,
      'source',
      range('source', `203.0.113.1${spec}`),
    )
    const got = Number(/203\.0\.113\.1:(\d+)>/.exec(looks)![1])
    if (expected === 'inside') {
      expect(got).toBeGreaterThanOrEqual(40000)
      expect(got).toBeLessThanOrEqual(40009)
    } else expect(got).toBe(expected)
  })

  it('of a full range the last one tried is taken all the same, and confirm will drop the packet', () => {
    const step = context()
    const spec = range('source', '203.0.113.1:40000-40001')
    established(step, 'udp 10.6.0.2:1>198.51.100.7:53', 'udp 198.51.100.7:53>203.0.113.1:40000')
    established(step, 'udp 10.6.0.2:2>198.51.100.7:53', 'udp 198.51.100.7:53>203.0.113.1:40001')
    expect(bound(step, 'udp 10.6.0.3:3>198.51.100.7:53', 'source', spec).ok).toBe(true)
    expect(step.steps.at(-1)).toMatchObject({ reason: 'exhausted' })
  })

  it('of a DNAT begin with the first that is free', () => {
    const step = context()
    const spec = range('destination', '192.168.50.10:8000-8003')
    const first = bound(step, 'tcp 198.51.100.7:1025>203.0.113.1:80', 'destination', spec)
    expect(first.looks).toBe('tcp 198.51.100.7:1025>192.168.50.10:8000')
    established(step, 'tcp 198.51.100.7:1025>203.0.113.1:80', 'tcp 192.168.50.10:8000>198.51.100.7:1025')
    const second = bound(step, 'tcp 198.51.100.7:1025>203.0.113.2:80', 'destination', spec)
    expect(second.looks).toBe('tcp 198.51.100.7:1025>192.168.50.10:8001')
  })

  it('of a DNAT with a base are shifted by the distance from it', () => {
    const spec = range('destination', '192.168.50.10:9000-9099', { basePort: 2000 })
    const { looks } = bound(context(), 'tcp 198.51.100.7:1025>203.0.113.1:2042', 'destination', spec)
    expect(looks).toBe('tcp 198.51.100.7:1025>192.168.50.10:9042')
  })

  it('stay as they are when a DNAT names none', () => {
    const { looks } = bound(
      context(),
      'tcp 198.51.100.7:1025>203.0.113.1:80',
      'destination',
      range('destination', '192.168.50.10'),
    )
    expect(looks).toBe('tcp 198.51.100.7:1025>192.168.50.10:80')
  })

  it.each([
    [1, 1, 511],
    [511, 1, 511],
    [512, 600, 424],
    [1023, 600, 424],
    [1024, 1024, 64512],
    [65535, 1024, 64512],
  ])('source port %i may become one of the %i + %i', (port, min, size) => {
    expect(portClass(port)).toEqual([min, size])
  })
})

describe('the port chooser', () => {
  const clash = (choosePort: () => number | undefined) => {
    const step = context(choosePort)
    established(step, 'tcp 10.6.0.2:1025>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:1025')
    return bound(step, 'tcp 10.6.0.3:1025>198.51.100.7:80', 'source', TO_WAN).looks
  }

  it('decides where the kernel is random', () => {
    expect(clash(() => 40007)).toBe('tcp 203.0.113.1:40007>198.51.100.7:80')
  })

  it.each([1023, 65536, 1.5, -1])('cannot choose %d, which is not in the class', port => {
    expect(() => clash(() => port)).toThrow(RangeError)
  })

  it('cannot choose a port that is taken', () => {
    expect(() => clash(() => 1025)).toThrow('the port chooser wants 1025, which another connection has')
  })

  it('may leave the choice to the simulator, which always chooses the same', () => {
    expect(clash(() => undefined)).toBe(clash(() => undefined))
  })

  it('is not asked when the port can stay', () => {
    const step = context(() => {
      throw new Error('asked')
    })
    expect(bound(step, 'tcp 10.6.0.3:1025>198.51.100.7:80', 'source', TO_WAN).looks).toContain(':1025>')
  })
})

describe('null bindings', () => {
  it('mark a connection as done and change nothing', () => {
    const connection = opened('tcp 10.6.0.2:1025>198.51.100.7:80')
    const step = context()
    bind(connection, undefined, 'destination', step)
    bind(connection, undefined, 'source', step)
    expect(connection.status).toBe(Status.SRC_NAT_DONE | Status.DST_NAT_DONE)
  })

  it('change the source port when the tuple would clash', () => {
    const step = context(() => 50000)
    established(step, 'udp 10.6.0.2:1025>198.51.100.7:53', 'udp 198.51.100.7:53>203.0.113.1:1025')
    const { looks, connection } = bound(step, 'udp 203.0.113.1:1025>198.51.100.7:53', 'source')
    expect(looks).toBe('udp 203.0.113.1:50000>198.51.100.7:53')
    expect(connection.has(Status.SRC_NAT)).toBe(true)
  })

  it('never change a destination port', () => {
    const step = context()
    established(step, 'udp 198.51.100.7:53>203.0.113.9:1025', 'udp 192.168.50.10:1025>198.51.100.7:53')
    const { looks } = bound(step, 'udp 198.51.100.7:53>192.168.50.10:1025', 'destination')
    expect(looks).toBe('udp 198.51.100.7:53>192.168.50.10:1025')
  })
})

describe('a closed TCP entry', () => {
  const SPEC = range('source', '203.0.113.1:40000-40000')
  const clash = (state: number, oldEnd: number, newEnd: number) => {
    const step = context()
    // A range of two: a range of one port is never searched.
    const spec = { ...SPEC, maxPort: 40001 }
    const old = established(step, 'tcp 10.6.0.2:1>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:40000')
    const other = established(step, 'tcp 10.6.0.2:2>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:40001')
    for (const entry of [old, other])
      if (entry.protocolState?.kind === 'tcp') {
        entry.protocolState.state = state
        entry.protocolState.peers[0].end = oldEnd
      }
    const connection = opened('tcp 10.6.0.3:3>198.51.100.7:80', step.owner)
    if (connection.protocolState?.kind === 'tcp') connection.protocolState.peers[0].end = newEnd
    bind(connection, spec, 'source', step)
    return step.sessions.size
  }

  it('gives up its port to a new connection whose sequence numbers are ahead', () =>
    expect(clash(7, 100, 200)).toBe(1))
  it('does so in CLOSE as well', () => expect(clash(8, 100, 200)).toBe(1))
  it('does not when they are behind', () => expect(clash(7, 200, 100)).toBe(2))
  it('does not while it is open', () => expect(clash(3, 100, 200)).toBe(2))
})

it('never makes two connections look the same while a port is left', () => {
  const host = fc.integer({ min: 2, max: 5 })
  const port = fc.constantFrom(1025, 1026, 600, 53)
  const flow = fc.record({ host, port, server: fc.integer({ min: 7, max: 8 }) })
  fc.assert(
    fc.property(fc.array(flow, { maxLength: 30 }), flows => {
      const step = context()
      const seen = new Set<string>()
      for (const { host, port, server } of flows) {
        const original = `udp 10.6.0.${host}:${port}>198.51.100.${server}:53`
        if (seen.has(original)) continue
        seen.add(original)
        const { connection, looks } = bound(step, original, 'source', TO_WAN)
        expect(seen.has(looks)).toBe(false)
        seen.add(looks)
        connection.status |= Status.CONFIRMED
        connection.expiresAtMs = step.nowMs + 1000
        step.sessions.insert(connection)
      }
    }),
  )
})
