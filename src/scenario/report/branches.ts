import { type BranchRun, type ForkRun, stepsOf } from '../entries.ts'
import type { PacketView } from '../packet-view.ts'
import { hopText } from './hop-text.ts'

/** Where branches begin to differ: what the same place of each one's story says. */
export interface Parting {
  /** Of the packet in the report, by branch. */
  readonly packets: readonly (number | undefined)[]
  /** By branch; `nothing more` where a branch's story is over. */
  readonly texts: readonly string[]
}

/** The first thing that happened differently in the branches of a fork; undefined where they all tell the same. */
export function partingOf({ branches }: ForkRun): Parting | undefined {
  const stories = branches.map(storyOf)
  const longest = Math.max(...stories.map(story => story.length))
  for (let at = 0; at < longest; at++) {
    const lines = stories.map(story => story[at])
    if (new Set(lines.map(line => line?.key)).size > 1)
      return {
        packets: lines.map(line => line?.packet),
        texts: lines.map(line => line?.text ?? 'nothing more'),
      }
  }
  return undefined
}

interface StoryLine {
  readonly key: string
  readonly text: string
  readonly packet: number
}

function storyOf(branch: BranchRun): StoryLine[] {
  return stepsOf(branch.steps).flatMap(step => step.packets.flatMap(linesOf))
}

function linesOf(packet: PacketView): StoryLine[] {
  const { label, number, lost } = packet
  const hops = packet.hops.map(hop => ({
    // Which rule it was does not matter, only what became of the packet.
    key: `${label} ${hop.node} ${hop.verdict} ${hop.ctState} ${hop.after.source} ${hop.after.destination}`,
    text: `${label} at ${hopText(hop)}`,
    packet: number,
  }))
  return lost === undefined
    ? hops
    : [...hops, { key: `${label} ${lost}`, text: `${label}: ${lost}`, packet: number }]
}

/** The branches side by side: a row for each step that is the same in all, a column a branch. */
export function sideBySide({ branches }: ForkRun): readonly (readonly string[])[] {
  const runs = branches.map(branch => stepsOf(branch.steps))
  const commands = [...new Set(runs.flatMap(steps => steps.map(({ command }) => command)))]
  const heading = ['', ...branches.map(({ name }) => name)]
  const rows = commands.map(command => [
    command,
    ...runs.map(steps => {
      const step = steps.find(each => each.command === command)
      return step?.outcome ?? ''
    }),
  ])
  return [heading, ...rows]
}
