import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runScenario, scenario } from '../../src/scenario/index.ts'
import { SERVICE_NAMES } from '../../src/scenario/services.ts'
import { OFFICE, runText, wrongWith } from './support.ts'

/** A scenario whose host `a` runs the services. */
function running(services: string): string {
  return `
title: services
network:
  nodes:
    a: { address: 10.0.0.1/24, services: [${services}] }
    b: { address: 10.0.0.2/24 }
  links: { lan: [a, b] }
steps:
  - wait: 1s
`
}

describe('what is wrong with a service', () => {
  it.each([
    ['unknown kind', '{ prox: {} }', "unknown key 'prox' (did you mean 'proxy'?)"],
    ['two at once', '{ web: {}, echo: {} }', 'a service is one of web, listen'],
    ['misspelt key', '{ proxy: { route: {} } }', "unknown key 'route'"],
    ['no port', '{ socks: { port: 70000 } }', 'not a port: a whole number from 1 to 65535'],
    [
      'unknown host behind a proxy',
      '{ proxy: { routes: { /: bb:80 } } }',
      "routes./: unknown host 'bb' (did you mean 'b'?)",
    ],
    [
      'impossible address',
      '{ balancer: { backends: [10.0.0.300:80] } }',
      "backends.0: impossible address '10.0.0.300'",
    ],
    ['no target', '{ balancer: { backends: ["b:x"] } }', 'backends.0: not a host and a port: "b:x"'],
    [
      'call of nobody',
      '{ app: { routes: { /: { calls: ["http://c/"] } } } }',
      "routes./.calls.0: unknown host 'c'",
    ],
    ['no URL', '{ app: { routes: { /: { notifies: ["ftp://b/"] } } } }', 'notifies.0: not a URL: "ftp://b/"'],
    ['no forwarding', '{ ssh: { to: b, local: "8110" } }', 'ssh.local: not a forwarding: "8110"'],
    ['forwarding to nobody', '{ ssh: { to: b, remote: ["80:c:80"] } }', "ssh.remote.0: unknown host 'c'"],
    ['unknown server', '{ ssh: { to: c } }', "ssh.to: unknown host 'c'"],
    ['GatewayPorts', '{ sshd: { gatewayPorts: maybe } }', 'expected no, yes, clientspecified'],
    ['unknown edge', '{ agent: { to: c, hostname: x, service: localhost } }', "agent.to: unknown host 'c'"],
    ['duration', '{ webSocket: { every: often } }', 'not a duration'],
  ])('%s', (_, services, message) => {
    expect(wrongWith(running(services)).join('\n')).toContain(message)
  })

  it('everything is told at once, with line and column', () => {
    const text = running('{ ssh: { to: c, local: "8110" } }, { proxy: { routes: { /: d } } }')
    expect(wrongWith(text).map(line => line.split(' ')[0])).toEqual(['5:56', '5:66', '5:102'])
  })

  it.each([
    ['start', '- { start: { ssh: { to: wbe } }, on: laptop }', "unknown host 'wbe' (did you mean 'web'?)"],
    ['proxy', '- { curl: http://web/, from: laptop, proxy: ftp://web }', 'not a URL: "ftp://web"'],
    ['proxy host', '- { curl: http://web/, from: laptop, proxy: socks5://wbe }', "unknown host 'wbe'"],
    [
      'servedBy',
      '- { connect: web:80, from: laptop, servedBy: wbe }',
      "steps.0.servedBy: unknown host 'wbe'",
    ],
    ['mail', '- { mail: wbe, from: laptop }', "steps.0.mail: unknown host 'wbe'"],
    ['query', '- { query: web, from: laptop }', "'sql' is missing"],
  ])('in a step: %s', (_, step, message) => {
    expect(wrongWith(OFFICE + step).join('\n')).toContain(message)
  })
})

describe('every kind of service', () => {
  const needs: Readonly<Record<string, string>> = {
    listen: '{ port: 99 }',
    udp: '{ port: 99 }',
    proxy: '{ routes: { /: b } }',
    balancer: '{ backends: [b] }',
    app: '{ routes: { /: {} } }',
    ssh: '{ to: b, reconnect: 1min }',
    agent: '{ to: b, hostname: x, service: localhost }',
  }

  it.each(SERVICE_NAMES)('%s runs', name => {
    const { start } = runText(running(`{ ${name}: ${needs[name] ?? '{}'} }`))
    expect(start.nodes.get(0)!.host.processes).toHaveLength(1)
  })

  it('is in docs/scenarios.md', () => {
    const text = readFileSync('docs/scenarios.md', 'utf8')
    expect(SERVICE_NAMES.filter(name => !text.includes(`\`${name}\``))).toEqual([])
  })
})

it('the same in TypeScript', () => {
  const run = runScenario(
    scenario({
      title: 'mail through a tunnel',
      network: {
        nodes: {
          a: { address: '10.0.0.1/24' },
          b: {
            address: '10.0.0.2/24',
            services: [{ sshd: {} }, { mail: { address: '127.0.0.1', mails: ['hello'] } }],
          },
        },
        links: { lan: ['a', 'b'] },
      },
      steps: [
        { start: { ssh: { to: 'b', local: '8110:localhost:110' } }, on: 'a' },
        { mail: 'localhost:8110', from: 'a', expect: { outcome: 'answered', says: 'hello' } },
        { connect: 'localhost:8110', from: 'a', as: 'mail', servedBy: 'b', expect: { outcome: 'open' } },
        {
          push: 'mail',
          side: 'server',
          data: '-ERR going down',
          expect: { outcome: 'delivered', reaches: 'a' },
        },
      ],
    }),
  )
  expect(run.failures).toEqual([])
})
