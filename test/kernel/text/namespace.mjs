import { execFileSync, spawnSync } from 'node:child_process'

/** Runs the program again in a network namespace of its own, unless it is in one: this machine's rules are not touched. */
export function enterNamespace() {
  if (process.env.NETFILTER_SIM_NAMESPACE !== undefined) return
  const again = ['-n', process.execPath, ...process.argv.slice(1)]
  const env = { ...process.env, NETFILTER_SIM_NAMESPACE: '1' }
  try {
    execFileSync('unshare', again, { stdio: 'inherit', env })
  } catch (error) {
    process.exit(error.status ?? 1)
  }
  process.exit(0)
}

/** Why a program that changes a namespace cannot be asked here; undefined if it can. */
export function unableToAsk(program) {
  const runs = (...words) => spawnSync(words[0], words.slice(1)).status === 0
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this needs root (a network namespace)'
  if (!runs(program, '--version')) return `there is no ${program} here`
  if (!runs('unshare', '-n', 'true')) return 'no network namespace can be made here'
  return undefined
}

/** The first lines in which two texts differ. */
export function firstDifference(theirs, ours) {
  const [a, b] = [theirs.split('\n'), ours.split('\n')]
  const length = Math.max(a.length, b.length)
  const at = Array.from({ length }, (_, index) => index).find(index => a[index] !== b[index])
  return [JSON.stringify(a[at] ?? 'nothing more'), JSON.stringify(b[at] ?? 'nothing more')]
}
