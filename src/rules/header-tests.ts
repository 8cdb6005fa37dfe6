import type { Address, Prefix } from '../address.ts'
import { protocolName } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import type { Constraint, MatchEnvironment, Test } from './extension.ts'
import type { AddressMatch, InterfaceMatch, ProtocolMatch, Rule } from './model.ts'

/**
 * The tests of a rule's core options (`-s -d -i -o -p -f`), in the order in which the kernel's `ip_packet_match` makes
 * them. An option that holds for every packet makes no test.
 *
 * They are classes and not closures: every rule has some, so the walk over a chain calls a handful of methods that the
 * engine knows (a rule that fails at its address costs half of what two nested closures took), and what only traces and
 * indexes read is worked out when they do.
 */
export function headerTests(rule: Rule, family: 4 | 6): Test[] {
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule
  const tests: Test[] = []
  if (source && saysSomething(source)) tests.push(new AddressTest('source', source))
  if (destination && saysSomething(destination)) tests.push(new AddressTest('destination', destination))
  if (inInterface && !isAnyDevice(inInterface)) tests.push(new DeviceTest('inDevice', inInterface))
  if (outInterface && !isAnyDevice(outInterface)) tests.push(new DeviceTest('outDevice', outInterface))
  if (protocol && protocol.number !== 0) tests.push(new ProtocolTest(protocol, family))
  else if (protocol && family === 6) tests.push(new AnyProtocolTest())
  if (fragment) tests.push(new FragmentTest(fragment.negated))
  return tests
}

const not = (negated: boolean): string => (negated ? '! ' : '')

function saysSomething({ prefix, negated }: AddressMatch): boolean {
  return negated || !prefix.mask.isZero()
}

function isAnyDevice({ name, wildcard, negated }: InterfaceMatch): boolean {
  return wildcard && name === '' && !negated
}

class AddressTest implements Test {
  private readonly field: 'source' | 'destination'
  private readonly prefix: Prefix
  private readonly negated: boolean

  constructor(field: 'source' | 'destination', { prefix, negated }: AddressMatch) {
    this.field = field
    this.prefix = prefix
    this.negated = negated
  }

  get option(): string {
    return `${not(this.negated)}${this.field === 'source' ? '-s' : '-d'} ${this.prefix}`
  }

  passes(skb: Skb): boolean {
    return contains(this.prefix, this.field === 'source' ? skb.source : skb.destination) !== this.negated
  }

  seen(skb: Skb): string {
    return `${this.field} ${skb[this.field]}`
  }

  get constraint(): Constraint {
    return { field: this.field, prefix: this.prefix, negated: this.negated }
  }
}

/** A packet and the rules that see it are always of one family. */
function contains({ address, mask }: Prefix, seen: Address): boolean {
  if ((seen.w0 & mask.w0) !== address.w0) return false
  if (seen.family === 4) return true
  return (
    (seen.w1 & mask.w1) === address.w1 &&
    (seen.w2 & mask.w2) === address.w2 &&
    (seen.w3 & mask.w3) === address.w3
  )
}

class DeviceTest implements Test {
  private readonly field: 'inDevice' | 'outDevice'
  private readonly name: string
  private readonly wildcard: boolean
  private readonly negated: boolean

  constructor(field: 'inDevice' | 'outDevice', { name, wildcard, negated }: InterfaceMatch) {
    this.field = field
    this.name = name
    this.wildcard = wildcard
    this.negated = negated
  }

  get option(): string {
    const flag = this.field === 'inDevice' ? '-i' : '-o'
    return `${not(this.negated)}${flag} ${this.name}${this.wildcard ? '+' : ''}`
  }

  passes(skb: Skb): boolean {
    const device = this.field === 'inDevice' ? skb.inDevice : skb.outDevice
    const holds = this.wildcard ? device.startsWith(this.name) : device === this.name
    return holds !== this.negated
  }

  seen(skb: Skb): string {
    return `${this.field === 'inDevice' ? 'in' : 'out'} ${skb[this.field] || '(none)'}`
  }

  get constraint(): Constraint {
    return { field: this.field, name: this.name, wildcard: this.wildcard, negated: this.negated }
  }
}

class ProtocolTest implements Test {
  private readonly number: number
  private readonly negated: boolean
  private readonly family: 4 | 6

  constructor({ number, negated }: ProtocolMatch, family: 4 | 6) {
    this.number = number
    this.negated = negated
    this.family = family
  }

  get option(): string {
    return `${not(this.negated)}-p ${protocolName(this.number) ?? this.number}`
  }

  passes(skb: Skb, environment: MatchEnvironment): boolean {
    // ip6_packet_match: a header chain that cannot be read is dropped by the first rule that asks for a protocol
    if (this.family === 6 && skb.protocol < 0) {
      environment.hotdrop = true
      return false
    }
    return (skb.protocol === this.number) !== this.negated
  }

  seen(skb: Skb): string {
    return `protocol ${protocolName(skb.protocol) ?? skb.protocol}`
  }

  get constraint(): Constraint {
    return { field: 'protocol', number: this.number, negated: this.negated }
  }
}

/** `-p all` of ip6tables: every protocol will do, but the rule asks for it, and so drops what cannot be read. */
class AnyProtocolTest implements Test {
  get option(): string {
    return '-p all'
  }

  passes(skb: Skb, environment: MatchEnvironment): boolean {
    environment.hotdrop ||= skb.protocol < 0
    return skb.protocol >= 0
  }

  seen(skb: Skb): string {
    return skb.protocol < 0 ? 'no protocol that can be read' : `protocol ${skb.protocol}`
  }
}

class FragmentTest implements Test {
  readonly pure = true
  private readonly negated: boolean

  constructor(negated: boolean) {
    this.negated = negated
  }

  get option(): string {
    return `${not(this.negated)}-f`
  }

  passes(skb: Skb): boolean {
    return (skb.fragmentOffset !== 0) !== this.negated
  }

  seen(skb: Skb): string {
    return skb.fragmentOffset === 0 ? 'no later fragment' : `fragment at ${skb.fragmentOffset}`
  }
}
