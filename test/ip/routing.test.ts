import { describe, expect, it } from 'vitest'
import { inputRoute } from '../../src/ip/input-route.ts'
import { localOutput } from '../../src/ip/local-output.ts'
import { outputRoute, rerouteOutput } from '../../src/ip/output-route.ts'
import { RoutingTable } from '../../src/ip/routing.ts'
import { a, box4, box6, hex, ip4, ip6, udp } from './packets.ts'

describe('inputRoute: as Linux 6.18 answered', () => {
  it.each([
    ['lan0', '10.6.0.2', '8.8.8.8', 'forward wan0'],
    ['lan0', '10.6.0.2', '10.6.0.0', 'forward lan0'],
    ['lan0', '10.6.0.2', '10.6.255.255', 'local broadcast'],
    ['lan0', '10.6.0.2', '255.255.255.255', 'local broadcast'],
    ['lan0', '0.0.0.0', '255.255.255.255', 'local broadcast'],
    ['lan0', '10.6.0.2', '224.0.0.1', 'local multicast'],
    ['lan0', '10.6.0.2', '224.0.0.5', 'drop'],
    ['lan0', '10.6.0.2', '203.0.113.5', 'local local'],
    ['lan0', '10.6.0.2', '10.77.0.0', 'local local'],
    ['lan0', '10.6.0.2', '10.77.0.1', 'forward p2p0'],
    ['lan0', '10.6.0.2', '192.0.2.1', 'forward lan0'],
    ['lan0', '10.6.0.2', '240.0.0.1', 'forward wan0'],
    ['lan0', '10.6.0.2', '0.1.2.3', 'forward wan0'],
    ['lan0', '10.6.0.2', '0.0.0.0', 'drop'],
    ['lan0', '10.6.0.2', '127.0.0.1', 'drop'],
    ['lan0', '10.6.0.2', '10.66.0.1', 'no-route'],
    ['lan0', '10.6.0.2', '10.67.0.1', 'no-route 3/1'],
    ['lan0', '10.6.0.2', '10.68.0.1', 'no-route 3/13'],
    ['lan0', '10.6.0.2', '10.69.0.1', 'no-route 3/0'],
    ['lan0', '0.0.0.0', '8.8.8.8', 'drop'],
    ['lan0', '0.1.2.3', '8.8.8.8', 'forward wan0'],
    ['lan0', '127.0.0.1', '8.8.8.8', 'drop'],
    ['wan0', '10.6.0.1', '8.8.8.8', 'drop'],
    ['lan0', '10.6.255.255', '8.8.8.8', 'forward wan0'],
    ['lan0', '255.255.255.255', '8.8.8.8', 'drop'],
    ['lan0', '240.1.2.3', '8.8.8.8', 'forward wan0'],
    ['lan0', '2001:db8:6::2', '2600::1', 'forward wan0'],
    ['lan0', '2001:db8:6::2', '2001:db8:ffff::5', 'local local'],
    ['wan0', '2001:db8:6::2', '2001:db8:6::', 'local anycast'],
    ['lan0', '2001:db8:6::2', 'ff02::1', 'local multicast'],
    ['lan0', '2001:db8:6::2', 'ff02::2', 'local multicast'],
    ['lan0', '2001:db8:6::2', 'ff05::2', 'drop'],
    ['lan0', '2001:db8:6::2', '::', 'forward wan0'],
    ['lan0', '2001:db8:6::2', 'fe80::9', 'no-route 1/0'],
    ['wan0', '2001:db8:6::2', 'fe80::9', 'forward wan0'],
    ['lan0', '2001:db8:6::1', '2600::1', 'forward wan0'],
    ['lan0', '2001:db8:6::2', '2001:db8:66::1', 'drop'],
    ['lan0', '2001:db8:6::2', '2001:db8:67::1', 'no-route 1/0'],
    ['lan0', '2001:db8:6::2', '2001:db8:68::1', 'no-route 1/1'],
  ])('%s: %s → %s: %s', (device, source, destination, expected) => {
    const table = source.includes(':') ? box6 : box4
    const route = inputRoute(table, device, a(source), a(destination), 17)
    const detail = {
      local: route.type,
      forward: route.device,
      drop: '',
      'no-route': route.error && `${route.error.type}/${route.error.code}`,
    }
    expect(`${route.kind} ${detail[route.kind] ?? ''}`.trim()).toBe(expected)
  })

  it.each([
    [{ 'net.ipv4.conf.lan0.rp_filter': 1 }, '203.0.113.9', 'drop'],
    [{ 'net.ipv4.conf.lan0.rp_filter': 2 }, '203.0.113.9', 'forward'],
    [{ 'net.ipv4.conf.all.rp_filter': 1 }, '10.6.0.9', 'forward'],
    [{ 'net.ipv4.conf.lan0.accept_local': 1 }, '203.0.113.1', 'forward'],
    [{ 'net.ipv4.conf.all.route_localnet': 1 }, '127.0.0.9', 'forward'],
    [{ 'net.ipv4.ip_forward': 0 }, '10.6.0.9', 'no-route'],
  ])('%j: source %s: %s', (sysctls, source, kind) => {
    const table = RoutingTable.compile(4, {
      interfaces: { lan0: { addresses: ['10.6.0.1/16'] }, wan0: { addresses: ['203.0.113.1/24'] } },
      routes: ['default via 203.0.113.254'],
      sysctls,
    })
    expect(inputRoute(table, 'lan0', a(source), a('8.8.8.8'), 17).kind).toBe(kind)
  })
})

