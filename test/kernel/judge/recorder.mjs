/** The live kernel as a function: cases in, recorded cases out, in one process of `test/kernel/live/record.py`. */
import { spawn, spawnSync } from 'node:child_process'
import { release } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const RECORDER = fileURLToPath(new URL('../live/record.py', import.meta.url))

export class Recorder {
  /** @param {number} jobs cases at a time */
  constructor(jobs) {
    this.waiting = []
    this.process = spawn('python3', ['-u', RECORDER, '--strict', '--jobs', String(jobs), '-'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    createInterface({ input: this.process.stdout }).on('line', line =>
      this.waiting.shift()?.(JSON.parse(line)),
    )
    this.complaints = []
    createInterface({ input: this.process.stderr }).on('line', line => this.complaints.push(line))
    this.process.on('exit', () => {
      const error = { error: `the recorder ended: ${this.complaints.slice(-3).join(' | ')}` }
      for (const resolve of this.waiting.splice(0)) resolve(error)
    })
  }

  /** @returns {Promise<object>} the case, completed with what the kernel did */
  record(asked) {
    return new Promise(resolve => {
      this.waiting.push(resolve)
      this.process.stdin.write(`${JSON.stringify(asked)}\n`)
    })
  }

  close() {
    this.process.stdin.end()
  }
}

const NEEDED = ['python3', 'ip', 'nft', 'ipset', 'conntrack', 'xtables-legacy-multi']
/** The kernel that the simulator is a model of; others differ here and there. */
const REFERENCE = '6.18.'

/**
 * Why the kernel cannot be asked here; undefined if it can.
 *
 * @param {boolean} anyKernel ask even if it is not the reference
 */
export async function unable(anyKernel) {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this needs root (network namespaces, TUN devices)'
  const missing = NEEDED.filter(name => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing.length > 0) return `there is no ${missing.join(', ')} here`
  if (!release().startsWith(REFERENCE) && !anyKernel)
    return `this is Linux ${release()}, the reference is ${REFERENCE}x (--any-kernel asks it all the same)`
  const recorder = new Recorder(1)
  const { error } = await recorder.record(PROBE)
  recorder.close()
  return error === undefined
    ? undefined
    : `the recorder cannot work here: ${String(error).trim().split('\n')[0]}`
}

const PROBE = {
  name: 'probe',
  family: 4,
  interfaces: { lan0: ['10.6.0.1/16'] },
  routes: [],
  conntrack: 'on',
  rules: '*filter\n-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n',
  steps: [],
}
