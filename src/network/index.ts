/**
 * Networks of hosts, routers and firewalls, each an engine of its own: one immutable value, in which packets travel hop
 * by hop, hosts have sockets that answer, and programs run.
 */

export type { PersistentVector } from '../persistent/vector.ts'
export { createNetwork } from './build.ts'
export * from './edit.ts'
export type { HostState } from './host-state.ts'
export type { ImpairmentSpec, PacketPattern } from './impairment.ts'
export * from './listings.ts'
export { firewallOf, Hop, type LinkState, type LogEntry, Loss, Network, NodeState, nodeOf } from './model.ts'
export type { NetworkDiagnostic } from './plan.ts'
export * from './process.ts'
export {
  inject,
  kill,
  next,
  type ProgramRan,
  type Ran,
  runProgram,
  send,
  settle,
  spawn,
  tell,
  tick,
} from './run.ts'
export type { IcmpReport } from './segment.ts'
export * from './services.ts'
export * from './sessions.ts'
export type { LinkSpec, NetworkSpec, NodeSpec, OneOrMore } from './spec.ts'
export { type KeepAlive, TCP_DEFAULTS, type TcpSettings, type TcpState } from './tcp-connection.ts'
export * from './verbs.ts'
