import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The parts of a recorded kernel case that packets are about. */
export interface RecordedCase {
  readonly name: string
  readonly family: 4 | 6
  readonly conntrack?: string
  readonly interfaces?: Readonly<Record<string, readonly string[]>>
  readonly steps?: readonly RecordedStep[]
}

export interface RecordedStep {
  readonly in?: string
  readonly local?: boolean
  readonly wait?: number
  readonly hex?: string
  readonly expect?: {
    readonly out?: readonly { readonly dev: string; readonly hex: string }[]
    readonly delivered?: readonly { readonly dev: string; readonly hex: string }[]
    readonly trace?: readonly unknown[]
  }
}

const directory = process.env.NETFILTER_SIM_CASES

export const hasRecordedCases = directory !== undefined && directory !== ''

if (!hasRecordedCases)
  console.log('recorded packets: skipped, NETFILTER_SIM_CASES names no directory of cases')

/** All recorded cases of `*.jsonl` in the directory that NETFILTER_SIM_CASES names; none without it. */
export function recordedCases(): RecordedCase[] {
  if (directory === undefined || directory === '') return []
  return readdirSync(directory)
    .filter(file => file.endsWith('.jsonl'))
    .flatMap(file => readFileSync(join(directory, file), 'utf8').trimEnd().split('\n'))
    .map(line => JSON.parse(line) as RecordedCase)
}

/** Every distinct packet in them: sent, forwarded and delivered. */
export function recordedPackets(): string[] {
  const packets = new Set<string>()
  for (const { steps = [] } of recordedCases()) {
    for (const { hex, expect } of steps) {
      if (hex !== undefined) packets.add(hex)
      for (const out of [...(expect?.out ?? []), ...(expect?.delivered ?? [])]) packets.add(out.hex)
    }
  }
  return [...packets]
}
