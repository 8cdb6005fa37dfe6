import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { familiesOf, readTFile, type TLine, whyNot } from './t-file.ts'

const HERE = 'test/rules/t-lines'

function linesIn(directory: string): TLine[] {
  return readdirSync(directory)
    .filter(name => name.endsWith('.t'))
    .flatMap(name => readTFile(name, readFileSync(`${directory}/${name}`, 'utf8')))
}

describe('every option is accepted, printed, refused and deleted as by the real iptables', () => {
  const rows = linesIn(HERE).flatMap(line => familiesOf(line.place).map(family => ({ family, line })))
  it.each(rows.map(({ family, line }) => [line.place, family, line.rule, line] as const))(
    '%s, IPv%i: %s',
    (_place, family, _rule, line) => {
      expect(whyNot(line, family)).toBeUndefined()
    },
  )
})

// iptables' own lines are not part of this project: whoever has them says where (docs/t-lines.md)
const directory = process.env.NETFILTER_SIM_T_LINES
if (directory !== undefined) {
  it(`the lines of ${directory} hold but for those that docs/t-lines.md lists`, () => {
    const lines = linesIn(directory)
    // upstream runs what is for both families as IPv4
    const misses = lines.filter(line => whyNot(line, familiesOf(line.place)[0]!) !== undefined)
    console.log(`${lines.length - misses.length} of ${lines.length} lines hold`)
    const listed = readFileSync('docs/t-lines.md', 'utf8').matchAll(/^\| `([^`]+)` \|/gm)
    expect(misses.map(({ place }) => place)).toEqual([...listed].map(([, place]) => place))
  })
}
