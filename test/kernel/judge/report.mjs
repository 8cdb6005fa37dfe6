/** A difference for people: the rules, the packets, what the kernel did and what the simulator did, and why. */
import { Packet } from '../../../dist/packet/packet.js'

export function printDifference(seed, kind, { recorded, verdict, crash }) {
  console.log(`\n=== seed ${seed}: ${kind} differs`)
  if (crash !== undefined) {
    console.log(crash.stack)
    return
  }
  const { interfaces, conntrack, sysctl } = recorded
  console.log(JSON.stringify({ interfaces, conntrack, sysctl }))
  console.log(
    recorded.rules
      .split('\n')
      .filter(line => /^\*|^-|DROP/.test(line))
      .join('\n'),
  )
  const first = verdict.differences[0]
  recorded.steps?.forEach((step, index) => {
    if (index > first.step && first.step >= 0) return
    console.log(`${index}${index === first.step ? '>' : ' '} ${describe(step)}`)
    if (index < first.step) return
    console.log(`   kernel's trace    ${JSON.stringify(step.expect?.trace)}`)
    console.log(`   simulator's trace ${JSON.stringify(verdict.answer.steps?.[index]?.expect?.trace)}`)
  })
  for (const { step, field, expected, actual } of verdict.differences.filter(
    ({ step }) => step === first.step,
  )) {
    console.log(`   ${step} ${field} kernel    ${cut(expected)}`)
    console.log(`   ${step} ${field} simulator ${cut(actual)}`)
  }
}

function describe(step) {
  if ('wait' in step) return `wait ${step.wait}s`
  if (step.hex === undefined) return JSON.stringify({ ...step, expect: undefined })
  return `${step.local ? 'local' : step.in}: ${Packet.fromHex(step.hex)}`
}

function cut(value) {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 1200)
}
