import { expect, it } from 'vitest'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

const TEXTS = [
  `*filter
:INPUT DROP [0:0]
:web - [0:0]
[1:2] -A INPUT -s 10.6.0.0/255.255.0.0 ! -i lo -p tcp -m multiport --dports 80,443 -m state --state NEW -j web
-A INPUT -p icmp --icmp-type echo-request -m limit --limit 5/min --limit-burst 3 -j ACCEPT
-A web -m comment --comment "a \\"word\\"" -m mark ! --mark 0x1/0xff -g web
-A web -j LOG --log-prefix "in: " --log-level warning --log-tcp-options
-I web 1 -f -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
  `*nat
-A POSTROUTING -o wan0 -p udp --dport 53:60 -j MASQUERADE --to-ports 1024-2048 --random
-A PREROUTING -p tcp --syn -m conntrack --ctstate NEW,DNAT -j DNAT --to-destination 10.6.0.2-10.6.0.9:80
-A OUTPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j REDIRECT
COMMIT
*mangle
-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A PREROUTING -m recent --name x --update --seconds 60 --hitcount 3 -j MARK --set-xmark 0x1/0xff
-A PREROUTING -m hashlimit --hashlimit-upto 5/sec --hashlimit-name h --hashlimit-mode srcip,dstport -j CONNMARK --save-mark
COMMIT
`,
  `#!/bin/sh
iptables -P INPUT DROP && iptables -N a || true
iptables -t nat -A POSTROUTING -s '10.0.0.0/8' \\
  -j SNAT --to-source 192.0.2.1:1000-2000 2>/dev/null
sudo iptables -A a -p 50 -m esp --espspi 1:5 -m time --timestart 09:00 -j RETURN; iptables -D a 1
`,
]

/** mulberry32: numbers below `limit`, the same in every run. */
function generator(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

function randomBytes(random: (limit: number) => number): string {
  const bytes = Uint8Array.from({ length: random(200) }, () => random(256))
  return new TextDecoder('latin1').decode(bytes)
}

/** Cuts, doubles, swaps and replaces pieces; pieces are words and characters. */
function mutate(text: string, random: (limit: number) => number): string {
  const words = text.split(/(?<=[ \n])/)
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(words.length)
    const word = words[at] ?? ''
    const other = words[random(words.length)] ?? ''
    const choice = [
      '',
      word + word,
      other,
      word.slice(random(word.length + 1)),
      word + String.fromCharCode(random(256)),
      `${word.trimEnd()}${'9'.repeat(random(30))}${word.endsWith('\n') ? '\n' : ' '}`,
      `"${word}`,
      `! ${word}`,
      `-${word}`,
      ['$X ', '\0', '\\', "'", '`x` ', '::/0 ', '0x ', '-- ', '= ', ', '][random(10)]!,
    ]
    words[at] = choice[random(choice.length)]!
  }
  return words.join('')
}

it('reads 10,000 broken texts: each loads and can be printed, or is refused with a place', () => {
  const random = generator(20261121)
  let loaded = 0
  for (let run = 0; run < 10_000; run++) {
    const text = run % 10 === 0 ? randomBytes(random) : mutate(TEXTS[run % TEXTS.length]!, random)
    const family = run % 7 === 0 ? 6 : 4
    let result: ReturnType<typeof parseRules>
    try {
      result = parseRules(text, { family, readCounters: run % 5 === 0 })
      if (result.ruleset !== undefined) printRules(result.ruleset)
    } catch (error) {
      throw new Error(`run ${run}: ${JSON.stringify(text)}`, { cause: error })
    }
    if (result.ruleset !== undefined) loaded++
    else expect(result.diagnostics.some(({ severity }) => severity === 'error')).toBe(true)
    const lines = text.split('\n').length
    for (const { line, column } of result.diagnostics) {
      expect(line).toBeGreaterThanOrEqual(1)
      expect(line).toBeLessThanOrEqual(lines)
      expect(column).toBeGreaterThanOrEqual(1)
    }
  }
  expect(loaded).toBeGreaterThan(100)
}, 60_000)
