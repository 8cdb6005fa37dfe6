import { readFileSync } from 'node:fs'
import { it } from 'vitest'
import { compareCases } from '../../src/conformance/compare.ts'
import { replayCase } from '../../src/conformance/replay.ts'
it('replays', () => {
  for (const f of (process.env.FILES ?? 'nat,helpers').split(',')) {
    let ok = 0, n = 0
    const why: Record<string, string[]> = {}
    for (const l of readFileSync(`/work/shared/kernel/given/${f}.jsonl`, 'utf8').trim().split('\n')) {
      const d = JSON.parse(l); n++
      try {
        const r = replayCase(d)
        if (r.kind === 'refused') { (why['refused ' + r.error.message.slice(0, 80)] ??= []).push(d.name); continue }
        const diff = compareCases(d, r.answer)
        if (diff.length === 0) ok++
        else { const x: any = diff[0]; (why[JSON.stringify(x).slice(0, 500)] ??= []).push(d.name) }
      } catch (e: any) { (why['threw ' + String(e.stack).slice(0, 300)] ??= []).push(d.name) }
    }
    console.log(f, ok, '/', n)
    for (const [k, v] of Object.entries(why).sort((a, b) => b[1].length - a[1].length).slice(0, 12)) console.log(v.length, k, v.slice(0, 3).join(' '))
  }
}, 600000)
