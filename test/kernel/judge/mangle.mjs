/** Packets of a generated case changed afterwards: what no conversation says. */
import { bytesToHex, hexToBytes } from '../../../dist/packet/hex.js'
import { namePorts } from './answers.mjs'
import { mutatePacket } from './mutate-packet.mjs'
import { poolOf } from './pool.mjs'
import { Draw, numbersFrom } from './random.mjs'

/**
 * @param {object} asked a question for the recorder
 * @param {readonly number[]} edits one change each, as the number determines it: take one away, and the others stay
 */
export function mangled(asked, edits) {
  if (edits.length === 0 || asked.steps.length === 0) return asked
  const pool = poolOf(asked)
  const steps = [...asked.steps]
  for (const edit of edits) {
    const draw = new Draw(numbersFrom(edit))
    const at = draw.below(steps.length)
    const { hex, expect: _, ...rest } = steps[at]
    if (hex === undefined) continue
    const changed = mutatePacket(hexToBytes(hex), draw, pool)
      // which family's socket sends a packet is told by its version
      .filter(bytes => !rest.local || bytes[0] >> 4 === asked.family)
      .map(bytes => ({ ...rest, hex: bytesToHex(bytes) }))
    if (changed.length === 0) continue
    steps.splice(at, draw.once(3) ? 0 : 1, ...changed)
  }
  return namePorts({ ...asked, steps })
}
