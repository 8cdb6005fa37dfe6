import { describe, expect, it } from 'vitest'
import {
  close,
  connect,
  connectionState,
  impair,
  listener,
  type Network,
  next,
  nodeOf,
  type OpenConnection,
  type Program,
  push,
  send,
  settle,
  spawn,
  ss,
  tick,
  toText,
} from '../../src/network/index.ts'
import { tcp } from '../../src/packet/constructors.ts'
import { pair } from './fixtures.ts'

/** States of the first connection of both ends; `-` where there is none. */
function states(network: Network): string {
  const of = (node: string): string => {
    const [first] = [...nodeOf(network, node).host.connections]
    return first === undefined ? '-' : first[1].state
  }
  return `${of('client')} ${of('server')}`
}

/** A program that connects to the server's port 80, and does no more. */
const caller: Program<null> = {
  name: 'caller',
  start(api) {
    api.connect('server', 80)
    return null
  },
  handle: state => state,
}

function opened(network: Network): { network: Network; connection: OpenConnection } {
  const ran = connect(network, 'client', 'server:80')
  if (ran.result.outcome !== 'open') throw new Error(ran.result.text)
  return { network: ran.network, connection: ran.result.connection }
}

const quiet = { services: [listener({ port: 80 })] }

describe('handshake', () => {
  it('passes through the states of RFC 9293 packet by packet', () => {
    const seen: string[] = []
    let { network } = spawn(pair(quiet), 'client', caller)
    while (network.inFlight > 0) {
      const ran = next(network)
      network = ran.network
      const hop = ran.hops[0]
      if (hop?.kind === 'hop' && hop.outcome.delivered.length > 0) {
        const { decoded } = hop.packet
        seen.push(`${decoded.kind === 'tcp' ? decoded.flags : '?'} at ${hop.node}: ${states(network)}`)
      }
    }
    expect(seen).toEqual([
      '2 at server: SYN-SENT SYN-RECV',
      '18 at client: ESTAB SYN-RECV',
      '16 at server: ESTAB ESTAB',
    ])
  })

  it('numbers by initial sequence number, each packet acknowledging the other side’s', () => {
    const { hops } = settle(spawn(pair(quiet), 'client', caller).network)
    const sent = hops.filter(({ device }) => device === '').map(({ packet }) => packet.toString())
    expect(sent).toEqual([
      'tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=1000000 win=64240 mss=1460',
      'tcp 10.0.0.2:80 > 10.0.0.1:40000 SA seq=2000000 ack=1000001 win=64240 mss=1460',
      'tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=1000001 ack=2000001 win=64240 id=2',
    ])
  })

  it('shows in ss meanwhile', () => {
    const { network } = tick(spawn(pair(quiet), 'client', caller).network, 1)
    expect(ss(network, 'client', 'tan')).toContain('SYN-SENT')
    expect(ss(network, 'server', 'tan')).toContain('SYN-RECV')
  })
})

describe('close', () => {
  it.each([
    ['client', 'TIME-WAIT CLOSED'],
    ['server', 'CLOSED TIME-WAIT'],
  ] as const)('by the %s leaves TIME-WAIT there', (from, expected) => {
    const { network, connection } = opened(pair(quiet))
    const ran = close(network, connection, { from })
    const both = `${connectionState(ran.network, connection.client)} ${connectionState(ran.network, connection.server)}`
    expect(both).toBe(expected)
    expect(states(tick(ran.network, 60_000).network)).toBe('- -')
  })

  it('by RST leaves nothing', () => {
    const { network, connection } = opened(pair(quiet))
    expect(states(close(network, connection, { abort: true }).network)).toBe('- -')
  })

  it('half: the other side may go on talking', () => {
    const mute: Program<null> = {
      name: 'half',
      start(api) {
        api.listen(80)
        return null
      },
      handle(state, event, api) {
        if (event.kind === 'ended') api.setTimer(`later ${event.socket}`, 1000)
        if (event.kind === 'timer') {
          const socket = Number(event.name.split(' ')[1])
          api.send(socket, 'one more thing')
          api.close(socket)
        }
        return state
      },
    }
    const heard: Program<string> = {
      name: 'heard',
      start(api) {
        api.connect('server', 80)
        return ''
      },
      handle(text, event, api) {
        if (event.kind === 'connected') api.close(event.socket)
        return event.kind === 'data' ? text + toText(event.data) : text
      },
    }
    const started = settle(spawn(pair({ services: [mute] }), 'client', heard).network).network
    expect(states(started)).toBe('FIN-WAIT-2 CLOSE-WAIT')
    const { network } = tick(started, 2000)
    expect(nodeOf(network, 'client').host.processes[0]?.state).toBe('one more thing')
    expect(states(network)).toBe('TIME-WAIT -')
  })
})

