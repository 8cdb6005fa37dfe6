import { describe, expect, it } from 'vitest'
import { printRules } from '../../src/rules/print.ts'
import { complaints, load } from './text.ts'

describe('a script of iptables commands', () => {
  it('is applied in order, table by table', () => {
    const script = `#!/bin/sh
      iptables -P INPUT DROP                 # by default
      sudo /sbin/iptables -w 5 -N web
      iptables -A INPUT -p tcp \\
        --dport 80 -j web
      iptables -I INPUT 1 -i lo -j ACCEPT; iptables -A web -j ACCEPT
      iptables -t nat -A PREROUTING -m comment --comment 'a "quoted" word' -j ACCEPT
      iptables -E web www && iptables -D INPUT 1
      ip6tables -A INPUT -j DROP
      iptables -nvL --line-numbers
    `
    expect(printRules(load(script))).toBe(`*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m comment --comment "a \\"quoted\\" word" -j ACCEPT
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:www - [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j www
-A www -j ACCEPT
COMMIT
`)
  })

  it('knows what a command answered', () => {
    const script = `
      iptables -C INPUT -j ACCEPT || iptables -A INPUT -j ACCEPT
      iptables -C INPUT -j ACCEPT || iptables -A INPUT -j ACCEPT
      iptables -N a && iptables -A INPUT -j a
      iptables -D INPUT -j DROP 2>/dev/null
      iptables -X nosuch || true
    `
    expect(load(script).tables.filter!.chains.INPUT!.rules).toHaveLength(2)
    expect(complaints(script)).toEqual(["5:19 no such rule in chain 'INPUT'"])
  })

  it.each([
    ['$IPT -A INPUT', "1:1 '$IPT': this script needs a shell, and scripts are only read"],
    ['iptables -A INPUT -s "$LAN"', "1:22 '$LAN': this script needs a shell, and scripts are only read"],
    ['iptables -A INPUT -i `wan`', "1:22 '`wan`': this script needs a shell, and scripts are only read"],
    ['IPT=/sbin/iptables', "1:1 'IPT=/sbin/iptables': this script needs a shell, and scripts are only read"],
    ['if true; then', "1:1 'if': this script needs a shell, and scripts are only read"],
    ['iptables -N a | cat', "1:17 '|': this script needs a shell, and scripts are only read"],
    ['rm -rf x', "1:1 'rm' is not run"],
    ['iptables -t nosuch -L', "1:13 there is no table named 'nosuch'"],
    ['iptables -A INPUT -j nowhere', "1:22 there is no chain and no target named 'nowhere'"],
    ['iptables -A INPUT -6', '1:1 -6 in a command for IPv4'],
    ['iptables -N a; iptables -A INPUT -j a; iptables -X a', "1:52 chain 'a' is still jumped to"],
    ['iptables -N a; iptables -A a; iptables -X a', "1:43 chain 'a' is not empty"],
    ['iptables -N INPUT', "1:13 chain 'INPUT' exists already"],
    ['iptables -N REJECT', '1:13 a chain cannot be named like the target REJECT'],
    ['iptables -I INPUT 2', "1:13 cannot insert rule 2: chain 'INPUT' ends before"],
    ['iptables -R INPUT 1 -j DROP', "1:13 cannot replace rule 1: chain 'INPUT' ends before"],
    ['iptables -P INPUT ACCEPT; iptables -C INPUT', "1:39 no such rule in chain 'INPUT'"],
  ])('refuses %s', (script, complaint) => {
    expect(complaints(script)).toContain(complaint)
  })
})
