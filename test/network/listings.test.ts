import { expect, it } from 'vitest'
import { connect, createNetwork, echo, listener, netstat, ss, webServer } from '../../src/network/index.ts'

const start = createNetwork({
  nodes: {
    client: { address: ['10.0.0.1/24', '2001:db8::1/64'] },
    server: {
      address: ['10.0.0.2/24', '2001:db8::2/64'],
      services: [
        webServer({ port: 8080, address: '127.0.0.1', name: 'jenkins' }),
        webServer({ port: 80, address: '0.0.0.0' }),
        listener({ port: 443, address: '::', name: 'stunnel' }),
        echo(),
      ],
    },
  },
  links: { lan: ['client', 'server'] },
})
const first = connect(start, 'client', '10.0.0.2:80').network
const network = connect(first, 'client', '[2001:db8::2]:443').network

it('ss -tlnp', () => {
  expect(ss(network, 'server', 'tlnp')).toMatchInlineSnapshot(`
    "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
    LISTEN 0      128        127.0.0.1:8080      0.0.0.0:*    users:(("jenkins",pid=101,fd=3))
    LISTEN 0      128          0.0.0.0:80        0.0.0.0:*    users:(("nginx",pid=102,fd=4))
    LISTEN 0      128                *:443             *:*    users:(("stunnel",pid=103,fd=5))
    LISTEN 0      128                *:7               *:*    users:(("echo",pid=104,fd=6))"
  `)
})

it('ss -tan', () => {
  expect(ss(network, 'server', 'tan')).toMatchInlineSnapshot(`
    "State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
    LISTEN 0      128        127.0.0.1:8080       0.0.0.0:*
    LISTEN 0      128          0.0.0.0:80         0.0.0.0:*
    LISTEN 0      128                *:443              *:*
    LISTEN 0      128                *:7                *:*
    ESTAB  0      0           10.0.0.2:80        10.0.0.1:40000
    ESTAB  0      0      [2001:db8::2]:443  [2001:db8::1]:40001"
  `)
})

it('ss -tulnp', () => {
  expect(ss(network, 'server', 'tulnp')).toMatchInlineSnapshot(`
    "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
    udp   UNCONN 0      0                  *:7               *:*    users:(("echo",pid=104,fd=7))
    tcp   LISTEN 0      128        127.0.0.1:8080      0.0.0.0:*    users:(("jenkins",pid=101,fd=3))
    tcp   LISTEN 0      128          0.0.0.0:80        0.0.0.0:*    users:(("nginx",pid=102,fd=4))
    tcp   LISTEN 0      128                *:443             *:*    users:(("stunnel",pid=103,fd=5))
    tcp   LISTEN 0      128                *:7               *:*    users:(("echo",pid=104,fd=6))"
  `)
})

it('netstat -tlnp', () => {
  expect(netstat(network, 'server', 'tlnp')).toMatchInlineSnapshot(`
    "Active Internet connections (only servers)
    Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
    tcp        0      0 127.0.0.1:8080          0.0.0.0:*               LISTEN      101/jenkins
    tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      102/nginx
    tcp6       0      0 :::443                  :::*                    LISTEN      103/stunnel
    tcp6       0      0 :::7                    :::*                    LISTEN      104/echo"
  `)
})

it('netstat -tunap', () => {
  expect(netstat(network, 'client', 'tunap')).toMatchInlineSnapshot(`
    "Active Internet connections (servers and established)
    Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
    tcp        0      0 10.0.0.1:40000          10.0.0.2:80             ESTABLISHED 101/nc
    tcp6       0      0 2001:db8::1:40001       2001:db8::2:443         ESTABLISHED 102/nc"
  `)
})
