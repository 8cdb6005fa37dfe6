/** What the simulator makes of a question, and the source ports that it chooses. */
import { replayCase } from '../../../dist/conformance/replay.js'

/** A question's steps as the simulator answers them; undefined if it does not get as far as that. */
export function answeredSteps(asked) {
  try {
    const replay = replayCase(asked)
    return replay.kind === 'answered' && !replay.answer.reject ? replay.answer.steps : undefined
  } catch {
    return undefined // the judge will meet it again
  }
}

/** A question with the simulator's own choice of ports as names for the kernel's; the names of its cookies stay. */
export function namePorts(asked) {
  const answered = answeredSteps(asked)
  if (answered === undefined) return asked
  let known = new Set()
  const steps = asked.steps.map(({ expect: { cookie } = {}, ...step }, index) => {
    const entries = answered[index].expect?.conntrack ?? []
    const choices = entries.filter(entry => !known.has(keyOf(entry))).flatMap(choiceOf)
    known = new Set(entries.map(keyOf))
    const named = { ...(choices.length > 0 && { choices }), ...(cookie !== undefined && { cookie }) }
    return { ...step, ...(Object.keys(named).length > 0 && { expect: named }) }
  })
  return { ...asked, steps }
}

export const keyOf = ({ proto, orig, reply }) => JSON.stringify([proto, orig, reply])

/** The source port that a connection was given, if it is not its own. */
export function choiceOf({ proto, orig, reply }) {
  if (orig.length < 4) return []
  const own = orig.length === 5 ? orig[4] : orig[2]
  const port = orig.length === 5 ? reply[4] : reply[3]
  return own === port ? [] : [{ proto, orig, port }]
}