describe('localOutput: errno, device, loops as Linux 6.18 answered', () => {
  it.each([
    ['10.66.0.1', 22, '', 'none'],
    ['10.67.0.1', 113, '', 'none'],
    ['10.68.0.1', 13, '', 'none'],
    ['10.69.0.1', 101, '', 'none'],
    ['0.0.0.0', 0, 'lo', 'all'],
    ['127.0.0.5', 0, 'lo', 'all'],
    ['203.0.113.5', 0, 'lo', 'all'],
    ['255.255.255.255', 0, 'wan0', 'copy'],
    ['10.6.255.255', 0, 'lan0', 'copy'],
    ['224.0.0.1', 0, 'wan0', 'copy'],
    ['224.0.0.5', 0, 'wan0', 'none'],
    ['239.1.1.1', 0, 'wan0', 'none'],
    ['10.6.0.2', 0, 'lan0', 'none'],
    ['2001:db8:66::1', 22, '', 'none'],
    ['2001:db8:67::1', 113, '', 'none'],
    ['2001:db8:68::1', 13, '', 'none'],
    ['::', 0, 'lo', 'all'],
    ['2001:db8:6::', 0, 'lo', 'all'],
    ['fe80::9', 0, 'wan0', 'none'],
    ['ff02::1', 0, 'lan0', 'copy'],
    ['ff02::5', 0, 'lan0', 'none'],
  ])('to %s: errno %d, %s, loops %s', (destination, errno, device, loops) => {
    const six = destination.includes(':')
    const packet = six ? ip6('2001:db8:6::1', destination, udp) : ip4('10.6.0.1', destination, udp)
    const sent = localOutput(six ? box6 : box4, packet)
    expect(sent.errno).toBe(errno)
    if ('route' in sent) expect([sent.route.device, sent.route.loops]).toEqual([device, loops])
  })

  it.each([
    ['cut off', (p: Uint8Array) => p.slice(0, 19), 22],
    ['header length 60 of 28', (p: Uint8Array) => Uint8Array.from(p, (b, i) => (i === 0 ? 0x4f : b)), 22],
    ['header length 16', (p: Uint8Array) => Uint8Array.from(p, (b, i) => (i === 0 ? 0x44 : b)), 22],
    ['1501 bytes', (p: Uint8Array) => new Uint8Array([...p, ...new Uint8Array(1473)]), 90],
  ])('%s', (_, change, errno) => {
    expect(localOutput(box4, change(ip4('10.6.0.1', '10.6.0.2', udp))).errno).toBe(errno)
  })

  it('fills in source, total length and checksum; an id of 0 stays with DF', () => {
    const packet = ip4('0.0.0.0', '203.0.113.9', udp)
    packet[2] = 9
    packet[5] = 0
    const sent = localOutput(box4, packet)
    expect('bytes' in sent && hex(sent.bytes.subarray(0, 20))).toBe(
      '4500001c000040004011c2c5cb007101cb007109',
    )
  })
})

