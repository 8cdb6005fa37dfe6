import mermaid from 'mermaid'
import { expect, it } from 'vitest'
import { markdownReport } from '../../src/scenario/index.ts'
import { EXAMPLES, OFFICE, runExample, runText } from './support.ts'

/** The diagrams of a Markdown report. */
function diagramsOf(markdown: string): string[] {
  return [...markdown.matchAll(/```mermaid\n([\s\S]*?)\n```/g)].map(([, diagram]) => diagram!)
}

/** The parser needs about a millisecond a line: long diagrams say nothing that short ones do not. */
const MOST_LINES = 40

const lines = (text: string): number => text.split('\n').length
const byLength = (a: string, b: string): number => a.length - b.length

it.each(EXAMPLES)('mermaid parses the diagrams of %s', async file => {
  const [shortest, ...others] = diagramsOf(markdownReport(runExample(file))).sort(byLength)
  const diagrams = [shortest!, ...others.filter(diagram => lines(diagram) <= MOST_LINES).slice(-2)]
  for (const diagram of diagrams)
    await expect(mermaid.parse(diagram)).resolves.toMatchObject({ diagramType: 'sequence' })
})

it('whatever a packet says', async () => {
  const data = JSON.stringify('a; b # c %% d --> e: f "g" end\nnote')
  const run = runText(`${OFFICE}
- send: 'udp 10.6.0.2:1 > 198.51.100.7:9 data=${data}'
  from: laptop`)
  for (const diagram of diagramsOf(markdownReport(run)))
    await expect(mermaid.parse(diagram)).resolves.toMatchObject({ diagramType: 'sequence' })
})

it('the parser does refuse what is none', async () => {
  await expect(mermaid.parse('sequenceDiagram\n  n0->>')).rejects.toThrow('Parse error')
})
