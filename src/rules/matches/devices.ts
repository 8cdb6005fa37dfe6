/** Matches on the link layer and its devices: mac, eui64, devgroup, physdev. */
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { hex, type Masked, maskedText, not, parseMasked, words } from './support.ts'

interface MacOptions {
  readonly address: string
  readonly negated: boolean
}

/** `-m mac`: net/netfilter/xt_mac.c. Without an Ethernet header it never holds, inverted or not. */
export const mac = defineMatch<MacOptions>({
  name: 'mac',
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  summary: 'the source MAC address',
  options: [
    {
      name: 'mac-source',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'xx:xx:xx:xx:xx:xx',
      help: 'the source MAC address',
      set(options, [text = ''], negated) {
        if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text))
          throw new OptionError(`bad MAC address '${text}'`, { expected: 'xx:xx:xx:xx:xx:xx' })
        options.address = text
          .toLowerCase()
          .split(':')
          .map(byte => byte.padStart(2, '0'))
          .join(':')
        options.negated = negated
      },
    },
  ],
  save: ({ address, negated }) => `${not(negated)}--mac-source ${address}`,
  list: ({ address, negated }) => `MAC ${not(negated)}${address}`,
  compile: ({ address, negated }) => [
    {
      option: `${not(negated)}--mac-source ${address}`,
      passes: ({ macSource }) => macSource !== undefined && (macSource === address) !== negated,
      seen: ({ macSource }) => `MAC ${macSource ?? '(none)'}`,
    },
  ],
})

/** `-m eui64`: net/ipv6/netfilter/ip6t_eui64.c. Does the source address end with the sender's EUI-64? */
export const eui64 = defineMatch<object>({
  name: 'eui64',
  families: [6],
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  summary: 'the source address was made from the MAC address',
  options: [],
  save: () => '',
  list: () => 'eui64 ',
  listsWithoutBlank: true,
  compile: (_options, { rule }) => [
    {
      option: '-m eui64',
      passes(skb, environment) {
        if (skb.macSource !== undefined) return isEui64(skb, skb.macSource)
        // the kernel knows the offset of a fragment only where the rule has -p
        if (rule.protocol !== undefined && skb.fragmentOffset !== 0) environment.hotdrop = true
        return false
      },
      seen: skb => `source ${skb.source} from MAC ${skb.macSource ?? '(none)'}`,
    },
  ],
})

function isEui64({ bytes }: Skb, mac: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map(byte => Number.parseInt(byte, 16))
  const expected = [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
  return expected.every((byte, i) => bytes[16 + i] === byte)
}

interface DevgroupOptions {
  readonly source?: GroupMatch
  readonly destination?: GroupMatch
}

interface GroupMatch extends Masked {
  readonly negated: boolean
}

const groupOption = (
  name: string,
  side: 'source' | 'destination',
  of: string,
): OptionSpec<DevgroupOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  placeholder: 'value[/mask]',
  help: `the group of the ${of} device`,
  set(options, [text = ''], negated) {
    options[side] = { ...(text === 'default' ? { value: 0, mask: -1 } : parseMasked(text)), negated }
  },
})

/** `-m devgroup`: net/netfilter/xt_devgroup.c. */
export const devgroup = defineMatch<DevgroupOptions>({
  name: 'devgroup',
  summary: 'the groups of the devices',
  options: [
    groupOption('src-group', 'source', 'incoming'),
    groupOption('dst-group', 'destination', 'outgoing'),
  ],
  finish(options) {
    if (options.source === undefined && options.destination === undefined)
      throw new OptionError('devgroup: no group', { expected: '--src-group or --dst-group' })
    return options as DevgroupOptions
  },
  check({ source, destination }, { hooks }) {
    if (source && (hooks.has('OUTPUT') || hooks.has('POSTROUTING')))
      return 'devgroup: there is no incoming device in OUTPUT and POSTROUTING'
    if (destination && (hooks.has('PREROUTING') || hooks.has('INPUT')))
      return 'devgroup: there is no outgoing device in PREROUTING and INPUT'
    return undefined
  },
  save: ({ source, destination }) =>
    words(
      source && `${not(source.negated)}--src-group ${groupText(source, false)}`,
      destination && `${not(destination.negated)}--dst-group ${groupText(destination, false)}`,
    ),
  list: ({ source, destination }, _family, numeric) =>
    words(
      source && `${not(source.negated)}src-group ${groupText(source, numeric)}`,
      destination && `${not(destination.negated)}dst-group ${groupText(destination, numeric)}`,
    ),
  compile: ({ source, destination }) => [
    ...groupTest('src-group', 'inDevice', source),
    ...groupTest('dst-group', 'outDevice', destination),
  ],
})

