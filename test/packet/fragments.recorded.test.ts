import { describe, expect, it } from 'vitest'
import { cutForOutput, EMPTY_FRAGMENT_QUEUE, reassemble, takeWhole } from '../../src/packet/fragments.ts'
import { bytesToHex, hexToBytes } from '../../src/packet/hex.ts'
import { Skb } from '../../src/packet/skb.ts'
import { hasRecordedCases, type RecordedStep, recordedCases } from './recorded.ts'

/** Length, fragment offset, more fragments, DF: what cutting decides. */
function shape(hex: string): string {
  const skb = new Skb(hex[0] === '6' ? 6 : 4, hexToBytes(hex))
  const df = skb.family === 4 && (skb.bytes[6]! & 0x40) !== 0
  return `${skb.length}@${skb.fragmentOffset}${skb.moreFragments ? '+' : ''}${df ? ' DF' : ''}`
}

function isFragment(hex: string): boolean {
  return /@[1-9]|\+/.test(shape(hex))
}

/** What leaves, if the step's packet is forwarded. */
function cut(step: RecordedStep, skb: Skb): string[] {
  skb.isLocal = step.local === true
  const result = cutForOutput(skb, 1500, 0)
  return result.kind === 'fragments' ? result.packets.map(packet => shape(bytesToHex(packet))) : [result.kind]
}

describe.runIf(hasRecordedCases)('fragments in the recorded cases', () => {
  it('are held, put together and cut again as the kernel did', () => {
    let whole = 0
    let cutAgain = 0
    const failures: string[] = []
    for (const { name, family, conntrack, interfaces = {}, steps = [] } of recordedCases()) {
      if (conntrack !== 'on') continue
      const own = new Set(
        Object.values(interfaces)
          .flat()
          .map(address => address.split('/')[0]!),
      )
      let queue = EMPTY_FRAGMENT_QUEUE
      let nowMs = 0
      for (const [index, step] of steps.entries()) {
        nowMs += (step.wait ?? 0) * 1000
        if (step.hex === undefined || step.expect === undefined) continue
        const bytes = hexToBytes(step.hex)
        if (!isWellFormed(bytes, family)) continue
        const user = step.local ? 'output' : 'prerouting'
        const end = family === 4 ? (bytes[2]! << 8) | bytes[3]! : 40 + ((bytes[4]! << 8) | bytes[5]!)
        const result = reassemble(queue, bytes.subarray(0, end), family, nowMs, user, step.in)
        queue = result.queue
        const traced = (step.expect.trace?.length ?? 0) > 0
        if (result.status === 'queued' || result.status === 'dropped') {
          if (traced || step.expect.out) failures.push(`${name} ${index}: ${result.status}, kernel passed it`)
          continue
        }
        if (result.status === 'not-a-fragment') continue
        whole++
        const skb = new Skb(family, bytes)
        const martian =
          skb.source.isZero() ||
          own.has(skb.source.toString()) ||
          skb.destination.toString().startsWith('127.')
        if (!traced && !martian) failures.push(`${name} ${index}: whole, kernel held or dropped it`)
        takeWhole(skb, result)
        const out = step.expect.out?.map(packet => packet.hex) ?? []
        if (!out.some(isFragment)) continue
        cutAgain++
        const ours = cut(step, skb)
        if (ours.join(', ') !== out.map(shape).join(', '))
          failures.push(`${name} ${index}: cut ${ours.join(', ')}, kernel ${out.map(shape).join(', ')}`)
      }
    }
    console.log(`fragments: ${whole} datagrams put together, ${cutAgain} cut again`)
    expect(failures).toEqual([])
  })
})

function isWellFormed(bytes: Uint8Array, family: 4 | 6): boolean {
  if (family === 6) {
    return bytes.length >= 40 && bytes[0]! >> 4 === 6 && 40 + ((bytes[4]! << 8) | bytes[5]!) <= bytes.length
  }
  const total = (bytes[2]! << 8) | bytes[3]!
  const header = (bytes[0]! & 15) * 4
  return (
    bytes.length >= 20 && bytes[0]! >> 4 === 4 && header >= 20 && total >= header && total <= bytes.length
  )
}
