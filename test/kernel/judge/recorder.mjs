/** The live kernel as a function: cases in, recorded cases out, in one process of `test/kernel/live/record.py`. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const RECORDER = fileURLToPath(new URL('../live/record.py', import.meta.url))

export class Recorder {
  /** @param {number} jobs cases at a time */
  constructor(jobs) {
    this.waiting = []
    this.process = spawn('python3', ['-u', RECORDER, '--jobs', String(jobs), '-'], {
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

/** Why the kernel cannot be asked here; undefined if it can. */
export function unable() {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this needs root (network namespaces, TUN devices)'
  return undefined
}
