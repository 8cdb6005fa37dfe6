import { describe, expect, it } from 'vitest'
import * as network from '../../../src/network/index.ts'
import { documented, runExample } from '../../docs/docstrings.ts'

describe.each([
  ['src/network/services.ts', Object.keys(await import('../../../src/network/services.ts'))],
  ['src/network/verbs.ts', ['fetchMail', 'query']],
])('the docstrings of %s', (entry, names) => {
  it.each(documented(entry, names).map(doc => [doc.name, doc] as const))(
    '%s has an example, which runs',
    (_, { example }) => {
      const claims = runExample(example, network)
      expect(claims.length).toBeGreaterThan(0)
      for (const { code, expected, seen } of claims) expect(`${code}: ${seen}`).toBe(`${code}: ${expected}`)
    },
  )
})
