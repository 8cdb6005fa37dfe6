/** Boxes that stand at less usual places than those of `netfilter-sim/fast-check`. */

/** Routes of every type, several networks on a device, small networks, and no default route. */
export const CROSSROADS = {
  family: 4,
  interfaces: {
    eth0: ['198.51.100.2/30'],
    eth1: ['10.0.0.1/8', '172.16.5.1/12', '10.0.0.2/8'],
    wg0: ['192.0.2.0/31'],
    'vlan.10': ['192.168.1.129/25', '192.168.1.130/25'],
    tun0: ['10.8.0.1/24'],
  },
  routes: [
    '203.0.113.0/24 via 198.51.100.1 dev eth0',
    'blackhole 203.0.113.128/25',
    'unreachable 192.168.100.0/24',
    'prohibit 192.168.101.0/24',
    'throw 192.168.102.0/24',
    '192.168.103.0/24 via 10.0.0.9 dev eth1 metric 10',
    '192.168.103.0/24 via 198.51.100.1 dev eth0 metric 5',
    '192.168.104.0/24 dev tun0 mtu 1300',
    '192.168.105.5 dev wg0 src 10.8.0.1',
  ],
  hosts: {
    eth0: ['203.0.113.7', '198.51.100.1', '203.0.113.200', '192.168.103.3'],
    eth1: ['10.0.0.9', '172.16.5.9', '10.8.1.1', '192.168.100.1', '10.255.255.255'],
    wg0: ['192.0.2.1', '192.168.105.5', '192.168.101.1'],
    'vlan.10': ['192.168.1.200', '192.168.1.1', '192.168.102.7', '192.168.1.255', '192.168.1.128'],
    tun0: ['10.8.0.9', '192.168.104.4'],
  },
}

/** A single device: whatever is forwarded goes back where it came from. */
export const ON_A_STICK = {
  family: 4,
  interfaces: { eth0: ['10.6.0.1/24', '203.0.113.1/29', '192.168.50.1/32'] },
  routes: ['default via 203.0.113.6 dev eth0', '192.168.50.0/24 via 10.6.0.254 dev eth0'],
  hosts: { eth0: ['10.6.0.2', '10.6.0.3', '203.0.113.3', '198.51.100.7', '192.168.50.10', '203.0.113.7'] },
}

export const CROSSROADS6 = {
  family: 6,
  interfaces: {
    eth0: ['2001:db8:f::2/126'],
    eth1: ['2001:db8:1::1/64', 'fd00:1::1/48', '2001:db8:1::2/64'],
    tun0: ['2001:db8:8::1/127'],
  },
  routes: [
    '2001:db8:100::/48 via 2001:db8:f::1 dev eth0',
    'blackhole 2001:db8:100:8000::/49',
    'unreachable 2001:db8:64::/48',
    'prohibit 2001:db8:65::/48',
    '2001:db8:68::/48 dev tun0 mtu 1300',
    '2001:db8:69::5 dev tun0 src 2001:db8:1::2',
  ],
  hosts: {
    eth0: ['2001:db8:100::7', '2001:db8:f::1', '2001:db8:100:9000::1'],
    eth1: ['2001:db8:1::9', 'fd00:1::9', '2001:db8:64::1'],
    tun0: ['2001:db8:8::', '2001:db8:68::4', '2001:db8:69::5', '2001:db8:65::1'],
  },
}

/** Devices that share their link-local address and networks, a neighbour as the default gateway, one link-local host each. */
export const LINK_LOCAL6 = {
  family: 6,
  interfaces: {
    eth0: ['fe80::1/64', '2001:db8:1::1/64'],
    eth1: ['2001:db8:2::1/64', 'fe80::2/64', 'fe80::1/64'],
    tun0: ['2001:db8:8::1/64'],
  },
  routes: [
    'default via fe80::fe dev eth1',
    '2001:db8:77::/64 via fe80::77 dev eth0',
    '2001:db8:78::/64 via 2001:db8:1::78 dev eth0',
  ],
  hosts: {
    eth0: ['2001:db8:1::9', 'fe80::9', '2001:db8:77::7', '2001:db8:78::8', '2001:db8:1::a'],
    eth1: ['2001:db8:2::9', 'fe80::9', '2001:db8:100::7', '2001:db8:2::fe'],
    tun0: ['2001:db8:8::9', 'fe80::9'],
  },
}

/** Ways that hardly anything fits through, and groups of devices. */
export const NARROW = {
  family: 4,
  interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'], dmz0: ['192.168.50.1/24'] },
  devices: { lan0: { mtu: 9000, group: 1 }, wan0: { mtu: 68 }, dmz0: { mtu: 100, group: 2 } },
  routes: ['default via 203.0.113.254 dev wan0', '198.51.100.0/24 via 192.168.50.9 mtu 80'],
  hosts: {
    lan0: ['10.6.0.2', '10.6.0.3', '10.6.255.255'],
    wan0: ['203.0.113.9', '8.8.8.8', '203.0.113.254'],
    dmz0: ['192.168.50.10', '198.51.100.7', '198.51.100.8'],
  },
}

/** Addresses of services on lo, as anycast resolvers and load balancers have them. */
export const SERVICES = {
  family: 4,
  interfaces: {
    lo: ['127.0.0.1/8', '192.0.2.53/32', '10.99.0.1/24'],
    lan0: ['10.6.0.1/16'],
    wan0: ['203.0.113.1/24'],
  },
  routes: ['default via 203.0.113.254 dev wan0', '10.97.0.0/16 via 10.6.0.9'],
  hosts: {
    lan0: ['10.6.0.2', '10.97.0.7', '192.0.2.53', '10.99.0.7'],
    wan0: ['8.8.8.8', '203.0.113.9', '10.96.0.1', '10.99.0.1'],
  },
}

export const SERVICES6 = {
  family: 6,
  interfaces: {
    lo: ['::1/128', '2001:db8:53::53/128', '2001:db8:99::1/64'],
    lan0: ['2001:db8:6::1/64'],
    wan0: ['2001:db8:ffff::1/64'],
  },
  routes: ['default via 2001:db8:ffff::fe dev wan0', '2001:db8:97::/64 via 2001:db8:6::9'],
  hosts: {
    lan0: ['2001:db8:6::2', '2001:db8:97::7', '2001:db8:53::53', '2001:db8:99::7'],
    wan0: ['2001:db8:100::8', '2001:db8:ffff::9', '2001:db8:99::1'],
  },
}
