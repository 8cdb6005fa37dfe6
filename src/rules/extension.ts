/**
 * What a match or a target is: one file each under `matches/` and `targets/`, one line each in `registry.ts`. Parsing,
 * printing, checking, the docs' tables, the help and evaluation are all derived from these descriptions.
 */
import type { Address, Family, Prefix } from '../address.ts'
import type { Connection, Zone } from '../conntrack/connection.ts'
import type { ConntrackTemplate } from '../conntrack/template.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import type { Skb } from '../packet/skb.ts'
import type { SetAccess } from '../sets/set-use.ts'
import type { Hook, NatRange, Rule, Ruleset, TableName } from './model.ts'

export type { ConntrackTemplate } from '../conntrack/template.ts'

/** Thrown inside option codecs for text that is wrong; the parser adds line and column. */
export class OptionError extends Error {
  readonly expected: string | undefined
  readonly hint: string | undefined

  constructor(message: string, help: { expected?: string; hint?: string } = {}) {
    super(message)
    this.expected = help.expected
    this.hint = help.hint
  }
}

/** What an option codec may ask while a rule is read. */
export interface ParseContext {
  readonly family: Family
  readonly table: TableName
  /** The rule's `-p` so far, 0 when there was none. */
  readonly protocol: number
  readonly protocolNegated: boolean
  /** The one address of a name, as the caller resolves names; throws OptionError when it has none, or several. */
  resolveHost(name: string): readonly Address[]
  /** Is there an ipset of that name? Absent: nobody knows, and any name will do. */
  readonly hasSet?: (name: string) => boolean
}

/** Options under construction: writable, nothing there yet. */
export type Draft<O> = { -readonly [Key in keyof O]?: O[Key] }

/** One `--option` of an extension, in the vocabulary of iptables' own `struct xt_option_entry`. */
export interface OptionSpec<O> {
  /** Without dashes: `dport`. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** How many words follow. 'optional': one, if the next word does not begin with `-` or `!`. */
  readonly arguments: 0 | 1 | 2 | 'optional'
  /** May `!` precede it? */
  readonly negatable?: boolean
  readonly mandatory?: boolean
  /** May be given several times. */
  readonly repeatable?: boolean
  /** Options (by name) that may not stand beside this one. */
  readonly excludes?: readonly string[]
  /** Options (by name) that must stand beside this one. */
  readonly requires?: readonly string[]
  /** One line for `--help` and the docs, e.g. "port or port range to match". */
  readonly help: string
  /** What stands for the argument in the help: `port[:port]`. */
  readonly placeholder?: string
  /**
   * Writes what was read into the options under construction (a plain object, later frozen).
   * @throws OptionError
   */
  set(options: Draft<O>, args: readonly string[], negated: boolean, context: ParseContext): void
}

/** Where a rule stands, for the checks that the kernel makes when a rule is loaded. */
export interface CheckContext {
  readonly family: Family
  readonly table: TableName
  readonly rule: Rule
  /** The hooks from which the rule's chain can be reached; for a chain nobody jumps to, none. */
  readonly hooks: ReadonlySet<Hook>
  /** All of the rules, for matches that share what they remember by name (`recent`, `hashlimit`, `rateest`). */
  readonly ruleset?: Ruleset
}

export interface CompileContext extends CheckContext {
  /** Unique among the stateful matches of a firewall, stable while its table is: the key of its memory. */
  readonly instance: string
}

interface Extension<O> {
  readonly name: string
  /** Default: both. */
  readonly families?: readonly Family[]
  /** The tables it may be used in; default: all. */
  readonly tables?: readonly TableName[]
  /** The hooks its chain may be reached from; default: all. */
  readonly hooks?: readonly Hook[]
  /** The rule must say `-p` with one of these, not negated. */
  readonly protocols?: readonly number[]
  /** One line: what it is for. */
  readonly summary: string
  /** Default 'modelled'. 'parsed only': read, printed and traced; it changes nothing that the simulator models. */
  readonly status?: 'modelled' | 'parsed only'
  readonly options: readonly OptionSpec<O>[]
  /** Options of an empty use (`-m tcp` alone); also where defaults come from. */
  defaults?(context: ParseContext): Draft<O>
  /**
   * After the last option (iptables' `final_check`): what is missing or does not fit together.
   * May return the options with derived fields filled in.
   * @throws OptionError
   */
  finish?(options: Draft<O>, context: ParseContext): O
  /** The kernel's `checkentry`: the complaint, or undefined. The rule is refused as "iptables-restore: line N failed". */
  check?(options: O, context: CheckContext): string | undefined
  /** The words that `iptables-save` prints behind `-m name`/`-j name`, without a leading blank; '' for none. */
  save(options: O, family: Family): string
  /** What `iptables -L` prints; `numeric` is -n. */
  list(options: O, family: Family, numeric: boolean): string
  /** What `list` gives follows what stands before it immediately. */
  readonly listsWithoutBlank?: boolean
  /** Does loading a rule with it switch connection tracking on (and defragmentation)? */
  needsConntrack?(options: O): boolean
  /** Does loading a rule with it switch the accounting of connections on (`nf_ct_set_acct`)? */
  readonly needsAccounting?: boolean
  /** Does loading a rule with it have SYNPROXY look at every packet that leaves conntrack's hands? */
  readonly needsSynproxy?: boolean
  /** Does loading a rule with it put fragments together, with or without connection tracking? */
  readonly needsDefragmentation?: boolean
}

