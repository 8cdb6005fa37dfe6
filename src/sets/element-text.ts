import type { Family } from '../address.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, protocolName } from '../packet/protocols.ts'
import { ICMP_NAMES, ICMP6_NAMES, type IcmpName } from '../rules/matches/icmp-names.ts'
import type { ElementKey, Extensions } from './element.ts'
import type { ElementSet, SetOptions } from './ip-set.ts'

/** An element as ipset prints it: `10.6.0.0/16,tcp:80`. */
export function elementText({ type, options }: ElementSet, key: ElementKey, mac = key.mac): string {
  const family = options.family === 0 ? 4 : options.family
  return type.dimensions
    .map((dimension, at) => {
      switch (dimension) {
        case 'ip':
          return `${at === 0 ? key.first(family) : key.second(family)}`
        case 'net':
          return netText(key, at, family)
        case 'port':
          return type.method === 'bitmap' ? `${key.port}` : portText(key)
        case 'mac':
          return mac.toUpperCase()
        case 'iface':
          return key.isPhysical ? `physdev:${key.device}` : key.device
        default:
          return ''
      }
    })
    .filter(text => text !== '')
    .join(',')
}

/** What stands behind the element in `ipset save`, with a leading blank; '' for nothing. */
export function extensionsText(
  options: SetOptions,
  element: Extensions,
  isWildcard: boolean,
  secondsLeft: number,
): string {
  const { packets, bytes, comment, mark, markMask, priority, queue, isExcluded } = element
  const words: string[] = []
  if (options.timeout !== undefined) words.push(`timeout ${secondsLeft}`)
  if (isExcluded) words.push('nomatch')
  if (isWildcard) words.push('wildcard')
  if (options.counters) words.push(`packets ${packets} bytes ${bytes}`)
  if (options.comment && comment !== '') words.push(`comment "${comment}"`)
  if (options.skbinfo) {
    const mask = markMask === -1 ? '' : `/0x${(markMask >>> 0).toString(16)}`
    if (mark !== 0 || markMask !== 0) words.push(`skbmark 0x${(mark >>> 0).toString(16)}${mask}`)
    if (priority !== 0)
      words.push(`skbprio ${(priority >>> 16).toString(16)}:${(priority & 0xffff).toString(16)}`)
    if (queue !== 0) words.push(`skbqueue ${queue}`)
  }
  return words.map(word => ` ${word}`).join('')
}

function netText(key: ElementKey, at: number, family: Family): string {
  const address = at === 0 ? key.first(family) : key.second(family)
  return key.length === (family === 4 ? 32 : 128) ? `${address}` : `${address}/${key.length}`
}

function portText({ protocol, port }: ElementKey): string {
  const name = protocolName(protocol) ?? `${protocol}`
  const names = icmpNames(protocol)
  return `${name}:${names === undefined ? port : icmpText(names, port)}`
}

/** The names of an ICMP protocol's types; undefined for other protocols. */
function icmpNames(protocol: number): readonly IcmpName[] | undefined {
  if (protocol === IPPROTO_ICMP) return ICMP_NAMES
  return protocol === IPPROTO_ICMPV6 ? ICMP6_NAMES : undefined
}

function icmpText(names: readonly IcmpName[], port: number): string {
  const type = port >> 8
  const code = port & 0xff
  const row = names.find(name => name.type === type && stands(names, name) === code)
  return row?.name ?? `${type}/${code}`
}

/** The type and code that a name or `type/code` stands for; ipset has no names for whole groups. */
export function parseIcmp(protocol: number, text: string): number | undefined {
  const names = icmpNames(protocol)!
  const row = names.find(({ name }) => name.toLowerCase() === text.toLowerCase())
  const code = row && stands(names, row)
  if (row !== undefined && code !== undefined) return (row.type << 8) | code
  const [, type = '', number = ''] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? []
  if (type === '' || Number(type) > 255 || Number(number) > 255) return undefined
  return (Number(type) << 8) | Number(number)
}

/** The one code of a name. A name of iptables' for any code is code 0, unless code 0 has a name of its own. */
function stands(names: readonly IcmpName[], { type, min, max }: IcmpName): number | undefined {
  if (min === max) return min
  const hasOwn = names.some(other => other.type === type && other.min === 0 && other.max === 0)
  return hasOwn || type === 255 ? undefined : 0
}
