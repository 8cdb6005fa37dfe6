// Packs the package as npm would publish it, installs the tarball into an empty project, and uses every entry point.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'netfilter-sim-pack-'))
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--silent', '--pack-destination', work], root),
  )
  const stray = files
    .map(file => file.path)
    .filter(
      path => !/^(dist\/|docs\/|examples\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/.test(path),
    )
  if (stray.length > 0) throw new Error(`files that should not be packed: ${stray.join(', ')}`)

  writeFileSync(
    join(work, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  run(
    'npm',
    [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      '--omit=optional',
      '--omit=peer',
      join(work, filename),
    ],
    work,
  )
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  // What needs a package that not everybody has.
  const optional = new Set(['./fast-check', './vitest/properties'])
  const entries = Object.keys(exports).filter(entry => !entry.endsWith('.json') && !optional.has(entry))
  writeFileSync(
    join(work, 'use.mjs'),
    `${entries.map((entry, i) => `import * as e${i} from 'netfilter-sim${entry.slice(1)}'`).join('\n')}
const { createFirewall, step, tcp } = e0
const firewall = createFirewall({
  interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
  rules: '*nat\\n-A POSTROUTING -o wan0 -j MASQUERADE\\nCOMMIT\\n',
})
const outcome = step(firewall, { device: 'lan0', packet: tcp({ from: '10.6.0.2:40000', to: '198.51.100.7:80', flags: 'S' }) })
const { matchers } = e${entries.indexOf('./vitest')}
const { pass, message } = matchers.toHaveTranslated(outcome, { source: '203.0.113.1:40000' })
if (!pass) throw new Error(message())
console.log(outcome.emitted.map(({ device, packet }) => device + ' ' + packet).join('\\n'))
`,
  )
  const out = run('node', ['use.mjs'], work)
  if (!out.startsWith('wan0 tcp 203.0.113.1:40000 > 198.51.100.7:80 S')) throw new Error(`unexpected: ${out}`)
  run('npx', ['--no-install', 'netfilter-sim', '--version'], work)
  // who has seen enough closes the pipe, which is no error; a disk that is full is one, and not "something was found"
  const help = 'npx --no-install netfilter-sim --help'
  const codes = run(
    'bash',
    ['-c', `${help} | head -1 >&2; echo $PIPESTATUS; ${help} 2>&1 >/dev/full; echo $?`],
    work,
  )
  if (!/^0\nstandard output: .*\n2\n$/.test(codes)) throw new Error(`pipes: ${codes}`)
  console.log(`packed package works: ${filename}, ${files.length} files, entry points ${entries.join(' ')}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
