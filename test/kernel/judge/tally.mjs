/** What the runs of one judgement came to. */
export class Tally {
  constructor() {
    this.runs = 0
    this.packets = 0
    this.statuses = new Map()
    this.matched = new Map()
    this.whys = new Map()
    this.kinds = new Map()
    /** Differences that did not show again. */
    this.unsteady = 0
    this.started = performance.now()
  }

  add(recorded, { status, why }) {
    this.runs++
    count(this.statuses, status)
    if (status === 'refused') count(this.whys, why)
    this.packets += (recorded.steps ?? []).filter(step => 'hex' in step).length
    for (const [table, chains] of Object.entries(recorded.counters ?? {}))
      for (const [chain, { rules }] of Object.entries(chains)) {
        const lines = linesOf(recorded.rules, table, chain)
        rules.forEach(([packets], index) => {
          if (packets === 0) return
          for (const [, letter, name] of (lines[index] ?? '').matchAll(/-([mj]) (\S+)/g))
            count(this.matched, `${letter} ${name}`)
        })
      }
  }

  unfit(why) {
    count(this.whys, why)
  }

  difference(kind) {
    return count(this.kinds, kind)
  }

  print({ seed, profile, differences }) {
    const seconds = ((performance.now() - this.started) / 1000).toFixed(0)
    const line = map =>
      [...map]
        .sort((a, b) => b[1] - a[1])
        .map(([name, n]) => `${name} ${n}`)
        .join(', ')
    console.log(
      `${this.runs} runs, ${this.packets} packets, profile ${profile}, seed ${seed}, ${seconds} s: ${line(this.statuses)}; ${differences} differences saved${this.unsteady > 0 ? `, ${this.unsteady} did not show again` : ''}`,
    )
    if (this.kinds.size > 0) console.log(`differences by field: ${line(this.kinds)}`)
    for (const letter of ['m', 'j']) {
      const some = new Map(
        [...this.matched].filter(([name]) => name.startsWith(letter)).map(([name, n]) => [name.slice(2), n]),
      )
      console.log(`rules that matched, by ${letter === 'm' ? 'match' : 'target'}: ${line(some)}`)
    }
    for (const [why, n] of [...this.whys].slice(0, 8)) console.log(`${n} not compared: ${why}`)
  }
}

function count(map, key) {
  const n = (map.get(key) ?? 0) + 1
  map.set(key, n)
  return n
}

function linesOf(rules, table, chain) {
  const text = rules.split('*').find(part => part.startsWith(`${table}\n`)) ?? ''
  return text.split('\n').filter(line => line.startsWith(`-A ${chain} `) || line === `-A ${chain}`)
}
