import { ORIGINAL, REPLY } from '../../conntrack/connection.ts'
import { defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import {
  ADDRESS_FIELDS,
  type AddressField,
  type ConntrackOptions,
  PORT_FIELDS,
  type PortField,
  STATUSES,
  statusText,
} from './conntrack-options.ts'
import { compileConntrack } from './conntrack-tests.ts'
import { parseStates, statesText } from './states.ts'
import {
  type HostMask,
  hostMaskText,
  not,
  parseHostMask,
  parseNamedPortRange,
  parseProtocol,
  parseRange,
  rangeText,
  UINT32_MAX,
  words,
} from './support.ts'

const addressOption = (field: AddressField, help: string): OptionSpec<ConntrackOptions> => ({
  name: `ct${field}`,
  arguments: 1,
  negatable: true,
  placeholder: 'address[/mask]',
  help,
  set(options, [text = ''], negated, context) {
    options.addresses = { ...options.addresses, [field]: { ...parseHostMask(text, context), negated } }
  },
})

const portOption = (field: PortField, help: string): OptionSpec<ConntrackOptions> => ({
  name: `ct${field}`,
  arguments: 1,
  negatable: true,
  placeholder: 'port[:port]',
  help,
  set(options, [text = ''], negated) {
    options.ports = { ...options.ports, [field]: { ...parseNamedPortRange(text), negated } }
  },
})

/**
 * `-m conntrack`: net/netfilter/xt_conntrack.c, revision 3. A packet without a connection passes on its `--ctstate`
 * alone; without `--ctstate` it passes nothing, not even inverted.
 */
export const conntrack = defineMatch<ConntrackOptions>({
  name: 'conntrack',
  summary: 'what connection tracking knows of the packet',
  options: [
    {
      name: 'ctstate',
      arguments: 1,
      negatable: true,
      placeholder: 'state[,state...]',
      help: 'INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, SNAT or DNAT',
      set(options, [text = ''], negated) {
        options.state = { value: parseStates(text, true), negated }
      },
    },
    {
      name: 'ctproto',
      arguments: 1,
      negatable: true,
      placeholder: 'protocol',
      help: "the connection's protocol",
      set(options, [text = ''], negated) {
        options.protocol = { value: parseProtocol(text), negated }
      },
    },
    addressOption('origsrc', 'source of the original direction'),
    addressOption('origdst', 'destination of the original direction'),
    addressOption('replsrc', 'source of the reply direction'),
    addressOption('repldst', 'destination of the reply direction'),
    portOption('origsrcport', 'source port of the original direction'),
    portOption('origdstport', 'destination port of the original direction'),
    portOption('replsrcport', 'source port of the reply direction'),
    portOption('repldstport', 'destination port of the reply direction'),
    {
      name: 'ctstatus',
      arguments: 1,
      negatable: true,
      placeholder: 'status[,status...]',
      help: 'NONE, EXPECTED, SEEN_REPLY, ASSURED or CONFIRMED',
      set(options, [text = ''], negated) {
        options.status = { value: parseStatus(text), negated }
      },
    },
    {
      name: 'ctexpire',
      arguments: 1,
      negatable: true,
      placeholder: 'seconds[:seconds]',
      help: 'the time left, in seconds',
      set(options, [text = ''], negated) {
        options.expire = { ...parseRange(text, UINT32_MAX), negated }
      },
    },
    {
      name: 'ctdir',
      arguments: 1,
      placeholder: 'ORIGINAL|REPLY',
      help: "the packet's direction within its connection",
      set(options, [text = '']) {
        const word = text.toUpperCase()
        if (word !== 'ORIGINAL' && word !== 'REPLY')
          throw new OptionError(`bad direction '${text}'`, { expected: 'ORIGINAL or REPLY' })
        options.direction = word === 'ORIGINAL' ? ORIGINAL : REPLY
      },
    },
  ],
  finish(options) {
    if (Object.keys(options).length === 0) throw new OptionError('conntrack: at least one option is required')
    return options as ConntrackOptions
  },
  needsConntrack: () => true,
  save: options => describe(options, '--', true),
  list: (options, _family, numeric) => describe(options, '', numeric),
  compile: compileConntrack,
})

function parseStatus(text: string): number {
  let bits = 0
  for (const word of text.split(',')) {
    if (word !== '' && 'NONE'.startsWith(word.toUpperCase())) continue
    const found = word === '' ? undefined : STATUSES.find(([name]) => name.startsWith(word.toUpperCase()))
    if (found === undefined)
      throw new OptionError(`bad status '${word}'`, {
        expected: 'NONE, EXPECTED, SEEN_REPLY, ASSURED or CONFIRMED',
      })
    bits |= found[1]
  }
  return bits
}

function describe(options: ConntrackOptions, dashes: string, numeric: boolean): string {
  const { state, protocol, addresses, ports, status, expire, direction } = options
  const part = (name: string, of: { negated: boolean } | undefined, value: () => string): string =>
    of === undefined ? '' : `${not(of.negated)}${dashes}ct${name} ${value()}`
  return words(
    part('state', state, () => statesText(state!.value)),
    part('proto', protocol, () => `${protocol!.value}`),
    ...ADDRESS_FIELDS.map(field =>
      part(field, addresses?.[field], () => addressText(addresses![field]!, numeric)),
    ),
    ...PORT_FIELDS.map(field => part(field, ports?.[field], () => rangeText(ports![field]!))),
    part('status', status, () => statusText(status!.value)),
    part('expire', expire, () => rangeText(expire!)),
    direction !== undefined && `${dashes}ctdir ${direction === ORIGINAL ? 'ORIGINAL' : 'REPLY'}`,
  )
}

function addressText(host: HostMask, numeric: boolean): string {
  return !numeric && host.address.isZero() ? 'anywhere' : hostMaskText(host)
}
