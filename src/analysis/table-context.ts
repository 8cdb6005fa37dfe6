import type { Table, TableName } from '../rules/model.ts'

/** What the targets of a table may change under the rules that follow. Tests of these are then no fixed facts. */
export type Mutable =
  | 'mark'
  | 'connmark'
  | 'tos'
  | 'ttl'
  | 'length'
  | 'bytes'
  | 'sets'
  | 'state'
  | 'addresses'

const CHANGED_BY: Readonly<Record<string, readonly Mutable[]>> = {
  MARK: ['mark'],
  CONNMARK: ['mark', 'connmark'],
  TPROXY: ['mark'],
  TOS: ['tos', 'bytes'],
  DSCP: ['tos', 'bytes'],
  ECN: ['tos', 'bytes'],
  TTL: ['ttl', 'bytes'],
  HL: ['ttl', 'bytes'],
  TCPMSS: ['length', 'bytes'],
  TCPOPTSTRIP: ['bytes'],
  CHECKSUM: ['bytes'],
  SET: ['sets'],
  CT: ['state'],
  NOTRACK: ['state'],
  SNPT: ['addresses', 'bytes'],
  DNPT: ['addresses', 'bytes'],
}

/** Targets that go on to the next rule. Of all others only those that end the walk for certain are listed below. */
const ENDING: ReadonlySet<string> = new Set([
  'REJECT',
  'SNAT',
  'DNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'NFQUEUE',
  'TPROXY',
])

/** Does an extension target always end the packet's walk through the table? */
export function endsWalk(target: string): boolean {
  return ENDING.has(target)
}

/** Does an action (`MARK --set-xmark 0x1/0xffffffff`) change the packet or what is remembered of it? */
export function changesPacket(action: string): boolean {
  return action.split(' ', 1)[0]! in CHANGED_BY
}

/** What one table's rules may rely on. */
export interface TableContext {
  readonly name: TableName
  readonly mutable: ReadonlySet<Mutable>
}

export function tableContext(table: Table): TableContext {
  const mutable = new Set<Mutable>()
  for (const { rules } of Object.values(table.chains))
    for (const { target } of rules)
      if (target.kind === 'extension') for (const what of CHANGED_BY[target.name] ?? []) mutable.add(what)
  return { name: table.name, mutable }
}
