import { describe, expect, it } from 'vitest'
import { checkRuleset } from '../../src/analysis/check.ts'
import { LINTS } from '../../src/analysis/lints/index.ts'
import { sarif } from '../../src/analysis/sarif.ts'
import { rules } from './support.ts'

const LO = '-A INPUT -i lo -j ACCEPT\n'
const ANSWERS = '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n'

/** `lint@line` of everything but notes, or of one lint. */
function found(text: string, only?: string): string[] {
  return checkRuleset(rules(text))
    .findings.filter(({ lint, severity }) => (only === undefined ? severity !== 'note' : lint === only))
    .map(({ lint, line }) => `${lint}@${line ?? 0}`)
}

describe('lints', () => {
  it.each<[string, string, string, boolean]>([
    ['duplicate-rule', 'the same again', '-A INPUT -s 10.0.0.1 -j DROP\n-A INPUT -s 10.0.0.1 -j DROP', true],
    [
      'duplicate-rule',
      'a comment does not make it another',
      '-A INPUT -s 10.0.0.1 -j DROP\n-A INPUT -s 10.0.0.1 -m comment --comment x -j DROP',
      true,
    ],
    [
      'duplicate-rule',
      'a limit twice may be meant',
      '-A INPUT -m limit --limit 1/s -j ACCEPT\n-A INPUT -m limit --limit 1/s -j ACCEPT',
      false,
    ],
    [
      'rule-after-final-verdict',
      'behind a DROP of everything',
      '-A INPUT -j DROP\n-A INPUT -p tcp -j ACCEPT',
      true,
    ],
    [
      'rule-after-final-verdict',
      'behind a DROP of something',
      '-A INPUT -p udp -j DROP\n-A INPUT -p tcp -j ACCEPT',
      false,
    ],
    [
      'impossible-match',
      'ESTABLISHED in nat',
      '-t nat -A POSTROUTING -m state --state ESTABLISHED -j MASQUERADE',
      true,
    ],
    [
      'unreachable-rule',
      'a shadowed DROP',
      '-A INPUT -p tcp -j ACCEPT\n-A INPUT -p tcp --dport 23 -j DROP',
      true,
    ],
    [
      'unreachable-rule',
      'an exception before the rule',
      '-A INPUT -p tcp --dport 23 -j DROP\n-A INPUT -p tcp -j ACCEPT',
      false,
    ],
    [
      'redundant-rule',
      'a special case of the next',
      '-P INPUT DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp -j ACCEPT',
      true,
    ],
    ['same-as-policy', 'ACCEPT under ACCEPT', '-A INPUT -p tcp -j ACCEPT', true],
    [
      'missing-established-rule',
      'only NEW',
      `-P INPUT DROP\n${LO}-A INPUT -p tcp --dport 22 -m state --state NEW -j ACCEPT`,
      true,
    ],
    [
      'missing-established-rule',
      'with its answers',
      `-P INPUT DROP\n${LO}${ANSWERS}-A INPUT -p tcp --dport 22 -m state --state NEW -j ACCEPT`,
      false,
    ],
    [
      'missing-established-rule',
      'with its answers in a chain',
      `-P INPUT DROP\n-N ok\n-A ok -j ACCEPT\n-A INPUT -m state --state ESTABLISHED -j ok\n-A INPUT -p tcp --dport 22 -m state --state NEW -j ACCEPT`,
      false,
    ],
    [
      'source-port-hole',
      'answers of DNS, as people wrote them',
      '-P INPUT DROP\n-A INPUT -p udp --sport 53 -j ACCEPT',
      true,
    ],
    [
      'source-port-hole',
      'with high ports only',
      '-P INPUT DROP\n-A INPUT -p tcp --sport 80 --dport 1024:65535 -j ACCEPT',
      true,
    ],
    [
      'source-port-hole',
      'with state',
      '-P INPUT DROP\n-A INPUT -p udp --sport 53 -m state --state ESTABLISHED -j ACCEPT',
      false,
    ],
    ['source-port-hole', 'no SYN', '-P INPUT DROP\n-A INPUT -p tcp --sport 80 ! --syn -j ACCEPT', false],
    [
      'source-port-hole',
      'from one server',
      '-P INPUT DROP\n-A INPUT -p udp -s 9.9.9.9 --sport 53 -j ACCEPT',
      false,
    ],
    ['accept-everything', 'under a DROP policy', '-P INPUT DROP\n-A INPUT -j ACCEPT', true],
    [
      'related-with-helper',
      'RELATED to anywhere',
      '-t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp\n-A FORWARD -m state --state RELATED -j ACCEPT',
      true,
    ],
    ['related-with-helper', 'without a helper', '-A FORWARD -m state --state RELATED -j ACCEPT', false],
    ['loopback-not-accepted', 'forgotten', '-P INPUT DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT', true],
    [
      'loopback-not-accepted',
      'thought of',
      `-P INPUT DROP\n${LO}-A INPUT -p tcp --dport 22 -j ACCEPT`,
      false,
    ],
    ['unused-chain', 'nobody jumps', '-N c\n-A c -j DROP', true],
    ['unused-chain', 'only unused chains jump', '-N c\n-N d\n-A c -j d\n-A d -j DROP', true],
    ['jump-to-empty-chain', 'a hook for later', '-N c\n-A INPUT -j c', true],
    [
      'lonely-interface',
      'a typo',
      '-A INPUT -i lan0 -p tcp -j DROP\n-A INPUT -i lan0 -p udp -j DROP\n-A INPUT -i lan0 -p icmp -j DROP\n-A INPUT -i laan0 -j LOG',
      true,
    ],
    [
      'lonely-interface',
      'the next number',
      '-A INPUT -i lan0 -p tcp -j DROP\n-A INPUT -i lan0 -p udp -j DROP\n-A INPUT -i lan0 -p icmp -j DROP\n-A INPUT -i lan1 -j LOG',
      false,
    ],
    ['log-without-limit', 'anyone may fill the log', '-A INPUT -j LOG', true],
    [
      'log-without-limit',
      'limited by its caller',
      '-N log\n-A log -j LOG\n-A INPUT -m limit --limit 1/s -j log',
      false,
    ],
    ['condition-without-effect', 'from anywhere', '-A INPUT -s 0.0.0.0/0 -p tcp -j DROP', true],
  ])('%s: %s', (lint, _, text, expected) => {
    expect(found(text, lint).length > 0).toBe(expected)
  })

  it('say nothing about a plain good ruleset', () => {
    const text = `-P INPUT DROP\n-P FORWARD DROP\n${LO}-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      -A INPUT -m conntrack --ctstate INVALID -j DROP
      -A INPUT -p icmp --icmp-type echo-request -m limit --limit 5/s -j ACCEPT
      -A INPUT -i lan0 -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
      -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      -A FORWARD -i lan0 -o wan0 -m conntrack --ctstate NEW -j ACCEPT
      -t nat -A POSTROUTING -o wan0 -j MASQUERADE`
    expect(found(text)).toEqual([])
  })

  it('of one rule only the most telling is heard', () => {
    expect(found('-A INPUT -s 10.0.0.1 -j DROP\n-A INPUT -s 10.0.0.1 -j DROP')).toEqual(['duplicate-rule@2'])
  })

  it('name the rules that prove it', () => {
    const [finding] = checkRuleset(
      rules('-A INPUT -p tcp -j ACCEPT\n-A INPUT -p tcp --dport 23 -j DROP'),
    ).findings.filter(({ lint }) => lint === 'unreachable-rule')
    expect(finding).toEqual({
      lint: 'unreachable-rule',
      severity: 'warning',
      at: { table: 'filter', chain: 'INPUT', number: 2 },
      line: 2,
      message:
        "never reached: INPUT rule 1 (line 1) (ACCEPT) takes every packet, and the rule's own DROP is never applied",
      fix: 'move it before INPUT rule 1 (line 1), or remove it',
    })
  })

  it('are all described, and unique', () => {
    const names = LINTS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(LINTS.every(({ summary }) => summary.endsWith('.'))).toBe(true)
  })

  it('become SARIF with a rule and a place each', () => {
    const { findings } = checkRuleset(rules('-A INPUT -j LOG'))
    const log = sarif(
      findings.map(finding => ({ ...finding, file: 'rules.v4' })),
      '1.2.3',
    )
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'netfilter-sim', version: '1.2.3' } },
          results: [
            {
              ruleId: 'log-without-limit',
              level: 'note',
              locations: [
                { physicalLocation: { artifactLocation: { uri: 'rules.v4' }, region: { startLine: 1 } } },
              ],
            },
          ],
        },
      ],
    })
  })
})
