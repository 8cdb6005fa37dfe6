import { ipsetSave, iptablesList, iptablesSave } from '../listings.ts'
import {
  conntrackOf,
  firewallOf,
  formatSessions,
  type Network,
  natTableOf,
  netstat,
  type Session,
  sessions,
  ss,
} from '../network/index.ts'
import { type ZonePolicy, zoneOf } from '../policy/index.ts'
import type { TableName } from '../rules/model.ts'

/** Tables about the whole network that the report has at its end. */
export type ReportListing = 'summary' | 'audit' | 'outbound'
const REPORT_LISTINGS: readonly ReportListing[] = ['summary', 'audit', 'outbound']

/** A table of a node, as people type it: `fw: conntrack -L`, `web: ss -tlnp | grep 80`; or of the whole network, without a node. */
export interface Listing {
  readonly node: string | undefined
  readonly command: string
}

/** What a listing may say beyond what the node knows. */
export interface ListingView {
  /** Networks that count as internal. */
  readonly internal?: readonly string[] | undefined
  /** A firewall's zones, by its name. */
  readonly zonesOf?: (node: string) => ZonePolicy['zones'] | undefined
  /** A table of the report about the story so far, as lines. */
  readonly report?: (name: ReportListing, width: number) => readonly string[]
  /** Default: as wide as need be, so that a row is a line. */
  readonly width?: number
}

/** Commands that list something, with what they do. */
const LISTINGS: Readonly<Record<string, string>> = {
  ss: 'ss -tlnp, ss -tan …',
  netstat: 'netstat -tlnp …',
  conntrack: 'conntrack -L',
  nat: 'the NAT table as a textbook draws it',
  sessions: 'the session table with devices and who began',
  'iptables-save': 'the rules',
  iptables: 'iptables -L [-t table]',
  ipset: 'ipset save: the sets and what is in them',
}

/** @throws RangeError when it is none */
export function parseListing(text: string): Listing {
  const whole = text.trim()
  if ((REPORT_LISTINGS as readonly string[]).includes(whole)) return { node: undefined, command: whole }
  const match = /^([^:\s]+):\s*(\S+)(.*)$/.exec(text.trim())
  const command = match?.[2] ?? ''
  if (match === null || !Object.hasOwn(LISTINGS, command))
    throw new RangeError(
      `not a listing: ${JSON.stringify(text)}; "node: command" with ${Object.keys(LISTINGS).join(', ')}; or ${REPORT_LISTINGS.join(', ')}`,
    )
  if (!/^[^|]*(\|\s*grep\s+[^|]+)*$/.test(match[3]!))
    throw new RangeError(`only '| grep TEXT' may follow a command: ${JSON.stringify(text)}`)
  return { node: match[1]!, command: `${command}${match[3]!.trimEnd()}` }
}

/** What the command prints, and how many of its first lines are a heading; `| grep TEXT` leaves only lines with that text. */
export function runListing(
  network: Network,
  { node, command }: Listing,
  view: ListingView = {},
): { readonly text: string; readonly headings: number } {
  const [first = '', ...filters] = command.split(/\s*\|\s*/)
  const whole = print(network, { node, command: first }, view)
  if (filters.length === 0) return whole
  const wanted = filters.map(filter => /^grep\s+(.+)$/.exec(filter)![1]!)
  const lines = whole.text.split('\n').filter(line => wanted.every(text => line.includes(text)))
  return { text: lines.join('\n'), headings: 0 }
}

function print(
  network: Network,
  { node, command }: Listing,
  view: ListingView,
): { readonly text: string; readonly headings: number } {
  if (node === undefined) {
    const lines = view.report?.(command as ReportListing, view.width ?? Number.POSITIVE_INFINITY) ?? []
    return { text: lines.join('\n'), headings: 1 }
  }
  const [program = '', ...args] = command.split(/\s+/)
  const flags = args
    .filter(arg => arg.startsWith('-'))
    .join('')
    .replaceAll('-', '')
  switch (program) {
    case 'ss':
      return { text: ss(network, node, flags === '' ? 'tan' : flags), headings: 1 }
    case 'netstat':
      return { text: netstat(network, node, flags === '' ? 'tunap' : flags), headings: 2 }
    case 'conntrack':
      return { text: conntrackOf(network, node), headings: 0 }
    case 'nat':
      return { text: natTableOf(network, node), headings: 1 }
    case 'sessions': {
      const side = view.internal === undefined ? {} : { networks: view.internal }
      const zones = view.zonesOf?.(node)
      const list = sessions(network, node, side).map(session => withZones(session, zones))
      return { text: formatSessions(list), headings: 1 }
    }
    case 'iptables-save':
      return {
        text: iptablesSave(firewallOf(network, node), { counters: flags.includes('c') }).trimEnd(),
        headings: 0,
      }
    case 'ipset':
      return { text: ipsetSave(firewallOf(network, node)).trimEnd(), headings: 0 }
    default: {
      const at = args.indexOf('-t')
      const table = at < 0 ? {} : { table: args[at + 1] as TableName }
      const options = { numeric: true, verbose: true, lineNumbers: true, ...table }
      return { text: iptablesList(firewallOf(network, node), options).trimEnd(), headings: 0 }
    }
  }
}

/** `lan0 (inside)` instead of `lan0`. */
function withZones(session: Session, zones: ZonePolicy['zones'] | undefined): Session {
  if (zones === undefined) return session
  const named = (device: string | undefined): string | undefined => {
    const zone = zoneOf({ zones, pairs: [] }, device)
    return device === undefined || zone === undefined ? device : `${device} (${zone})`
  }
  return { ...session, inDevice: named(session.inDevice), outDevice: named(session.outDevice) }
}
