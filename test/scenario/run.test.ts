import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic.ts'
import { packetsOf, reportJson, runScenario, stepsOf } from '../../src/scenario/index.ts'
import { readScenario } from '../../src/scenario/read.ts'
import { EXAMPLES, OFFICE, readExample, runExample, runText } from './support.ts'

const failuresOf = (text: string): string[] =>
  runText(OFFICE + text).failures.map(({ what, expected, actual }) => `${what}: ${expected}, not ${actual}`)

describe('the stories', () => {
  it.each(EXAMPLES)('%s', file => {
    const run = runExample(file)
    expect(run.failures.map(({ path, what, actual }) => `${path.join('.')} ${what} ${actual}`)).toEqual([])
    expect(run.checkCount).toBeGreaterThan(10)
  })
})

it('examples/README.md says which claims they assert', () => {
  const text = readExample('examples/README.md')
  expect(EXAMPLES.filter(file => !text.includes(file.replace('examples/', '')))).toEqual([])
  const named = [...text.matchAll(/[\w-]+\.yaml/g)].map(([name]) => `examples/${name}`)
  expect(named.filter(name => !EXAMPLES.includes(name))).toEqual([])
})

it('the steps that examples/README.md names are there', () => {
  const rows = [...readExample('examples/README.md').matchAll(/^\|.*\| ([^|]*\.yaml[^|]*) \| ([^|]*) \|$/gm)]
  const wrong = rows.flatMap(([, files = '', places = '']) => {
    const names = files.split(',').map(name => name.trim())
    const each =
      places.includes(';') || names.length === 1
        ? places.split(names.length === 1 ? '\0' : ';')
        : names.map(() => places)
    return names.filter((name, at) => {
      const last = Math.max(...[...(each[at] ?? '').matchAll(/\d+/g)].map(Number))
      return !(last <= readScenario(readExample(`examples/${name}`)).scenario!.input.steps.length)
    })
  })
  expect(rows.length).toBeGreaterThan(40)
  expect(wrong).toEqual([])
})

describe('expectations fail when something else happens', () => {
  it.each([
    ['outcome', 'outcome: refused', 'outcome: refused, not answered'],
    ['status', 'status: 404', 'status: 404, not 200'],
    ['says', 'says: goodbye', 'says: goodbye, not hello'],
    ['reaches', 'reaches: other', 'reaches: a packet at other, not packets at laptop, fw, internet, web'],
    ['misses', 'misses: web', 'misses: no packet at web, not packets at laptop, fw, internet, web'],
    ['log', 'log: DENIED', 'log: DENIED, not nothing was logged'],
    [
      'verdict',
      'packets: [{ at: fw, flags: S, verdict: dropped }]',
      'packet at fw: verdict: dropped, not forwarded',
    ],
    [
      'by',
      'packets: [{ at: fw, flags: S, by: "filter/FORWARD:1" }]',
      'packet at fw: by: filter/FORWARD:1, not filter/FORWARD:2',
    ],
    [
      'ctstate',
      'packets: [{ at: fw, flags: SA, ctstate: NEW }]',
      'packet at fw: ctstate: NEW, not ESTABLISHED',
    ],
    [
      'source',
      'packets: [{ at: fw, flags: S, source: "10.6.0.2:40000" }]',
      'packet at fw: source: 10.6.0.2:40000, not 203.0.113.1:40000',
    ],
    [
      'destination',
      'packets: [{ at: fw, flags: SA, destination: "10.6.0.2:1" }]',
      'packet at fw: destination: 10.6.0.2:1, not 10.6.0.2:40000',
    ],
    [
      'no such packet',
      'packets: [{ at: fw, flags: SA, nth: 2 }]',
      'packet: a packet with SA (number 2) at fw, not there were 1',
    ],
    ['has', 'listings: [{ of: "fw: nat", has: "10.6.0.3" }]', undefined],
    ['lacks', 'listings: [{ of: "fw: conntrack -L", lacks: "TIME_WAIT" }]', undefined],
    ['lines', 'listings: [{ of: "fw: conntrack -L", lines: 7 }]', undefined],
  ])('%s', (_, expected, told) => {
    const failures = failuresOf(`- { curl: "http://web/", from: laptop, expect: { ${expected} } }`)
    expect(failures).toHaveLength(1)
    if (told !== undefined) expect(failures).toEqual([told])
  })

  it('a scan', () => {
    expect(
      failuresOf('- { scan: web, from: laptop, ports: "22,80", expect: { open: [22, 80], filtered: [] } }'),
    ).toEqual(['open: 22, 80, not 80', 'filtered: none, not 22'])
  })
})