describe('addresses', () => {
  it.each([
    ['0.0.0.0', 'BROADCAST'],
    ['10.6.255.255', 'BROADCAST'],
    ['10.6.0.1', 'LOCAL'],
    ['127.8.8.8', 'LOCAL'],
    ['224.1.1.1', 'MULTICAST'],
    ['10.66.0.1', 'UNICAST'],
    ['2001:db8:6::1', 'LOCAL'],
    ['2001:db8:6::', 'ANYCAST'],
    ['2001:db8:67::1', 'UNREACHABLE'],
    ['2600::1', 'UNICAST'],
  ])('%s is %s', (address, type) => {
    expect((address.includes(':') ? box6 : box4).addressType(a(address))).toBe(type)
  })

  it.each([
    ['wan0', undefined, '203.0.113.1'],
    ['lan0', '8.8.8.8', '10.6.0.1'],
    ['wan0', '2600::1', '2001:db8:ffff::5'],
    ['lan0', 'fd00:6::9', 'fd00:6::1'],
    ['lan0', '2600::1', '2001:db8:6::1'],
  ])('%s towards %s speaks as %s', (device, destination, source) => {
    const table = source.includes(':') ? box6 : box4
    expect(
      table.sourceAddress(device, destination === undefined ? undefined : a(destination))?.toString(),
    ).toBe(source)
  })

  it('a secondary address sends as its primary', () => {
    expect(outputRoute(box4, a('203.0.113.5')).source?.toString()).toBe('203.0.113.1')
  })

  it('only a reroute may have a foreign source', () => {
    expect(outputRoute(box4, a('8.8.8.8'), { source: a('10.9.9.9') }).errno).toBe(101)
    expect(rerouteOutput(box4, a('10.9.9.9'), a('8.8.8.8'), 'lan0').device).toBe('wan0')
  })

  it('reverse routes', () => {
    expect(box4.reverseRoute(a('8.8.8.8'), 'lan0', false)).toEqual({ device: 'wan0', type: 'unicast' })
    expect(box4.reverseRoute(a('10.66.1.1'), 'lan0', false)).toBeUndefined()
  })
})

it('routes may be what `ip route` prints, line by line', () => {
  const printed = `default via 10.6.0.254 dev lan0 proto dhcp src 10.6.0.1 metric 100
10.6.0.0/16 dev lan0 proto kernel scope link src 10.6.0.1
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
10.9.0.0/16 nhid 7 via 10.6.0.2 dev lan0 onlink offload rt_offload`
  const table = RoutingTable.compile(4, {
    interfaces: { lan0: { addresses: ['10.6.0.1/16'] }, docker0: { addresses: ['172.17.0.1/16'] } },
    routes: printed.split('\n'),
  })
  expect(outputRoute(table, a('172.17.0.2')).device).toBe('docker0')
  expect(outputRoute(table, a('10.9.1.1')).via?.toString()).toBe('10.6.0.2')
  expect(outputRoute(table, a('8.8.8.8')).via?.toString()).toBe('10.6.0.254')
})

describe('diagnostics', () => {
  it.each([
    ['default via 1.2.3', 'not an address: 1.2.3'],
    ['default via 9.9.9.9', 'no link leads to 9.9.9.9'],
    ['default dev nope', 'no device nope'],
    ['10.9.0.1/16 dev lan0', 'host bits'],
    ['10.9.0.0/16', 'gateway or a device'],
    ['10.9.0.0/16 dev', 'ends too early'],
    ['10.9.0.0/16 dev lan0 metric x', 'not a number'],
    ['10.9.0.0/16 dev lan0 bogus 3', 'unknown word'],
    ['10.9.0.0/16 via fe80::1 dev lan0', 'both families'],
  ])('%s', (route, message) => {
    const config = { interfaces: { lan0: { addresses: ['10.6.0.1/16'] } }, routes: [route] }
    expect(() => RoutingTable.compile(4, config)).toThrow(message)
  })

  it.each([
    ['10.6.0.1/33'],
    ['10.6.0.300/8'],
    ['x'],
    ['10.6.0.1/16 brd'],
    ['fd00::1/64 brd +'],
    ['10.6.0.1/16 brd ::1'],
  ])('address %s', address => {
    expect(() => RoutingTable.compile(4, { interfaces: { lan0: { addresses: [address] } } })).toThrow(
      'not an interface address',
    )
  })
})
