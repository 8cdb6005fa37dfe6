import type { ForkStep, Step } from './schema.ts'

/** A step as a person would type it, in one line: `laptop$ curl http://web/`. */
export function commandOf(step: Exclude<Step, ForkStep>): string {
  if ('curl' in step)
    return at(
      step.from,
      `curl ${through(step.proxy)}${step.method === undefined ? '' : `-X ${step.method} `}${step.curl}`,
    )
  if ('mail' in step) return at(step.from, `${step.program ?? 'fetchmail'} ${step.mail}`)
  if ('query' in step)
    return at(step.from, `${step.program ?? 'psql'} -h ${step.query} -e ${JSON.stringify(step.sql)}`)
  if ('nc' in step)
    return at(step.from, step.send === undefined ? `nc -zv ${spaced(step.nc)}` : `nc ${spaced(step.nc)}`)
  if ('udp' in step) return at(step.from, `nc -u ${spaced(step.udp)}`)
  if ('telnet' in step) return at(step.from, `telnet ${spaced(step.telnet)}`)
  if ('connect' in step)
    return at(
      step.from,
      `connect ${step.count === undefined ? '' : `${step.count} × `}${through(step.proxy)}${step.connect}${step.as === undefined ? '' : ` as ${step.as}`}`,
    )
  if ('push' in step)
    return `${step.push}: ${step.side ?? 'client'} says ${typeof step.data === 'number' ? `${step.data} bytes` : JSON.stringify(short(step.data))}`
  if ('close' in step)
    return `${step.close}: ${step.side ?? 'client'} ${step.abort === true ? 'breaks off' : 'closes'}`
  if ('ping' in step) {
    const size = step.size === undefined ? '' : ` -s ${step.size}`
    return at(step.from, `ping -c ${step.count ?? 1}${size} ${step.ping}`)
  }
  if ('traceroute' in step) return at(step.from, `traceroute ${step.traceroute}`)
  if ('scan' in step) return at(step.from, `nmap -p ${[step.ports].flat().join(',')} ${step.scan}`)
  if ('send' in step)
    return at(step.from, `send ${step.count === undefined ? '' : `${step.count} × `}${step.send.trim()}`)
  if ('wait' in step) return `wait ${step.wait}`
  if ('iptables' in step) return at(step.on, commandLines(step.iptables), '#')
  if ('ipset' in step) return at(step.on, commandLines(step.ipset), '#')
  if ('sysctl' in step) {
    const values = Object.entries(step.sysctl).map(([name, value]) => `${name}=${value}`)
    return at(step.on, `sysctl -w ${values.join(' ')}`, '#')
  }
  if ('flush' in step) return at(step.flush, 'conntrack -F', '#')
  if ('start' in step) return at(step.on, `start ${Object.keys(step.start).join(', ')}`, '#')
  if ('stop' in step) return at(step.on, `stop ${step.stop}`, '#')
  if ('cut' in step) return `cut ${step.cut}${step.node === undefined ? '' : ` at ${step.node}`}`
  if ('restore' in step) return `restore ${step.restore}${step.node === undefined ? '' : ` at ${step.node}`}`
  if ('drop' in step) return `${step.drop} drops ${which(step)}`
  if ('duplicate' in step) return `${step.duplicate} duplicates ${which(step)}`
  if ('delay' in step) return `${step.delay} delays ${which(step)}`
  if ('reorder' in step) return `${step.reorder} reorders ${which(step)}`
  if ('policy' in step) return at(step.on, 'new policy', '#')
  return 'look'
}

function at(node: string, command: string, prompt = '$'): string {
  return `${node}${prompt} ${command}`
}

/** As `curl` and `nc` take it. */
function through(proxy: string | undefined): string {
  return proxy === undefined ? '' : `-x ${proxy} `
}

function spaced(target: string): string {
  return target.replace(/:(\d+)$/, ' $1')
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

function commandLines(text: string): string {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .join('; ')
}

interface Which {
  readonly nth?: number | undefined
  readonly count?: number | undefined
  readonly from?: string | undefined
  readonly match?: object | undefined
}

function which({ nth, count, from, match = {} }: Which): string {
  const conditions = Object.entries(match).map(([key, value]) => `${key} ${value}`)
  const what = ['packets', ...(conditions.length > 0 ? [`with ${conditions.join(', ')}`] : [])].join(' ')
  const first = nth === undefined ? '' : `number ${nth} of the `
  const many = count === undefined ? '' : `${count} `
  return `${first}${many}${what}${from === undefined ? '' : ` from ${from}`}`
}
