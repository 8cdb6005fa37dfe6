import { describe, expect, it } from 'vitest'
import { abbreviated, listCommands, listRules } from '../../src/rules/list.ts'
import { load } from './text.ts'

const RULES = `*filter
:INPUT DROP [0:0]
:longchainname-abcdefghijklmn - [0:0]
:a - [0:0]
-A INPUT -c 1234567 123456789012 -s 10.0.0.0/8 ! -d 1.2.3.4/255.0.255.0 ! -i eth0 -p tcp -m tcp --dport 22 -j a
-A INPUT -c 99999 100000 -i eth+ -p 99 -g longchainname-abcdefghijklmn
-A INPUT -c 10000000 9999500 ! -s 127.0.0.1 ! -f ! -p udp
-A INPUT ! -s 0.0.0.0/0 -p 4 -j ACCEPT
-A a -j longchainname-abcdefghijklmn
COMMIT
`

describe('iptables -L', () => {
  it('-nv --line-numbers', () => {
    const text = listRules(load(RULES), { numeric: true, verbose: true, lineNumbers: true })
    expect(text).toBe(`\
Chain INPUT (policy DROP 0 packets, 0 bytes)
num   pkts bytes target     prot opt in     out     source               destination${'         '}
1    1235K  123G a          6    --  !eth0  *       10.0.0.0/8          !1.0.3.0/255.0.255.0  tcp dpt:22
2    99999  100K longchainname-abcdefghijklmn  99   --  eth+   *       0.0.0.0/0            0.0.0.0/0           [goto]${' '}
3      10M   10M           !17   !f  *      *      !127.0.0.1            0.0.0.0/0${'           '}
4        0     0 ACCEPT     4    --  *      *      !0.0.0.0/0            0.0.0.0/0${'           '}

Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)
num   pkts bytes target     prot opt in     out     source               destination${'         '}

Chain OUTPUT (policy ACCEPT 0 packets, 0 bytes)
num   pkts bytes target     prot opt in     out     source               destination${'         '}

Chain a (1 references)
num   pkts bytes target     prot opt in     out     source               destination${'         '}
1        0     0 longchainname-abcdefghijklmn  0    --  *      *       0.0.0.0/0            0.0.0.0/0${'           '}

Chain longchainname-abcdefghijklmn (2 references)
num   pkts bytes target     prot opt in     out     source               destination${'         '}
`)
  })

  it('with names', () => {
    const hostName = (address: object) => (`${address}` === '127.0.0.1' ? 'localhost' : undefined)
    expect(listRules(load(RULES), { chain: 'INPUT', hostName })).toBe(`\
Chain INPUT (policy DROP)
target     prot opt source               destination${'         '}
a          tcp  --  10.0.0.0/8          !1.0.3.0/255.0.255.0  tcp dpt:ssh
longchainname-abcdefghijklmn  99   --  anywhere             anywhere            [goto]${' '}
          !udp  !f !localhost            anywhere${'            '}
ACCEPT     ipencap -- !anywhere             anywhere${'            '}
`)
  })

  it('-x, one rule, live counters', () => {
    const counters = () => ({ packets: 1234567, bytes: 12345678 })
    const options = { chain: 'a', number: 1, numeric: true, verbose: true, exact: true, counters }
    expect(listRules(load(RULES), options)).toBe(
      ' 1234567 12345678 longchainname-abcdefghijklmn  0    --  *      *       0.0.0.0/0            0.0.0.0/0           \n',
    )
  })

  it('shows a table that nobody loaded as the kernel would create it', () => {
    expect(listRules(load(RULES), { table: 'raw', numeric: true }).match(/^Chain .*/gm)).toEqual([
      'Chain PREROUTING (policy ACCEPT)',
      'Chain OUTPUT (policy ACCEPT)',
    ])
  })

  it('knows only its chains', () => {
    expect(() => listRules(load(RULES), { chain: 'toString' })).toThrow(RangeError)
  })

  it.each([
    [99999, '99999'],
    [100000, '100K'],
    [9999499, '9999K'],
    [9999500, '10M'],
    [123456789012, '123G'],
    [12_345_678_901_234_000, '12346T'],
  ])('abbreviates %d as %s', (number, text) => {
    expect(abbreviated(number, false)).toBe(text)
    expect(abbreviated(number, true)).toBe(`${number}`)
  })
})

it('iptables -S', () => {
  expect(listCommands(load(RULES), { chain: 'a' })).toBe('-N a\n-A a -j longchainname-abcdefghijklmn\n')
  expect(listCommands(load(RULES)).split('\n').slice(0, 6)).toEqual([
    '-P INPUT DROP',
    '-P FORWARD ACCEPT',
    '-P OUTPUT ACCEPT',
    '-N a',
    '-N longchainname-abcdefghijklmn',
    '-A INPUT -s 10.0.0.0/8 ! -d 1.0.3.0/255.0.255.0 ! -i eth0 -p tcp -m tcp --dport 22 -j a',
  ])
})
