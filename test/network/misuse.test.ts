import { expect, it } from 'vitest'
import { udp } from '../../src/index.ts'
import {
  createNetwork,
  impair,
  type NetworkSpec,
  nc,
  nodeOf,
  ping,
  send,
  ss,
  webServer,
} from '../../src/network/index.ts'

const a = { address: '10.0.0.1/24' }
const b = { address: '10.0.0.2/24' }
const network = createNetwork({ nodes: { a, b }, links: { lan: ['a', 'b'] } })

it.each<[string, unknown, string]>([
  ['a misspelt part', { node: { a } }, "node:1:1: error: unknown key 'node'"],
  [
    'a misspelt key',
    { nodes: { a: { ...a, rule: 'iptables -P INPUT DROP' } } },
    "nodes.a.rule:1:1: error: unknown key 'rule'",
  ],
  [
    'a service by name',
    { nodes: { a: { ...a, services: ['web'] } } },
    'nodes.a.services:1:1: error: a service is a program',
  ],
  ['one as scenarios have it', { nodes: { a: { ...a, services: [{ web: {} }] } } }, 'a service is a program'],
])('%s of a network is not passed over', (_, spec, message) => {
  expect(() => createNetwork({ links: { lan: ['a'] }, ...(spec as NetworkSpec) })).toThrow(message)
})

it('what is somebody’s own may stand in a node', () => {
  const spec = {
    nodes: { a: { ...a, colour: 'red' }, b: { ...b, services: [webServer()] } },
    links: { lan: ['a', 'b'] },
  }
  expect(nc(createNetwork(spec), 'a', 'b:80').result.outcome).toBe('open')
})

it.each<[string, (answer: never) => unknown]>([
  ['ping', answer => ping(answer, 'a', 'b')],
  ['ss', answer => ss(answer, 'a')],
  ['nodeOf', answer => nodeOf(answer, 'a')],
  ['send', answer => send(answer, 'a', udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' }))],
])('%s of an answer instead of its network: told so', (_, use) => {
  expect(() => use(ping(network, 'a', 'b') as never)).toThrow(/a network is wanted: .* as \.network/)
})

it.each<[object, string]>([
  [{ action: 'lose' }, "action: 'lose' is not one of drop, duplicate, delay, reorder"],
  [{ action: 'drop', match: { flag: 'S' } }, "unknown key 'flag': did you mean 'flags'?"],
  [{ action: 'drop', counts: 1 }, "unknown key 'counts': did you mean 'count'?"],
])('a link cannot do %o', (spec, message) => {
  expect(() => impair(network, 'lan', spec as never)).toThrow(message)
})
