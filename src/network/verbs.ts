/** What people type to find out whether something works: each runs a program on a host and tells what its user sees. */
export * from './verbs/connect.ts'
export * from './verbs/curl.ts'
export type { ConnectFailure, Target } from './verbs/failure.ts'
export * from './verbs/nc.ts'
export * from './verbs/ping.ts'
export * from './verbs/scan.ts'
export * from './verbs/traceroute.ts'
export * from './verbs/udp.ts'