/** One thing a match looks at. A match holds when all its tests do; the trace names the first that did not. */
export interface Test {
  /** As people write it, value included: `--dport 80`, `! --ctstate INVALID`. */
  readonly option: string
  /** Must not change the packet. May set `environment.hotdrop`, and may use `environment.memory`. */
  passes(skb: Skb, environment: MatchEnvironment): boolean
  /** What the packet showed instead: `dport 443`, `ctstate NEW`. */
  seen(skb: Skb, environment: MatchEnvironment): string
  /** A static reading of the test, where there is one, so that long chains can be indexed by it. */
  readonly constraint?: Constraint
  /**
   * It neither remembers anything nor ever sets `hotdrop`, so a rule that is known to fail at a later test need not ask
   * it. Not needed beside a constraint, whose tests are all of this kind for packets with a whole header.
   */
  readonly pure?: boolean
  /** It holds for every packet that is no later fragment and has this many bytes of transport header. */
  readonly headerBytes?: number
}

/**
 * The packet can pass the test only if the field lies in one of the ranges (inclusive, sorted, disjoint), or in none of
 * them when negated. Ports: never true for later fragments or other protocols.
 */
export interface PortConstraint {
  readonly field: 'sport' | 'dport'
  readonly ranges: readonly (readonly [number, number])[]
  readonly negated: boolean
}

/** The same for what the IP header and the devices show; made by the core options only. */
export type Constraint =
  | PortConstraint
  | { readonly field: 'source' | 'destination'; readonly prefix: Prefix; readonly negated: boolean }
  | {
      readonly field: 'inDevice' | 'outDevice'
      readonly name: string
      readonly wildcard: boolean
      readonly negated: boolean
    }
  | { readonly field: 'protocol'; readonly number: number; readonly negated: boolean }

export interface MatchExtension<O = object> extends Extension<O> {
  readonly kind: 'match'
  /** Turns options into tests, once per rule. Everything that can be computed beforehand is computed here. */
  compile(options: O, context: CompileContext): readonly Test[]
}

export interface TargetExtension<O = object> extends Extension<O> {
  readonly kind: 'target'
  compile(options: O, context: CompileContext): TargetFunction
}

/** What a target decides. CONTINUE goes on to the next rule. */
export const Verdict = { CONTINUE: 0, ACCEPT: 1, DROP: 2, STOLEN: 3, QUEUE: 4 } as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]

/** May write to the skb (through `writable`), to its connection (through `environment.ownConnection`), and act on the environment. */
export type TargetFunction = (skb: Skb, environment: TargetEnvironment) => Verdict

/** What a test may ask. Everything here is this step's: pure as far as the outside can see. */
export interface MatchEnvironment {
  readonly hook: Hook
  readonly table: TableName
  /** The virtual clock, in ms since the firewall's epoch. */
  readonly nowMs: number
  /** Set by a match that could not even read its header: the packet is dropped at once, nothing is counted. */
  hotdrop: boolean
  readonly memory: Memory
  /** `-m addrtype`: UNICAST, LOCAL, BROADCAST, ANYCAST, MULTICAST, BLACKHOLE, UNREACHABLE, PROHIBIT, UNSPEC. With a device: as that device sees it. */
  addressType(address: Address, device?: string): string
  /** `-m rpfilter`: the device by which a packet would go back to the source, undefined without a route. */
  reverseRoute(
    skb: Skb,
    options: { readonly mark: number; readonly loose: boolean },
  ): { readonly device: string; readonly type: string } | undefined
  /** The live connection that a tuple belongs to (`connlimit`, `socket`). */
  findConnection(tuple: Tuple, zone: Zone): Connection | undefined
  /** A private copy of the packet's connection that may be written to (`-j CONNMARK`, `-m connlabel --set`). */
  ownConnection(skb: Skb): Connection | undefined
  /** The firewall's ipsets: `-m set`, `-j SET`. */
  readonly sets: SetAccess
  /** `-m statistic --mode random`: a whole number from 0 to 2³¹-1, from the caller; rules that need it fail without. */
  readonly random?: (() => number) | undefined
  /** The `group` of a device (`-m devgroup`), 0 by default. */
  deviceGroup(device: string): number
}

