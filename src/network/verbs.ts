/** What people type to find out whether something works: each runs a program on a host and tells what its user sees. */

export type { ConnectFailure } from './failure.ts'
export * from './verbs/connect.ts'
export type { ConverseOptions, ConverseResult } from './verbs/converse.ts'
export * from './verbs/curl.ts'
export * from './verbs/mail.ts'
export * from './verbs/nc.ts'
export {
  type ConnectionEnd,
  close,
  connectionState,
  type OpenConnection,
  type PushOptions,
  type PushResult,
  push,
  received,
} from './verbs/open-connection.ts'
export * from './verbs/ping.ts'
export * from './verbs/query.ts'
export { type ScannedPort, type ScanResult, scan } from './verbs/scan.ts'
export * from './verbs/traceroute.ts'
export * from './verbs/udp.ts'
