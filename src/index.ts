/**
 * netfilter-sim: an executable model of Linux netfilter. The whole public API on one screen.
 */

// Packets: bytes, fields, and one readable line.
export { Address, type Family, Prefix } from './address.ts'
export type { FirewallConfig } from './config.ts'
export { type Connection, CtInfo, type Direction, Status } from './conntrack/connection.ts'
export type { ConntrackEvent } from './conntrack/events.ts'
export { formatEvent } from './conntrack/list.ts'
export type { SessionTable } from './conntrack/session-table.ts'
export type { ConntrackStep } from './conntrack/steps.ts'
export type { Tuple } from './conntrack/tuple.ts'
export { type ConnectionFilter, conntrackDelete } from './conntrack-tool.ts'
// Tables, as the tools print them.
export { type ChainCounters, readCounters } from './counters.ts'
export { type Diagnostic, DiagnosticError, formatDiagnostic } from './diagnostic.ts'
// A firewall is a value: make one, step packets through it, edit it, let time pass.
export {
  advance,
  createFirewall,
  type Edited,
  edit,
  type FirewallOptions,
  ipset,
  iptables,
  run,
  step,
} from './firewall.ts'
export {
  type OutcomeJson,
  outcomeJson,
  type PacketJson,
  type PlainJson,
  type TupleJson,
} from './format/outcome-json.ts'
export { PLAIN, type Style } from './format/style.ts'
export { traceLines } from './format/trace-lines.ts'
export { formatFate, formatTrace, type TraceTextOptions } from './format/trace-text.ts'
export type { InterfaceConfig } from './ip/interfaces.ts'
export { runIptables, type ToolAnswer } from './iptables-tool.ts'
export {
  conntrackList,
  expectationList,
  ipsetSave,
  iptablesCommands,
  iptablesList,
  iptablesSave,
  natTable,
  natTableText,
} from './listings.ts'
export type { PortChooser, PortRequest } from './nat/context.ts'
export type { NatStep } from './nat/steps.ts'
export type { Endpoint, NatRow } from './nat/table.ts'
export type { Arrival, Delivery, Emission, Fate, LogLine, NflogMessage, Outcome } from './outcome.ts'
export {
  esp,
  gre,
  type IcmpFields,
  icmp,
  icmp6,
  proto,
  raw,
  sctp,
  type TcpFields,
  tcp,
  udp,
  udplite,
} from './packet/constructors.ts'
export type {
  AhPacket,
  Decoded,
  EspPacket,
  FragmentPacket,
  GrePacket,
  IcmpPacket,
  MalformedPacket,
  OtherPacket,
  SctpPacket,
  TcpPacket,
  UdpLitePacket,
  UdpPacket,
} from './packet/decoded.ts'
export type { Ends, PacketOptions } from './packet/fields.ts'
export { Packet } from './packet/packet.ts'
export type { SocketOwner } from './packet/skb.ts'
export { type PacketLine, parsePackets } from './packet/text.ts'
export { type PacketScript, parsePacketScript, type ScriptStep } from './packet-script.ts'
export type { PersistentVector } from './persistent/vector.ts'
export { hostResolver } from './rules/hosts.ts'
export { type ListOptions, listCommands, listRules } from './rules/list.ts'
export type { Chain, Counters, Hook, Match, Rule, Ruleset, Table, TableName, Target } from './rules/model.ts'
// Rules: text in, text out.
export {
  type HostResolver,
  type ParseOptions,
  type ParseResult,
  parseRules,
  type ShellOptions,
} from './rules/parse.ts'
export { type PrintOptions, printRules } from './rules/print.ts'
export { formatPlace, type RulePlace, type RuleStep } from './rules/steps.ts'
export type { FirewallState } from './state.ts'
export type { CookieChooser, CookieRequest, SynCookie } from './synproxy/cookies.ts'
// Why: traces and their texts.
export type { PathStep, TraceStep, Traversal } from './trace.ts'
export type { StepOptions } from './transaction.ts'
