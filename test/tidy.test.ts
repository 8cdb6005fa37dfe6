import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => `src/${name}`)
const text = new Map(files.map(file => [file, readFileSync(file, 'utf8')]))
const core = files.filter(file => !file.startsWith('src/cli/'))

/** Which files have a line that matches. */
const offenders = (candidates: readonly string[], pattern: RegExp): string[] =>
  candidates.filter(file =>
    text
      .get(file)!
      .split('\n')
      .some(line => pattern.test(line)),
  )

describe('habits of src/', () => {
  it('a file fits the head: at most 350 lines, data tables aside', () => {
    const data = ['src/rules/services.ts']
    const long = files.filter(file => text.get(file)!.split('\n').length > 351 && !data.includes(file))
    expect(long).toEqual([])
  })

  it.each([
    ['the core runs in a browser: no node: import outside src/cli', core, /from '(node:|fs|path|os)/],
    ['the core has no clock', core, /\b(Date\.now|new Date\(\)|performance\.now)\b/],
    ['the core draws no random numbers', core, /\b(Math\.random|crypto\.getRandomValues)\b/],
    [
      'only src/address.ts imports ipaddr.js',
      files.filter(file => file !== 'src/address.ts'),
      /from 'ipaddr\.js'/,
    ],
    [
      'fast-check stays with those who asked for it',
      files.filter(f => !f.startsWith('src/testing/')),
      /from 'fast-check'/,
    ],
    ['nothing is left for later', files, /\b(TODO|FIXME|XXX)\b/],
    ['types are not silenced', files, /@ts-(ignore|nocheck|expect-error)|\bas any\b|biome-ignore/],
  ] as const)('%s', (_, candidates, pattern) => {
    expect(offenders(candidates, pattern)).toEqual([])
  })

  it('every file is reachable from an entry point', () => {
    const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, string | { default: string }>
      bin: Record<string, string>
    }
    const source = (target: string): string =>
      target.replace('./', '').replace(/^dist/, 'src').replace(/\.js$/, '.ts')
    const entries = [
      ...Object.values(exports).map(entry => (typeof entry === 'string' ? entry : entry.default)),
      ...Object.values(bin),
    ]
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file) || !text.has(file)) return
      seen.add(file)
      for (const [, path] of text.get(file)!.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g))
        if (path !== undefined) visit(new URL(path, `file:///${file}`).pathname.slice(1))
    }
    entries.map(source).forEach(visit)
    expect(files.filter(file => !seen.has(file))).toEqual([])
  })
})
