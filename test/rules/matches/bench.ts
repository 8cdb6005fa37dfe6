/** A rule's matches on a workbench: packets by hand, an environment of fixed answers, memory that lasts. */
import { Address } from '../../../src/address.ts'
import type { Connection } from '../../../src/conntrack/connection.ts'
import type { Tuple } from '../../../src/conntrack/tuple.ts'
import { Skb } from '../../../src/packet/skb.ts'
import type { MatchEnvironment, Test } from '../../../src/rules/extension.ts'
import type { Hook, Ruleset } from '../../../src/rules/model.ts'
import { matchExtension } from '../../../src/rules/registry.ts'
import { SetDraft } from '../../../src/sets/set-draft.ts'
import { SetTable } from '../../../src/sets/set-table.ts'
import { load } from '../text.ts'

export class Bench implements MatchEnvironment {
  readonly hook = 'FORWARD'
  readonly table = 'filter'
  nowMs = 0
  hotdrop = false
  readonly memory = new Map<string, unknown>()
  /** Original tuples that conntrack knows. */
  connections: Connection[] = []
  addressTypes: Record<string, string> = {}
  route: { device: string; type: string } | undefined = undefined
  groups: Record<string, number> = {}
  random: (() => number) | undefined = undefined

  addressType(address: Address): string {
    return this.addressTypes[`${address}`] ?? 'UNICAST'
  }

  reverseRoute() {
    return this.route
  }

  findConnection(tuple: Tuple): Connection | undefined {
    return this.connections.find(({ original }) => original.equals(tuple))
  }

  readonly sets = new SetDraft(SetTable.EMPTY, 0, {})

  ownConnection({ connection }: Skb): Connection | undefined {
    return connection
  }

  deviceGroup(device: string): number {
    return this.groups[device] ?? 0
  }

  wait(seconds: number): void {
    this.nowMs += seconds * 1000
  }
}

/** The tests of the first rule of `-A FORWARD <words>`; `table` and `chain` otherwise. */
export function testsOf(words: string, family: 4 | 6 = 4, place = 'filter FORWARD'): readonly Test[] {
  const [table = '', chain = ''] = place.split(' ')
  return rulesTests(load(`*${table}\n-A ${chain} ${words}\nCOMMIT\n`, family))[0]!
}

/** The tests of every rule of a ruleset, in its order. */
export function rulesTests(ruleset: Ruleset): (readonly Test[])[] {
  const { family } = ruleset
  return Object.values(ruleset.tables).flatMap((table, t) =>
    Object.values(table.chains).flatMap(chain =>
      chain.rules.map((rule, r) =>
        rule.matches.flatMap(({ name, options }, m) => {
          const instance = `${t}.${chain.name}.${r}.${m}`
          const context = {
            family,
            table: table.name,
            rule,
            hooks: new Set<Hook>(),
            instance,
            ruleset,
          } as const
          return matchExtension(name, family)!.compile(options, context)
        }),
      ),
    ),
  )
}

/** Do all tests hold? As in the kernel, the first that fails ends it. */
export function passes(tests: readonly Test[], skb: Skb, bench: Bench = new Bench()): boolean {
  bench.hotdrop = false
  return tests.every(test => test.passes(skb, bench))
}

/** `true`, `false`, or `hotdrop` where the packet was thrown away. */
export function outcome(tests: readonly Test[], skb: Skb, bench: Bench = new Bench()): boolean | 'hotdrop' {
  const result = passes(tests, skb, bench)
  return bench.hotdrop ? 'hotdrop' : result
}

/** Why it failed: `--dport 80: dport 443`. */
export function complaint(tests: readonly Test[], skb: Skb, bench: Bench = new Bench()): string | undefined {
  const failed = tests.find(test => !test.passes(skb, bench))
  return failed && `${failed.option}: ${failed.seen(skb, bench)}`
}

export interface Ipv4Fields {
  readonly source?: string
  readonly destination?: string
  readonly protocol?: number
  readonly ttl?: number
  readonly tos?: number
  /** Flags and offset as in the header: 0x2000 is "more fragments". */
  readonly fragment?: number
}

export function ipv4(payload: readonly number[], fields: Ipv4Fields = {}): Skb {
  const { source = '10.6.0.2', destination = '203.0.113.9', protocol = 253 } = fields
  const { ttl = 64, tos = 0, fragment = 0 } = fields
  const bytes = new Uint8Array(20 + payload.length)
  bytes.set([
    0x45,
    tos,
    bytes.length >> 8,
    bytes.length & 255,
    0,
    1,
    fragment >> 8,
    fragment & 255,
    ttl,
    protocol,
  ])
  Address.parse(source).write(bytes, 12)
  Address.parse(destination).write(bytes, 16)
  bytes.set(payload, 20)
  return new Skb(4, bytes)
}

export function ipv6(next: number, payload: readonly number[], source = '2001:db8::2', hops = 64): Skb {
  const bytes = new Uint8Array(40 + payload.length)
  bytes.set([0x60, 0, 0, 0, payload.length >> 8, payload.length & 255, next, hops])
  Address.parse(source).write(bytes, 8)
  Address.parse('2001:db8:1::9').write(bytes, 24)
  bytes.set(payload, 40)
  return new Skb(6, bytes)
}

const u16 = (value: number): number[] => [value >> 8, value & 255]

export function udp(
  sport: number,
  dport: number,
  data: readonly number[] = [],
  fields: Ipv4Fields = {},
): Skb {
  return ipv4([...u16(sport), ...u16(dport), ...u16(8 + data.length), 0, 0, ...data], {
    ...fields,
    protocol: 17,
  })
}

export function tcp(sport: number, dport: number, flags: number, options: readonly number[] = []): Skb {
  const offset = ((20 + options.length) / 4) << 4
  const header = [...u16(sport), ...u16(dport), 0, 0, 0, 1, 0, 0, 0, 0, offset, flags, 0x20, 0, 0, 0, 0, 0]
  return ipv4([...header, ...options], { protocol: 6 })
}

export function icmp(type: number, code: number): Skb {
  return ipv4([type, code, 0, 0, 0, 7, 0, 1], { protocol: 1 })
}

export const text = (value: string): number[] => [...new TextEncoder().encode(value)]
