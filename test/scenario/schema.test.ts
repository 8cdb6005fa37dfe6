import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { scenarioJsonSchema } from '../../src/scenario/index.ts'
import { STEP_KINDS, scenarioSchema } from '../../src/scenario/schema.ts'
import { EXAMPLES, readExample } from './support.ts'

describe('the schema of scenario files', () => {
  it('is JSON Schema, and knows every kind of step', () => {
    const text = JSON.stringify(scenarioJsonSchema())
    expect(scenarioJsonSchema()).toMatchObject({ type: 'object', required: ['title', 'network', 'steps'] })
    for (const kind of STEP_KINDS) expect(text).toContain(`"${kind}"`)
  })

  it.each(EXAMPLES)('%s follows it', file => {
    expect(scenarioSchema.safeParse(parse(readExample(file))).success).toBe(true)
  })
})