describe('loss', () => {
  it.each([
    ['the SYN', { flags: 'S' }, 1000],
    ['the SYN/ACK', { flags: 'SA' }, 1000],
  ] as const)('of %s is mended by sending it again after a second', (_, match, afterMs) => {
    const network = impair(pair(quiet), 'lan', { action: 'drop', match, nth: 1 })
    const ran = connect(network, 'client', 'server:80')
    expect(ran.result.outcome).toBe('open')
    expect(ran.network.nowMs).toBeGreaterThanOrEqual(afterMs)
    expect(ran.hops.filter(({ kind }) => kind === 'loss')).toHaveLength(1)
  })

  it('of the last ACK of the handshake is mended by the data behind it', () => {
    const network = impair(pair(quiet), 'lan', { action: 'drop', match: { flags: 'A' }, nth: 1 })
    const ran = connect(network, 'client', 'server:80')
    expect(states(ran.network)).toBe('ESTAB SYN-RECV')
    if (ran.result.outcome !== 'open') throw new Error('not open')
    expect(states(push(ran.network, ran.result.connection, 'hello').network)).toBe('ESTAB ESTAB')
  })

  it('backs off: 1, 2, 4, 8 … seconds between SYNs, and gives up after 127 s', () => {
    const network = impair(pair(quiet), 'lan', { action: 'drop' })
    const ran = connect(network, 'client', 'server:80')
    expect(ran.result).toMatchObject({ outcome: 'filtered', afterMs: 127_000 })
    const times = ran.hops.filter(({ kind }) => kind === 'hop').map(({ atMs }) => atMs)
    expect(times).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000])
  })

  it.each([
    ['dropped', { action: 'drop', match: { hasData: true }, nth: 3 }],
    ['doubled', { action: 'duplicate', match: { hasData: true } }],
    ['overtaken', { action: 'reorder', match: { hasData: true }, nth: 2 }],
  ] as const)('data arrives whole and in order if a segment is %s', (_, impairment) => {
    const { network, connection } = opened(impair(pair(quiet), 'lan', impairment))
    const text = 'abcdefghij'.repeat(1000)
    const pushed = push(network, connection, text, { waitMs: 10_000 })
    expect(pushed.result.outcome).toBe('delivered')
    const server = nodeOf(pushed.network, 'server').host.processes[0]!
    const { received } = server.state as { received: { text: string }[] }
    expect(received.map(piece => piece.text).join('')).toBe(text)
  })
})

describe('what does not belong', () => {
  it.each([
    ['a SYN to a closed port', { flags: 'S', seq: 5 }, 'RA seq=0 ack=6'],
    ['an ACK out of nowhere', { flags: 'A', seq: 5, ack: 77 }, 'R seq=77'],
    ['data out of nowhere', { flags: 'PA', seq: 5, ack: 77, data: 'x' }, 'R seq=77'],
  ])('%s is answered by a RST', (_, fields, expected) => {
    const packet = tcp({ from: '10.0.0.1:5000', to: '10.0.0.2:81', ...fields })
    const { hops } = settle(send(pair(), 'client', packet).network)
    const answer = hops.find(({ node, device }) => node === 'server' && device === '')
    expect(answer?.packet.toString()).toContain(`tcp 10.0.0.2:81 > 10.0.0.1:5000 ${expected}`)
  })

  it('a RST is not answered', () => {
    const packet = tcp({ from: '10.0.0.1:5000', to: '10.0.0.2:81', flags: 'R' })
    expect(settle(send(pair(), 'client', packet).network).hops).toHaveLength(1)
  })

  it('a silent host answers nothing', () => {
    const packet = tcp({ from: '10.0.0.1:5000', to: '10.0.0.2:81', flags: 'S' })
    expect(settle(send(pair({ stack: 'silent' }), 'client', packet).network).hops).toHaveLength(1)
  })

  it.each([
    ['the exact sequence number resets', 0, '- ESTAB'],
    ['another one in the window is challenged', 10, 'ESTAB ESTAB'],
  ])('RST: %s', (_, offset, expected) => {
    const { network } = opened(pair(quiet))
    const forged = tcp({ from: '10.0.0.2:80', to: '10.0.0.1:40000', flags: 'R', seq: 2_000_001 + offset })
    expect(states(settle(send(network, 'server', forged).network).network)).toBe(expected)
  })
})

describe('keep-alive', () => {
  const keepAlive = { idleMs: 10_000, intervalMs: 1000, probes: 3 }
  const start = () => {
    const ran = connect(pair(quiet), 'client', 'server:80', { keepAlive })
    if (ran.result.outcome !== 'open') throw new Error('not open')
    return ran.network
  }

  it('asks after the idle time and is answered', () => {
    const { hops, network } = tick(start(), 10_500)
    expect(hops.map(({ node }) => node)).toEqual(['client', 'server', 'server', 'client'])
    expect(states(network)).toBe('ESTAB ESTAB')
  })

  it('gives up when nobody answers', () => {
    const cut = impair(start(), 'lan', { action: 'drop' })
    expect(states(tick(cut, 30_000).network)).toBe('- ESTAB')
  })
})