/** The only group that has a name is `default`, 0. */
function groupText(group: GroupMatch, numeric: boolean): string {
  return !numeric && group.mask === -1 && group.value === 0 ? 'default' : maskedText(group)
}

function groupTest(
  name: string,
  device: 'inDevice' | 'outDevice',
  group: GroupMatch | undefined,
): readonly Test[] {
  if (group === undefined) return []
  const { value, mask, negated } = group
  return [
    {
      option: `${not(negated)}--${name} ${maskedText(group)}`,
      passes: (skb, environment) =>
        (((environment.deviceGroup(skb[device]) ^ value) & mask) === 0) !== negated,
      seen: (skb, environment) => `${name} ${hex(environment.deviceGroup(skb[device]))}`,
    },
  ]
}

interface PhysdevOptions {
  readonly in?: PortName
  readonly out?: PortName
  readonly isIn?: { readonly negated: boolean }
  readonly isOut?: { readonly negated: boolean }
  readonly bridged?: { readonly negated: boolean }
}

interface PortName {
  readonly name: string
  readonly negated: boolean
}

const nameOption = (name: string, field: 'in' | 'out'): OptionSpec<PhysdevOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  placeholder: 'name[+]',
  help: `the bridge port it ${field === 'in' ? 'came in on' : 'leaves by'}`,
  set(options, [text = ''], negated) {
    if (text.length > 15) throw new OptionError(`interface name '${text}' is too long`)
    options[field] = { name: text, negated }
  },
})

const isOption = (
  name: string,
  field: 'isIn' | 'isOut' | 'bridged',
  help: string,
): OptionSpec<PhysdevOptions> => ({
  name,
  arguments: 0,
  negatable: true,
  help,
  set(options, _args, negated) {
    options[field] = { negated }
  },
})

/** `-m physdev`: net/netfilter/xt_physdev.c. Bridge ports; a packet that is not bridged has none. */
export const physdev = defineMatch<PhysdevOptions>({
  name: 'physdev',
  summary: 'the ports of a bridge',
  options: [
    nameOption('physdev-in', 'in'),
    nameOption('physdev-out', 'out'),
    isOption('physdev-is-in', 'isIn', 'it came in on a bridge port'),
    isOption('physdev-is-out', 'isOut', 'it leaves by a bridge port'),
    isOption('physdev-is-bridged', 'bridged', 'it is bridged, not routed'),
  ],
  finish(options) {
    if (Object.keys(options).length === 0) throw new OptionError('physdev: no option given')
    return options as PhysdevOptions
  },
  check({ out, isOut, bridged }, { hooks }) {
    const routedOut = (out !== undefined || isOut !== undefined) && (bridged === undefined || bridged.negated)
    return routedOut && hooks.has('OUTPUT')
      ? 'physdev: --physdev-out and --physdev-is-out are not supported in OUTPUT for traffic that is not bridged'
      : undefined
  },
  save: physdevText,
  list: options => words('PHYSDEV match', physdevText(options)),
  compile: options => [physdevTest(options)],
})

function physdevText({ in: input, isIn, out, isOut, bridged }: PhysdevOptions): string {
  return words(
    isIn && `${not(isIn.negated)}--physdev-is-in`,
    input && `${not(input.negated)}--physdev-in ${input.name}`,
    isOut && `${not(isOut.negated)}--physdev-is-out`,
    out && `${not(out.negated)}--physdev-out ${out.name}`,
    bridged && `${not(bridged.negated)}--physdev-is-bridged`,
  )
}

function physdevTest(options: PhysdevOptions): Test {
  const { in: input, out, isIn, isOut, bridged } = options
  return {
    option: physdevText(options),
    passes({ physIn, physOut }) {
      if (physIn === '' && physOut === '') {
        // not bridged: what wants a port fails, what wants none passes
        if (bridged && !bridged.negated) return false
        if (isIn && !isIn.negated) return false
        if (isOut && !isOut.negated) return false
        if (input && !input.negated) return false
        return !(out && !out.negated)
      }
      if (bridged && (physOut !== '') === bridged.negated) return false
      if (isIn && (physIn !== '') === isIn.negated) return false
      if (isOut && (physOut !== '') === isOut.negated) return false
      if (input && namesPort(input.name, physIn) === input.negated) return false
      return !(out && namesPort(out.name, physOut) === out.negated)
    },
    seen: ({ physIn, physOut }) => `physdev in ${physIn || '(none)'} out ${physOut || '(none)'}`,
  }
}

function namesPort(pattern: string, port: string): boolean {
  return pattern.endsWith('+') ? port.startsWith(pattern.slice(0, -1)) : port === pattern
}
