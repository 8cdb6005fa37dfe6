import { duplicateRule, emptyChain, noiseCondition, unknownDevice, unusedChain } from './chain-lints.ts'
import type { Lint } from './lint.ts'
import {
  acceptEverything,
  logWithoutLimit,
  loopbackDropped,
  missingEstablished,
  relatedHelper,
  sourcePortHole,
} from './policy-lints.ts'
import {
  afterFinalRule,
  impossibleRule,
  policyRule,
  redundantRule,
  undecidedRule,
  unreachableRule,
} from './reach-lints.ts'

/** Every lint, one line each; where two speak of the same rule, the earlier one is heard. */
export const LINTS: readonly Lint[] = [
  duplicateRule,
  afterFinalRule,
  impossibleRule,
  unreachableRule,
  redundantRule,
  policyRule,
  missingEstablished,
  sourcePortHole,
  acceptEverything,
  relatedHelper,
  loopbackDropped,
  unusedChain,
  emptyChain,
  unknownDevice,
  logWithoutLimit,
  noiseCondition,
  undecidedRule,
]
