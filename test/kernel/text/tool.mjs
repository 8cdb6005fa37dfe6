/** iptables-legacy of this machine, in the namespace that this process is in. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Address } from '../../../dist/address.js'

const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security']

const RESET = ['filter', 'mangle']
  .map(table => `*${table}\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n`)
  .join('')

export class Tool {
  /** @param {4 | 6} family */
  constructor(family) {
    this.name = family === 4 ? 'iptables-legacy' : 'ip6tables-legacy'
  }

  /** Policies stay when a text is restored: every text shall find the same ones. */
  reset() {
    run(`${this.name}-restore`, [], RESET)
  }

  /** @returns {{ refusal?: string }} what the tool complained about, if it refused the text */
  restore(text) {
    const { status, stderr } = run(`${this.name}-restore`, [], text)
    return status === 0 ? {} : { refusal: stderr.trim().split('\n')[0] || `exit ${status}` }
  }

  /** The tables that a text names, in the tool's order. */
  tables(text) {
    return TABLES.filter(table => new RegExp(`^\\*[ \\t]*${table}\\s*$`, 'm').test(text))
  }

  save(tables) {
    return tables
      .map(table => run(`${this.name}-save`, ['-t', table]).stdout.replace(/^# .*\n/gm, ''))
      .join('')
  }

  /** One command, by the words behind the program's name. */
  command(words) {
    const { status, stderr } = run(this.name, words)
    return { exitCode: status, message: stderr.trim().split('\n')[0] }
  }

  list(table, switches) {
    return run(this.name, ['-t', table, ...switches]).stdout
  }
}

function run(program, args, input = '') {
  return spawnSync(program, args, { input, encoding: 'utf8' })
}

const HOSTS = readFileSync('/etc/hosts', 'utf8')
  .split('\n')
  .map(line => line.replace(/#.*/, '').trim().split(/\s+/))
  .filter(([address]) => address !== '')

/** The addresses of a name, as /etc/hosts has them. */
export function hosts(name, family) {
  return HOSTS.filter(
    ([address, ...names]) => names.includes(name) && address.includes(':') === (family === 6),
  ).map(([address]) => Address.parse(address))
}

/** The name of an address. */
export function hostName(address) {
  return HOSTS.find(([text]) => text === String(address))?.[1]
}
