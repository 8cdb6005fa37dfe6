import { describe, expect, it } from 'vitest'
import {
  connect,
  curl,
  impair,
  iptablesOn,
  type Network,
  nc,
  scan,
  ss,
  tick,
} from '../../src/network/index.ts'
import { office, told } from './fixtures.ts'

function story(): Network {
  let { network } = curl(office(), 'a', 'http://web/')
  network = impair(network, 'lan', { action: 'drop', nth: 3 })
  network = connect(network, 'b', 'web:80').network
  network = scan(network, 'attacker', '203.0.113.1', '20-25').network
  return tick(network, 5000).network
}

describe('a network is a value', () => {
  it('the same calls make the same log', () => {
    expect(told([...story().log])).toEqual(told([...story().log]))
  })

  it('an old one stays as it was, whatever is done to it', () => {
    const start = connect(office(), 'a', 'web:80').network
    const before = { log: told([...start.log]), sockets: ss(start, 'web'), nowMs: start.nowMs }
    const open = curl(start, 'b', 'http://web/')
    const shut = nc(iptablesOn(start, 'fw', 'iptables -I FORWARD -j DROP'), 'b', 'web:80', {
      timeoutMs: 1000,
    })
    expect(open.result.outcome).toBe('answered')
    expect(shut.result.outcome).toBe('filtered')
    expect({ log: told([...start.log]), sockets: ss(start, 'web'), nowMs: start.nowMs }).toEqual(before)
    expect(curl(start, 'b', 'http://web/')).toMatchObject({ result: { outcome: 'answered' } })
  })

  it('time in steps is time at once', () => {
    const start = curl(office(), 'a', 'http://web/').network
    const [once, thrice] = [tick(start, 90_000), tick(tick(tick(start, 30_000).network, 1).network, 59_999)]
    expect(thrice.network.nowMs).toBe(once.network.nowMs)
    expect(told([...thrice.network.log])).toEqual(told([...once.network.log]))
  })
})
