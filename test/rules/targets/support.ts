import { expect } from 'vitest'
import type { Address, Family } from '../../../src/address.ts'
import type { NatRange } from '../../../src/conntrack/nat-range.ts'
import type { ConntrackTemplate } from '../../../src/conntrack/template.ts'
import { Skb } from '../../../src/packet/skb.ts'
import { type TargetEnvironment, type TargetExtension, Verdict } from '../../../src/rules/extension.ts'
import type { Hook, Rule, TableName } from '../../../src/rules/model.ts'
import { parseRules } from '../../../src/rules/parse.ts'
import { printRules } from '../../../src/rules/print.ts'
import { targetExtension } from '../../../src/rules/registry.ts'

/** `4 mangle INPUT -j TTL --ttl-set 5`: family, table, chain, and the rest of the rule. */
export interface Line {
  readonly family: Family
  readonly table: TableName
  readonly chain: Hook
  readonly rest: string
}

function line(text: string): Line {
  const [family, table, chain, ...rest] = text.split(' ')
  return {
    family: Number(family) as Family,
    table: table as TableName,
    chain: chain as Hook,
    rest: rest.join(' '),
  }
}

function parse({ family, table, chain, rest }: Line) {
  return parseRules(`*${table}\n-A ${chain} ${rest}\nCOMMIT\n`, { family })
}

/** What iptables-save prints for the line, from the first word of the match or target on. */
export function saved(text: string): string {
  const { ruleset, diagnostics } = parse(line(text))
  if (ruleset === undefined) return `refused: ${diagnostics[0]?.message}`
  const rule = printRules(ruleset)
    .split('\n')
    .find(row => row.startsWith('-A'))
  return rule!.replace(/^-A \S+ /, '')
}

/** What the kernel or iptables has against the line. */
export function refusal(text: string): string {
  const { diagnostics } = parse(line(text))
  expect(diagnostics, `${text} was accepted`).not.toEqual([])
  return diagnostics[0]!.message
}

interface Loaded {
  readonly rule: Rule
  readonly options: object
  readonly extension: TargetExtension
}

function load(text: string): Loaded {
  const { family, table, chain } = line(text)
  const { ruleset, diagnostics } = parse(line(text))
  expect(diagnostics).toEqual([])
  const rule = ruleset!.tables[table]!.chains[chain]!.rules[0]!
  if (rule.target.kind !== 'extension') throw new Error(`${text} has no extension target`)
  const { name, options } = rule.target
  return { rule, options, extension: targetExtension(name, family)! }
}

/** What `iptables -L` prints of the target, then with -n. */
export function listed(text: string): readonly [string, string] {
  const { family } = line(text)
  const { options, extension } = load(text)
  return [extension.list(options, family, false), extension.list(options, family, true)]
}

export function needsConntrack(text: string): boolean {
  const { options, extension } = load(text)
  return extension.needsConntrack?.(options) ?? false
}

export function packet(family: Family, hex: string): Skb {
  return new Skb(family, Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')))
}

export function hex(skb: Skb): string {
  return Buffer.from(skb.bytes).toString('hex')
}

/** A target environment that writes down what it was asked to do. */
export class Recording {
  readonly table: TableName
  readonly hook: Hook
  readonly logs: { level: number; text: string }[] = []
  readonly messages: { group: number; prefix: string; bytes: Uint8Array }[] = []
  readonly rejects: string[] = []
  readonly ranges: NatRange[] = []
  readonly templates: ConntrackTemplate[] = []
  readonly sets = {
    calls: [] as string[],
    add: (name: string, _skb: Skb, flags: readonly string[], options: object) =>
      this.sets.calls.push(`add ${name} ${flags.join(',')} ${JSON.stringify(options)}`),
    remove: (name: string, _skb: Skb, flags: readonly string[]) =>
      this.sets.calls.push(`remove ${name} ${flags.join(',')}`),
  }
  readonly copies: string[] = []
  readonly queues: string[] = []
  /** by device */
  addresses: Record<string, Address> = {}
  mtu = 1500

  constructor(table: TableName, hook: Hook) {
    this.table = table
    this.hook = hook
  }

  ownConnection(skb: Skb) {
    return skb.connection
  }
  log(entry: { level: number; text: string }) {
    this.logs.push(entry)
  }
  nflog(message: { group: number; prefix: string; bytes: Uint8Array }) {
    this.messages.push(message)
  }
  reject(_skb: Skb, kind: string) {
    this.rejects.push(kind)
  }
  bindNat(_skb: Skb, range: NatRange) {
    this.ranges.push(range)
    return Verdict.ACCEPT
  }
  sourceAddress(device: string) {
    return this.addresses[device]
  }
  redirectAddress(device: string) {
    return this.addresses[device]
  }
  setTemplate(skb: Skb, template: ConntrackTemplate) {
    this.templates.push(template)
    skb.template = template
  }
  pathMtu() {
    return this.mtu
  }
  duplicate(_skb: Skb, gateway: Address, device?: string) {
    this.copies.push(`${gateway} ${device}`)
  }
  queue(_skb: Skb, { number, bypass }: { number: number; bypass: boolean }) {
    this.queues.push(`${number} ${bypass}`)
    return Verdict.QUEUE
  }
}

/** Runs the line's target (not its matches) on a packet. */
export function run(text: string, skb: Skb, environment?: Recording): Verdict {
  const { family, table, chain } = line(text)
  const { rule, options, extension } = load(text)
  const target = extension.compile(options, { family, table, rule, hooks: new Set([chain]), instance: '0.0' })
  return target(skb, (environment ?? new Recording(table, chain)) as unknown as TargetEnvironment)
}
