import type { TargetExtension } from '../extension.ts'

/** Every extension target the simulator models: one line each. ACCEPT, DROP, RETURN and QUEUE are verdicts, not extensions. */
export const TARGETS: readonly TargetExtension[] = []
