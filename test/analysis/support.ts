import { analyze } from '../../src/analysis/analyze.ts'
import type { Ruleset } from '../../src/rules/model.ts'
import { parseRules } from '../../src/rules/parse.ts'

/** A ruleset from iptables commands without the word itself, one a line. */
export function rules(text: string, family: 4 | 6 = 4): Ruleset {
  const commands = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => `${family === 4 ? 'iptables' : 'ip6tables'} ${line}`)
  const { ruleset, diagnostics } = parseRules(commands.join('\n'), { family })
  if (ruleset === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return ruleset
}

/** `FORWARD:2` for every rule that is not reachable, with the rules that cover it: `FORWARD:2 <- FORWARD:1`. */
export function unreachable(ruleset: Ruleset): string[] {
  return analyze(ruleset)
    .rules.filter(({ status }) => status !== 'reachable')
    .map(({ id, why, cover }) => {
      const by = cover.map(place => `${place.id.chain}:${place.id.number}`).join(' ')
      return `${id.chain}:${id.number} ${why === 'covered' ? `<- ${by}` : why}`
    })
}
