import { expect, it } from 'vitest'
import { formatPlace } from '../../src/rules/steps.ts'
import { exercises, unnoticedMutants } from '../../src/scenario/exercise.ts'
import { scenario } from '../../src/scenario/read.ts'
import { runScenario } from '../../src/scenario/run.ts'
import type { ScenarioInput, Step } from '../../src/scenario/schema.ts'

const RULES = `
iptables -P INPUT DROP
iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
iptables -A INPUT -s 10.0.0.0/25 -p tcp --syn --dport 80 -j ACCEPT
iptables -A INPUT -p udp -j ACCEPT
`

function server(...steps: Step[]) {
  const input: ScenarioInput = {
    title: 'a server',
    network: {
      nodes: {
        a: { address: '10.0.0.1/24' },
        far: { address: '10.0.0.200/24' },
        b: { address: '10.0.0.2/24', rules: RULES, services: [{ web: { port: 80 } }] },
      },
      links: { lan: ['a', 'far', 'b'] },
    },
    steps,
  }
  return runScenario(scenario(input))
}

const OPEN: Step = { curl: 'http://b/', from: 'a', timeout: '3s', expect: { status: 200 } }
const TOO_FAR: Step = { nc: 'b:80', from: 'far', timeout: '1s', expect: { outcome: 'filtered' } }

it('counts which rules decided something', () => {
  const [exercise, ...others] = exercises([server(OPEN)])
  expect(others).toEqual([])
  expect(exercise!.users.map(({ node }) => node)).toEqual(['b'])
  const rows = exercise!.coverage.rows.filter(({ place }) => place.chain === 'INPUT')
  expect(rows.map(({ place, decided }) => [formatPlace(place), decided > 0])).toEqual([
    ['filter/INPUT:1', true],
    ['filter/INPUT:2', true],
    ['filter/INPUT:3', false],
    ['filter/INPUT:policy', false],
  ])
})

const unnoticed = (...steps: Step[][]): string[] =>
  exercises(steps.map(own => server(...own))).flatMap(exercise =>
    unnoticedMutants(exercise).survivors.map(({ place, change }) => `${formatPlace(place)} ${change}`),
  )

it('names the mistakes that no scenario would notice', () => {
  expect(unnoticed([OPEN])).toEqual([
    'filter/INPUT:1 -m conntrack dropped',
    'filter/INPUT:1 NEW added to the states',
    'filter/INPUT:2 -s 10.0.0.0/25 widened to 10.0.0.0/24',
    'filter/INPUT:3 rule dropped',
    'filter/INPUT:3 ACCEPT became DROP',
    'filter/INPUT:policy policy DROP became ACCEPT',
    'filter/FORWARD:policy policy ACCEPT became DROP',
  ])
})

it('one scenario that notices is enough', () => {
  expect(unnoticed([OPEN], [TOO_FAR])).toEqual([
    'filter/INPUT:3 rule dropped',
    'filter/INPUT:3 ACCEPT became DROP',
    'filter/FORWARD:policy policy ACCEPT became DROP',
  ])
})
