import { execFileSync } from 'node:child_process'

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
