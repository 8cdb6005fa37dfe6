// The built analysis, its inner parts included.
export { analyze, keyOf, occurrencesOf } from '../../dist/analysis/analyze.js'
export { EMPTY } from '../../dist/analysis/bdd.js'
export { checkRuleset } from '../../dist/analysis/check.js'
export { readPoint } from '../../dist/analysis/header.js'
export { plausible } from '../../dist/analysis/plausible.js'
export { taste } from '../../dist/analysis/taste.js'
export { WitnessFinder } from '../../dist/analysis/witness.js'
export { boxOf, playOf, waysOf } from '../../dist/analysis/witness-play.js'
