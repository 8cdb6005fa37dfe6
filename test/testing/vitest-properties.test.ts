import { expect, it } from 'vitest'
import { neverReaches } from '../../src/testing/properties/index.ts'
import { propertyMatchers } from '../../src/testing/vitest-properties.ts'
import { BOX, ESTABLISHED, gateway } from './properties/gateway.ts'

expect.extend(propertyMatchers)

const guestsStayOut = neverReaches({ from: 'guest0', to: 'lan0' })
const closed = gateway(`${ESTABLISHED}\n-A FORWARD -i lan0 -j ACCEPT`)
const open = gateway(`${ESTABLISHED}\n-A FORWARD -i guest0 -j ACCEPT`)

it('toHold: passes when no packets break the property', () => {
  expect(closed).toHold(guestsStayOut, { seed: 1 })
  expect(open).not.toHold(guestsStayOut, { seed: 1 })
})

it('toHold: a failure prints the packets and why', () => {
  const fail = (): void => expect(open).toHold(guestsStayOut, { seed: 1 })
  expect(fail).toThrow(/it does not hold that nothing from guest0 reaches lan0/)
  expect(fail).toThrow(/^guest0: tcp 10\.7\.0\.2:40000 > 10\.6\.0\.2:80 S seq=1000$/m)
  expect(fail).toThrow(/filter\/FORWARD:2 +match +-i guest0 -j ACCEPT/)
})

it('toHold: only about firewalls', () => {
  expect(() => expect('iptables -P INPUT DROP').toHold(guestsStayOut)).toThrow(TypeError)
})

const filter = (lines: string): string => `*filter\n${lines}\nCOMMIT\n`

it('toBeEquivalentTo', () => {
  const box = { ...BOX, seed: 1 }
  const two = filter('-A INPUT -p tcp --dport 80 -j DROP\n-A INPUT -p tcp --dport 81 -j DROP')
  expect(two).toBeEquivalentTo(filter('-A INPUT -p tcp --dport 80:81 -j DROP'), box)
  expect(() => expect(two).toBeEquivalentTo(filter('-A INPUT -p tcp --dport 80:82 -j DROP'), box)).toThrow(
    /different: .*\n[\s\S]*^lan0: tcp 10\.6\.0\.2:40000 > 10\.6\.0\.1:82 S/m,
  )
})
