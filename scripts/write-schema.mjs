// Writes the JSON Schema of scenario files into the package, from the built schema.
import { writeFileSync } from 'node:fs'
import { scenarioJsonSchema } from '../dist/scenario/index.js'

writeFileSync(
  new URL('../dist/scenario.schema.json', import.meta.url),
  `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`,
)
