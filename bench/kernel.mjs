/** What the live kernel takes for the same packets: optional, for those who are root on a Linux with tun devices. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROUTER, rulesText } from './traffic.mjs'

/** Linux 6.18 on one pinned core, packets made inside the kernel: for machines where nothing can be measured. */
const RECORDED = { forwarding: 700, established: 1400, opening: 3100, manyRules: 60000 }

/**
 * Nanoseconds per packet, and where the figures come from.
 *
 * @returns {{ source: string, forwarding: number, established: number, opening: number, manyRules: number }}
 */
export function kernelFigures() {
  const directory = mkdtempSync(join(tmpdir(), 'netfilter-bench-'))
  try {
    return { source: 'live', ...measureKernel(directory) }
  } catch (error) {
    return { source: `as recorded earlier; the live kernel was skipped: ${firstLine(error)}`, ...RECORDED }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function measureKernel(directory) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error('not root on Linux')
  if (!existsSync('/dev/net/tun')) throw new Error('no /dev/net/tun')
  const flood = join(directory, 'flood')
  const source = fileURLToPath(new URL('kernel/flood.c', import.meta.url))
  execFileSync('gcc', ['-O2', '-o', flood, source], { stdio: 'pipe' })
  const measure = (rules, mode, count) => {
    const file = join(directory, 'rules')
    writeFileSync(file, rules)
    const setup = [
      ...ROUTER.commands,
      'sysctl -qw net.ipv4.ip_forward=1',
      ...(rules === '' ? [] : [`iptables-legacy-restore < ${file}`]),
    ].join(' && ')
    const output = execFileSync('unshare', ['-n', flood, setup, mode, String(count)], { stdio: 'pipe' })
    return Number(output.toString())
  }
  const few = rulesText(20)
  return {
    forwarding: measure('', 'established', 100_000),
    established: measure(few, 'established', 100_000),
    opening: measure(few, 'new', 10_000),
    manyRules: measure(rulesText(10_000), 'established', 2000),
  }
}

function firstLine(error) {
  return String(error.stderr?.toString() || error.message).split('\n')[0]
}
