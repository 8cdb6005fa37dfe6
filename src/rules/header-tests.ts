import type { Address } from '../address.ts'
import { protocolName } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import type { Test } from './extension.ts'
import type { AddressMatch, InterfaceMatch, ProtocolMatch, Rule } from './model.ts'

/**
 * The tests of a rule's core options (`-s -d -i -o -p -f`), in the order in which the kernel's `ip_packet_match` makes
 * them. An option that holds for every packet makes no test.
 */
export function headerTests(rule: Rule, family: 4 | 6): Test[] {
  const tests: Test[] = []
  if (rule.source) push(tests, addressTest(rule.source, 'source'))
  if (rule.destination) push(tests, addressTest(rule.destination, 'destination'))
  if (rule.inInterface) push(tests, interfaceTest(rule.inInterface, 'inDevice'))
  if (rule.outInterface) push(tests, interfaceTest(rule.outInterface, 'outDevice'))
  if (rule.protocol && rule.protocol.number !== 0) push(tests, protocolTest(rule.protocol, family))
  if (rule.fragment) push(tests, fragmentTest(rule.fragment.negated))
  return tests
}

function push(tests: Test[], test: Test | undefined): void {
  if (test !== undefined) tests.push(test)
}

const not = (negated: boolean): string => (negated ? '! ' : '')

function addressTest(match: AddressMatch, field: 'source' | 'destination'): Test | undefined {
  const { prefix, negated } = match
  const { address, mask } = prefix
  if (mask.isZero() && !negated) return undefined
  const { w0, w1, w2, w3 } = address
  const { w0: m0, w1: m1, w2: m2, w3: m3 } = mask
  const holds =
    address.family === 4
      ? (seen: Address) => ((seen.w0 & m0) === w0) !== negated
      : (seen: Address) =>
          ((seen.w0 & m0) === w0 &&
            (seen.w1 & m1) === w1 &&
            (seen.w2 & m2) === w2 &&
            (seen.w3 & m3) === w3) !== negated
  return {
    option: `${not(negated)}${field === 'source' ? '-s' : '-d'} ${prefix}`,
    passes: field === 'source' ? skb => holds(skb.source) : skb => holds(skb.destination),
    seen: skb => `${field} ${skb[field]}`,
    constraint: { field, prefix, negated },
  }
}

function interfaceTest(match: InterfaceMatch, field: 'inDevice' | 'outDevice'): Test | undefined {
  const { name, wildcard, negated } = match
  if (wildcard && name === '' && !negated) return undefined
  const flag = field === 'inDevice' ? '-i' : '-o'
  const holds = wildcard
    ? (device: string) => device.startsWith(name) !== negated
    : (device: string) => (device === name) !== negated
  return {
    option: `${not(negated)}${flag} ${name}${wildcard ? '+' : ''}`,
    passes: field === 'inDevice' ? skb => holds(skb.inDevice) : skb => holds(skb.outDevice),
    seen: skb => `${field === 'inDevice' ? 'in' : 'out'} ${skb[field] || '(none)'}`,
    constraint: { field, name, wildcard, negated },
  }
}

function protocolTest(match: ProtocolMatch, family: 4 | 6): Test {
  const { number, negated } = match
  const holds = (skb: Skb): boolean => (skb.protocol === number) !== negated
  return {
    option: `${not(negated)}-p ${protocolName(number) ?? number}`,
    // ip6_packet_match: a header chain that cannot be read is dropped by the first rule that asks for a protocol
    passes:
      family === 4
        ? holds
        : (skb, environment) => {
            if (skb.protocol >= 0) return holds(skb)
            environment.hotdrop = true
            return false
          },
    seen: skb => `protocol ${protocolName(skb.protocol) ?? skb.protocol}`,
    constraint: { field: 'protocol', number, negated },
  }
}

function fragmentTest(negated: boolean): Test {
  return {
    option: `${not(negated)}-f`,
    passes: skb => (skb.fragmentOffset !== 0) !== negated,
    seen: skb => (skb.fragmentOffset === 0 ? 'no later fragment' : `fragment at ${skb.fragmentOffset}`),
  }
}
