import { describe, expect, it } from 'vitest'
import { Address, maskOf } from '../../src/address.ts'
import { DEFAULT_ZONE } from '../../src/conntrack/connection.ts'
import type { Expectation } from '../../src/conntrack/expectations.ts'
import { listExpectations } from '../../src/conntrack/list-expectations.ts'
import { Tuple } from '../../src/conntrack/tuple.ts'

interface Given {
  readonly protocol: number
  readonly client: string
  readonly server: string
  /** What the helper waits for: from the server to here. */
  readonly port: number
  readonly master: readonly [sport: number, dport: number]
  readonly helper: string
}

function make({ protocol, client, server, port, master, helper }: Given, more: Partial<Expectation> = {}) {
  const a = Address.parse(client)
  const b = Address.parse(server)
  const made: Expectation = {
    id: 1,
    tuple: new Tuple(b, a, protocol, 0, port),
    mask: { source: maskOf(a.family, a.family === 4 ? 32 : 128), sport: 0 },
    flags: 0,
    class: 0,
    helper,
    zone: DEFAULT_ZONE,
    masterId: 1,
    masterOriginal: new Tuple(a, b, protocol, ...master),
    expiresAtMs: 299_900,
    ...more,
  }
  return made
}

const V4 = { client: '10.9.0.1', server: '10.9.0.2' }
const V6 = { client: 'fd09::1', server: 'fd09::2' }
const FTP = { protocol: 6, port: 51201, helper: 'ftp' }
const TFTP = { protocol: 17, helper: 'tftp' }
const T4 = { ...V4, ...TFTP, port: 36724, master: [36724, 69] } as const
const EVERYTHING = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
/** Made by hand, over netlink. */
const BY_HAND = {
  tuple: new Tuple(Address.parse('10.9.0.2'), Address.parse('10.9.0.0'), 17, 0, 5000),
  mask: { source: maskOf(4, 24), sport: 255 },
}
const HAND_MADE =
  '299 proto=17 src=10.9.0.2 dst=10.9.0.0 sport=0 dport=5000 mask-src=255.255.255.0 mask-dst=255.255.255.255 sport=255 dport=65535 master-src=10.9.0.1 master-dst=10.9.0.2 sport=36724 dport=69'

/** What conntrack-tools 1.4.7 printed for such expectations on Linux 6.18. */
const CASES: [what: string, expectation: Expectation, line: string][] = [
  [
    'tcp, IPv4',
    make({ ...V4, ...FTP, master: [59112, 21] }),
    '299 proto=6 src=10.9.0.2 dst=10.9.0.1 sport=0 dport=51201 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.9.0.1 master-dst=10.9.0.2 sport=59112 dport=21 class=0 helper=ftp',
  ],
  [
    'udp, IPv4',
    make({ ...V4, ...TFTP, port: 46210, master: [46210, 69] }),
    '299 proto=17 src=10.9.0.2 dst=10.9.0.1 sport=0 dport=46210 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.9.0.1 master-dst=10.9.0.2 sport=46210 dport=69 class=0 helper=tftp',
  ],
  [
    'udp, IPv6',
    make({ ...V6, ...TFTP, port: 45947, master: [45947, 69] }),
    `299 proto=17 src=fd09::2 dst=fd09::1 sport=0 dport=45947 mask-src=${EVERYTHING} mask-dst=${EVERYTHING} sport=0 dport=65535 master-src=fd09::1 master-dst=fd09::2 sport=45947 dport=69 class=0 helper=tftp`,
  ],
  ['a mask', make(T4, BY_HAND), `${HAND_MADE} class=0 helper=tftp`],
  ['permanent', make(T4, { ...BY_HAND, flags: 1 }), `${HAND_MADE} PERMANENT class=0 helper=tftp`],
  ['inactive', make(T4, { ...BY_HAND, flags: 2 }), `${HAND_MADE} INACTIVE class=0 helper=tftp`],
  ['both', make(T4, { ...BY_HAND, flags: 3 }), `${HAND_MADE} PERMANENT,INACTIVE class=0 helper=tftp`],
]

describe('conntrack -L expect', () => {
  it.each(CASES)('%s', (_, expectation, line) => {
    expect(listExpectations([expectation], 0)).toEqual([line])
  })

  it('leaves out what has run out, and the other family on demand', () => {
    const all = CASES.map(([, expectation]) => expectation)
    expect(listExpectations(all, 299_900)).toEqual([])
    expect(listExpectations(all, 0, 4)).toHaveLength(6)
    expect(listExpectations(all, 0, 6)).toEqual([CASES[2]![2]])
  })
})