/** The memory of stateful matches (`limit`, `recent`, …): persistent values by key. A value is never changed, always replaced. */
export interface Memory {
  get(key: string): unknown
  set(key: string, value: unknown): void
}

/** What `-j SYNPROXY` offers to clients in place of the server. */
export interface SynproxyOffer {
  readonly sackPerm: boolean
  readonly timestamp: boolean
  readonly wscale?: number
  readonly mss?: number
  readonly ecn: boolean
}

/** What a target may do beyond writing to the skb. */
export interface TargetEnvironment extends MatchEnvironment {
  /** LOG: one line for the kernel's log. */
  log(entry: { readonly level: number; readonly text: string }): void
  /** NFLOG: one message to a group. */
  nflog(message: { readonly group: number; readonly prefix: string; readonly bytes: Uint8Array }): void
  /** REJECT: the engine builds and sends the answer. `kind` as in `--reject-with`. */
  reject(skb: Skb, kind: string): void
  /** SNPT, DNPT: an ICMPv6 parameter problem about the header field at this offset. */
  parameterProblem(skb: Skb, pointer: number): void
  /** SNAT, DNAT, …: the engine binds the connection to the range. DROP when no tuple is free. */
  bindNat(skb: Skb, range: NatRange): Verdict
  /**
   * Where REDIRECT sends what came in on a device: to its primary address; in IPv6 to its first one, of the
   * destination's scope if that is a narrow one. Undefined: it has none.
   */
  redirectAddress(device: string, destination: Address): Address | undefined
  /**
   * The primary address of a device (`TPROXY`), or the one it would use towards a destination (`MASQUERADE`): in IPv4
   * the device's address in the next hop's subnet, else its primary one. Undefined: it has none.
   */
  sourceAddress(device: string, destination?: Address): Address | undefined
  /**
   * TCPMSS --clamp-mss-to-pmtu: the smaller of the MTU of the route the packet leaves by (`dst_mtu(skb_dst(skb))`) and
   * that of a plain lookup towards its source address, without mark or device; a source without a route limits nothing.
   */
  pathMtu(skb: Skb): number
  /**
   * TPROXY: gives the packet to a transparent socket that listens on the address and port, or already has the flow.
   * False: there is none, and the packet is dropped. Left out: there are no such sockets.
   */
  assignSocket?(skb: Skb, address: Address, port: number): boolean
  /** `-j CT`, `-j NOTRACK`: what conntrack shall do with this packet. Only before conntrack has seen it. */
  setTemplate(skb: Skb, template: ConntrackTemplate): void
  /**
   * TEE: a copy leaves towards a gateway (net/ipv4/netfilter/nf_dup_ipv4.c): untracked, through OUTPUT and POSTROUTING,
   * with one hop less (and IPv4's DF set) when made in PREROUTING or INPUT. A copy is not copied again.
   */
  duplicate(skb: Skb, gateway: Address, device?: string): void
  /** SYNPROXY: answers a SYN, or opens to the server what an ACK with a cookie asks for (STOLEN). DROP: a wrong cookie. */
  synproxy(skb: Skb, offer: SynproxyOffer): Verdict
  /** NFQUEUE: hands the packet to the verdict function that the caller supplied. */
  queue(skb: Skb, queue: { readonly number: number; readonly bypass: boolean }): Verdict
}

/** Gives an extension its place among others whose options have other shapes; the options' shape stays checked inside. */
export function defineMatch<O extends object>(extension: Omit<MatchExtension<O>, 'kind'>): MatchExtension {
  return { kind: 'match', ...extension } as unknown as MatchExtension
}

export function defineTarget<O extends object>(extension: Omit<TargetExtension<O>, 'kind'>): TargetExtension {
  return { kind: 'target', ...extension } as unknown as TargetExtension
}
