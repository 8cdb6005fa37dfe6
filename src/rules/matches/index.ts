import type { MatchExtension } from '../extension.ts'

/** Every match the simulator models: one line each. */
export const MATCHES: readonly MatchExtension[] = []