describe('steps', () => {
  it.each([
    ['nc to a closed port', '- { nc: "fw:22", from: laptop }', 'refused'],
    ['ping', '- { ping: fw, from: laptop }', 'answered'],
    ['ping through a filter', '- { ping: web, from: laptop }', 'unanswered'],
    ['traceroute', '- { traceroute: fw, from: laptop }', 'reached'],
    ['telnet', '- { telnet: "web:80", from: laptop }', 'open'],
    ['a raw packet', '- { send: "udp 10.6.0.2:1 > 10.6.0.1:2", from: laptop }', 'sent'],
    ['cut', '- { cut: lan }\n- { nc: "web:80", from: laptop, timeout: 3s }', 'filtered'],
    [
      'cut and restore',
      '- { cut: lan, node: fw }\n- { restore: lan }\n- { nc: "web:80", from: laptop }',
      'open',
    ],
    [
      'drop',
      '- { drop: lan, match: { flags: S } }\n- { nc: "web:80", from: laptop, timeout: 3s }',
      'filtered',
    ],
    ['drop one', '- { drop: lan, nth: 1 }\n- { nc: "web:80", from: laptop }', 'open'],
    ['start', '- { start: { listen: { port: 22 } }, on: fw }\n- { nc: "fw:22", from: laptop }', 'open'],
    ['stop', '- { stop: nginx, on: web }\n- { nc: "web:80", from: laptop }', 'refused'],
    [
      'iptables',
      '- { iptables: iptables -F FORWARD, on: fw }\n- { nc: "web:80", from: laptop, timeout: 3s }',
      'filtered',
    ],
    ['policy', '- { policy: DEFAULT ALLOW, on: fw }\n- { ping: web, from: laptop }', 'answered'],
    ['push', '- { connect: "web:80", from: laptop, as: c }\n- { push: c, data: hi }', 'delivered'],
    [
      'push by the server',
      '- { connect: "web:80", from: laptop, as: c }\n- { push: c, side: server, data: hi }',
      'delivered',
    ],
    [
      'push after a flush: the gateway takes it for its own, and resets',
      '- { connect: "web:80", from: laptop, as: c }\n- { flush: fw }\n- { push: c, side: server, data: hi, wait: 2s }',
      'broken',
    ],
    [
      'push on a closed one',
      '- { connect: "web:80", from: laptop, as: c }\n- { close: c, abort: true }\n- { push: c, data: hi }',
      'broken',
    ],
  ])('%s', (_, text, outcome) => {
    const steps = stepsOf(runText(OFFICE + text).steps)
    expect(steps.at(-1)?.outcome).toBe(outcome)
  })

  it('wait lets connections run out', () => {
    const text = `
- { connect: "web:80", from: laptop, as: c, expect: { listings: [{ of: "fw: conntrack -L", lines: 1 }] } }
- { iptables: iptables -P INPUT DROP, on: fw }
- { wait: 6d, expect: { listings: [{ of: "fw: conntrack -L", lines: 0 }] } }
- { push: c, side: server, data: news, wait: 3s, expect: { outcome: unacknowledged } }`
    expect(failuresOf(text)).toEqual([])
  })

  it('keep-alives keep them', () => {
    const text = `
- { connect: "web:80", from: laptop, as: c, keepAlive: { idle: 2h, interval: 1min, probes: 3 } }
- { wait: 6d, expect: { listings: [{ of: "fw: conntrack -L", lines: 1 }] } }
- { push: c, side: server, data: news, expect: { outcome: delivered } }`
    expect(failuresOf(text)).toEqual([])
  })
})

describe('forks', () => {
  const FORK = `
- fork:
    as it is: []
    closed: [{ iptables: iptables -F FORWARD, on: fw }]
  each:
    - curl: http://web/
      from: laptop
      timeout: 2s
      expect: [{ branch: as it is, outcome: answered }, { branch: closed, outcome: filtered }]
- { curl: "http://web/", from: laptop, expect: { outcome: answered } }`

  it('each branch goes on by itself, and what follows knows of none', () => {
    expect(failuresOf(FORK)).toEqual([])
    expect(stepsOf(runText(OFFICE + FORK).steps).map(({ label, outcome }) => `${label} ${outcome}`)).toEqual([
      '1.as it is.1 answered',
      '1.closed.1 done',
      '1.closed.2 filtered',
      '2 answered',
    ])
  })

  it('packets are numbered through the whole report', () => {
    const numbers = packetsOf(runText(OFFICE + FORK)).map(({ number }) => number)
    expect(numbers).toEqual(numbers.map((_, at) => at + 1))
  })

  it('a fork within a fork', () => {
    const text = `
- fork:
    outer:
      - fork: { inner: [{ nc: "web:80", from: laptop, expect: { outcome: open } }] }`
    expect(stepsOf(runText(OFFICE + text).steps).map(({ label }) => label)).toEqual(['1.outer.1.inner.1'])
  })
})

it('what only shows when it runs has its place too', () => {
  const text = `${OFFICE}
- { iptables: iptables -P FORWARD DROP, on: fw }
- { stop: apache, on: web }`
  const { scenario } = readScenario(text, { file: 'x.yaml' })
  expect(() => runScenario(scenario!)).toThrow(DiagnosticError)
  expect(() => runScenario(scenario!)).toThrow(
    "x.yaml:19:3: error: steps.1: no program 'apache' runs on web; there are nginx",
  )
})

it('the same file gives the same run', () => {
  const text = readExample('examples/002-hospital.yaml')
  expect(JSON.stringify(reportJson(runText(text)))).toBe(JSON.stringify(reportJson(runText(text))))
})

it('a text with errors has no scenario, and what runScenario is given then is said', () => {
  const { scenario: none } = readScenario('title: nothing else\n')
  expect(() => runScenario(none as never)).toThrow(
    'readScenario(…).scenario, which a text with errors has none',
  )
})
