import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as analysis from '../../src/analysis/index.ts'
import * as core from '../../src/index.ts'
import * as network from '../../src/network/index.ts'
import * as policy from '../../src/policy/index.ts'
import * as scenario from '../../src/scenario/index.ts'
import * as fastCheck from '../../src/testing/fast-check.ts'
import { documented, runExample, undocumented } from './docstrings.ts'

/** By entry point: the file, what it exports, and what its examples may use besides. */
const ENTRIES: Readonly<Record<string, { file: string; exports: object; beside?: object }>> = {
  'netfilter-sim': { file: 'src/index.ts', exports: core },
  'netfilter-sim/policy': { file: 'src/policy/index.ts', exports: policy, beside: core },
  'netfilter-sim/analysis': { file: 'src/analysis/index.ts', exports: analysis, beside: core },
  'netfilter-sim/network': { file: 'src/network/index.ts', exports: network, beside: core },
  'netfilter-sim/scenario': {
    file: 'src/scenario/index.ts',
    exports: scenario,
    beside: { formatDiagnostic: core.formatDiagnostic },
  },
  'netfilter-sim/fast-check': {
    file: 'src/testing/fast-check.ts',
    exports: fastCheck,
    beside: { ...core, fc },
  },
}

describe.each(Object.entries(ENTRIES))('the docstrings of %s', (_, { file, exports, beside }) => {
  const functions = Object.entries(exports).filter(([, value]) => typeof value === 'function')
  const docs = documented(
    file,
    functions.map(([name]) => name),
  )

  it('say what each export is for, types too', () => {
    expect(undocumented(file)).toEqual([])
  })

  it.each(docs.map(doc => [doc.name, doc] as const))('%s has an example, which runs', (_, { example }) => {
    expect(example).not.toBe('')
    const claims = runExample(example, { ...beside, ...exports })
    expect(claims.length).toBeGreaterThan(0)
    for (const { code, expected, seen } of claims) expect(`${code}: ${seen}`).toBe(`${code}: ${expected}`)
  })
})
