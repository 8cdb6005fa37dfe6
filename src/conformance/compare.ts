import { type CaseExpectation, isPacket, type KernelCase } from './case.ts'

/** A place where the simulator and the kernel differ. `step` counts from 0; the number of steps stands for the end. */
export interface Difference {
  readonly step: number
  readonly field: keyof CaseExpectation | 'reject' | 'counters' | 'ipset_after' | 'listed'
  readonly expected: unknown
  readonly actual: unknown
}

const FIELDS = [
  'out',
  'delivered',
  'nflog',
  'log',
  'trace',
  'conntrack',
  'expectations',
  'errno',
  'refused',
] as const

/** Every difference between what the kernel did and what the simulator answered; none means that they agree wholly. */
export function compareCases(recorded: KernelCase, answered: KernelCase): Difference[] {
  if (recorded.reject || answered.reject) {
    if (Boolean(recorded.reject) === Boolean(answered.reject)) return []
    return [{ step: -1, field: 'reject', expected: recorded.error ?? false, actual: answered.error ?? false }]
  }
  const differences: Difference[] = []
  const note = (step: number, field: Difference['field'], expected: unknown, actual: unknown): void => {
    if (JSON.stringify(sortKeys(expected)) !== JSON.stringify(sortKeys(actual)))
      differences.push({ step, field, expected, actual })
  }
  const steps = recorded.steps ?? []
  steps.forEach((step, index) => {
    if (!isPacket(step) && step.expect === undefined) return
    const expected = step.expect ?? {}
    const actual = answered.steps?.[index]?.expect ?? {}
    for (const field of FIELDS) note(index, field, canonical(field, expected), canonical(field, actual))
  })
  note(steps.length, 'counters', recorded.counters, answered.counters)
  if (recorded.ipset_after !== undefined)
    note(steps.length, 'ipset_after', recorded.ipset_after, answered.ipset_after)
  if (recorded.listed !== undefined) note(steps.length, 'listed', recorded.listed, answered.listed)
  return differences
}

/** The form in which a field is compared: what is absent equals what is empty, tables are sets, packets go by device. */
function canonical(field: (typeof FIELDS)[number], expectation: CaseExpectation): unknown {
  const value = expectation[field]
  if (value === undefined || value === 0 || value === false || (Array.isArray(value) && value.length === 0))
    return null
  switch (field) {
    case 'conntrack':
    case 'expectations':
      return (value as readonly object[]).map(entry => JSON.stringify(sortKeys(filled(entry)))).sort()
    case 'trace':
      return expectation.trace!.map(({ path, mark }) => ({ path, mark: mark ?? 0 }))
    case 'out': {
      const devices: Record<string, string[]> = {}
      for (const { dev, hex } of expectation.out!) {
        devices[dev] ??= []
        devices[dev].push(hex.toLowerCase())
      }
      return devices
    }
    case 'delivered':
      return expectation.delivered!.map(({ dev, hex, mark }) => [dev, hex.toLowerCase(), mark ?? 0])
    default:
      return value
  }
}

/** An entry without its empty fields, which a recorder may leave out or write; status and counters always count. */
function filled(entry: object): object {
  const kept = Object.entries(entry).filter(
    ([key, value]) =>
      key === 'status' ||
      key === 'counters' ||
      !(value === null || value === undefined || value === 0 || value === '' || isEmpty(value)),
  )
  return Object.fromEntries(kept)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
