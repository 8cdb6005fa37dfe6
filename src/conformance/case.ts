import type { InterfaceConfig } from '../ip/interfaces.ts'
import type { SynCookie } from '../synproxy/cookies.ts'

/**
 * A recorded case: a box, a ruleset and packets, with everything the real kernel did. One JSON object a line; the
 * format is described in docs/kernel-cases.md. Only data here: `replay.ts` answers a case, `compare.ts` judges.
 */
export interface KernelCase {
  readonly name: string
  readonly family: 4 | 6
  readonly interfaces: { readonly [device: string]: readonly string[] }
  /** What is unusual about some of them. */
  readonly devices?: { readonly [device: string]: Pick<InterfaceConfig, 'mtu' | 'group'> }
  readonly routes: readonly string[]
  readonly conntrack: 'on' | 'auto'
  readonly sysctl?: { readonly [name: string]: number }
  readonly ipset?: string
  readonly rules: string
  readonly log?: boolean
  /** The recorder slept 9 ms before each packet. */
  readonly pace?: boolean
  /** The recorder asked the tools of users, too. */
  readonly listings?: boolean
  readonly steps?: readonly CaseStep[]
  readonly counters?: CaseCounters
  readonly ipset_after?: readonly string[]
  readonly listed?: CaseListings
  /** The real iptables refuses the ruleset; `error` is what it said. */
  readonly reject?: boolean
  readonly error?: string
}

export type CaseStep = {
  readonly note?: string
  readonly expect?: CaseExpectation
} & (
  | { readonly in: string; readonly hex: string }
  | { readonly local: true; readonly hex: string }
  | { readonly wait: number }
  /** The firewall is changed while it runs: settings by name, or one command of iptables (ip6tables in IPv6's cases). */
  | { readonly sysctl: { readonly [name: string]: number } }
  | { readonly iptables: string }
)

export interface CaseExpectation {
  readonly out?: readonly { readonly dev: string; readonly hex: string }[]
  readonly delivered?: readonly { readonly dev: string; readonly hex: string; readonly mark?: number }[]
  readonly nflog?: readonly { readonly group: number; readonly prefix: string; readonly hex: string }[]
  readonly log?: readonly { readonly level: number; readonly text: string }[]
  readonly trace?: readonly { readonly path: readonly string[]; readonly mark?: number }[]
  readonly conntrack?: readonly object[]
  readonly expectations?: readonly object[]
  readonly choices?: readonly PortChoice[]
  /** What SYNPROXY answered to the step's SYN. */
  readonly cookie?: Partial<SynCookie>
  readonly errno?: number
  /** The command was refused. */
  readonly refused?: boolean
}

/** What the tools print after the last step; `T` stands for timeouts. */
export interface CaseListings {
  /** `conntrack -L`, its lines sorted: the kernel's order is that of a seeded hash. */
  readonly conntrack: readonly string[]
  /** The same with `-o extended`. */
  readonly extended: readonly string[]
  /** `conntrack -E` from the first step on. */
  readonly events: readonly string[]
  /** `iptables -L -n -v -x --line-numbers` of every table of the rules. */
  readonly rules: { readonly [table: string]: string }
  /** `iptables -S`, likewise. */
  readonly commands: { readonly [table: string]: string }
}

/** The source port (or ICMP id) that the kernel drew for a new connection. */
export interface PortChoice {
  readonly proto: number
  readonly orig: readonly (string | number)[]
  readonly port: number
}

/** By table and chain. */
export interface CaseCounters {
  [table: string]: {
    [chain: string]: { rules: (readonly [number, number])[]; policy?: readonly [number, number] }
  }
}

/** Whether it is a packet that comes in or is sent. */
export const isPacket = (step: CaseStep): step is Extract<CaseStep, { readonly hex: string }> => 'hex' in step
