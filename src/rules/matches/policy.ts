import { protocolName } from '../../packet/protocols.ts'
import { type Draft, defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import {
  type HostMask,
  hex,
  hostMaskText,
  not,
  parseHostMask,
  parseProtocol,
  requireNumber,
  UINT32_MAX,
  words,
} from './support.ts'

interface PolicyOptions {
  readonly direction?: 'in' | 'out'
  readonly policy: 'none' | 'ipsec'
  readonly strict: boolean
  readonly elements: readonly PolicyElement[]
}

type Negatable<T> = { readonly value: T; readonly negated: boolean }

interface PolicyElement {
  readonly reqid?: Negatable<number>
  readonly spi?: Negatable<number>
  readonly proto?: Negatable<number>
  readonly mode?: Negatable<'transport' | 'tunnel'>
  readonly tunnelDst?: Negatable<HostMask>
  readonly tunnelSrc?: Negatable<HostMask>
}

const MAX_ELEMENTS = 4
/** AH, ESP and IPComp. */
const PROTOCOLS = [50, 51, 108]

const elementOption = <K extends keyof PolicyElement>(
  name: string,
  field: K,
  placeholder: string,
  help: string,
  read: (
    text: string,
    context: Parameters<OptionSpec<PolicyOptions>['set']>[3],
  ) => NonNullable<PolicyElement[K]>['value'],
): OptionSpec<PolicyOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  repeatable: true,
  placeholder,
  help,
  set(options, [text = ''], negated, context) {
    const elements = options.elements ?? [{}]
    const last = elements.at(-1)!
    if (last[field] !== undefined) throw new OptionError(`policy: double --${name} option`)
    const value = { value: read(text, context), negated }
    options.elements = [...elements.slice(0, -1), { ...last, [field]: value }]
  },
})

/**
 * `-m policy`: net/netfilter/xt_policy.c. The IPsec policy that protected a packet, or will. The simulator has no IPsec,
 * so every packet is `--pol none`.
 */
export const policy = defineMatch<PolicyOptions>({
  name: 'policy',
  summary: 'the IPsec policy of a packet',
  options: [
    {
      name: 'dir',
      arguments: 1,
      placeholder: 'in|out',
      help: 'the policy that was used for decapsulation, or will be for encapsulation',
      set(options, [text = '']) {
        if (text !== 'in' && text !== 'out')
          throw new OptionError(`invalid direction '${text}'`, { expected: 'in or out' })
        options.direction = text
      },
    },
    {
      name: 'pol',
      arguments: 1,
      placeholder: 'none|ipsec',
      help: 'whether IPsec is involved',
      set(options, [text = '']) {
        if (text !== 'none' && text !== 'ipsec')
          throw new OptionError(`invalid policy '${text}'`, { expected: 'none or ipsec' })
        options.policy = text
      },
    },
    {
      name: 'strict',
      arguments: 0,
      help: 'the whole policy, not any of its elements',
      set(options) {
        options.strict = true
      },
    },
    elementOption('reqid', 'reqid', 'id', 'request id', text => requireNumber(text, 0, UINT32_MAX)),
    elementOption('spi', 'spi', 'spi', 'security parameter index', text =>
      requireNumber(text, 0, UINT32_MAX),
    ),
    elementOption('tunnel-src', 'tunnelSrc', 'address[/mask]', 'source of the tunnel', parseHostMask),
    elementOption('tunnel-dst', 'tunnelDst', 'address[/mask]', 'destination of the tunnel', parseHostMask),
    elementOption('proto', 'proto', 'ah|esp|ipcomp', 'the encapsulation protocol', text => {
      const number = parseProtocol(text)
      if (!PROTOCOLS.includes(number)) throw new OptionError(`protocol must be ah, esp or ipcomp`)
      return number
    }),
    elementOption('mode', 'mode', 'transport|tunnel', 'the encapsulation mode', text => {
      if (text !== 'transport' && text !== 'tunnel')
        throw new OptionError(`unknown mode '${text}'`, { expected: 'transport or tunnel' })
      return text
    }),
    {
      name: 'next',
      arguments: 0,
      repeatable: true,
      requires: ['strict'],
      help: 'start the next element of the policy',
      set(options) {
        const elements = options.elements ?? [{}]
        if (elements.length >= MAX_ELEMENTS) throw new OptionError('policy: maximum policy depth reached')
        options.elements = [...elements, {}]
      },
    },
  ],
  defaults: () => ({ policy: 'ipsec', strict: false, elements: [{}] }),
  finish: finishPolicy,
  check({ direction }, { hooks }) {
    if (direction === 'out' && (hooks.has('PREROUTING') || hooks.has('INPUT')))
      return 'policy: output policy not valid in PREROUTING and INPUT'
    if (direction === 'in' && (hooks.has('POSTROUTING') || hooks.has('OUTPUT')))
      return 'policy: input policy not valid in POSTROUTING and OUTPUT'
    return undefined
  },
  save: options => policyText(options),
  list: (options, _family, numeric) => listText(options, numeric),
  compile: options => [
    {
      option: policyText(options),
      passes: () => options.policy === 'none',
      seen: () => 'no IPsec policy',
    },
  ],
})

function finishPolicy({ direction, policy, strict, elements }: Draft<PolicyOptions>): PolicyOptions {
  if (direction === undefined)
    throw new OptionError('policy: no direction', { expected: '--dir in or --dir out' })
  if (policy === 'none') {
    if (strict) throw new OptionError('policy: policy none but --strict given')
    return { direction, policy, strict: false, elements: [] }
  }
  for (const element of elements ?? []) {
    if (strict && Object.keys(element).length === 0) throw new OptionError('policy: empty policy element')
    const tunnel = element.mode?.value === 'tunnel' && !element.mode.negated
    if (!tunnel && (element.tunnelSrc || element.tunnelDst))
      throw new OptionError('policy: --tunnel-src and --tunnel-dst need --mode tunnel')
  }
  return { direction, policy: 'ipsec', strict: strict ?? false, elements: elements ?? [] }
}

function elementText(element: PolicyElement, dashes: string, numeric: boolean): string {
  const { reqid, spi, proto, mode, tunnelDst, tunnelSrc } = element
  return words(
    reqid && `${not(reqid.negated)}${dashes}reqid ${reqid.value}`,
    spi && `${not(spi.negated)}${dashes}spi ${hex(spi.value)}`,
    proto &&
      `${not(proto.negated)}${dashes}proto ${numeric ? proto.value : (protocolName(proto.value) ?? proto.value)}`,
    mode && `${not(mode.negated)}${dashes}mode ${mode.value}`,
    tunnelDst && `${not(tunnelDst.negated)}${dashes}tunnel-dst ${hostMaskText(tunnelDst.value)}`,
    tunnelSrc && `${not(tunnelSrc.negated)}${dashes}tunnel-src ${hostMaskText(tunnelSrc.value)}`,
  )
}

function policyText({ direction, policy, strict, elements }: PolicyOptions): string {
  return words(
    `--dir ${direction} --pol ${policy}`,
    strict && '--strict',
    elements.map(element => elementText(element, '--', false)).join(' --next '),
  )
}

function listText({ direction, policy, strict, elements }: PolicyOptions, numeric: boolean): string {
  return words(
    `policy match dir ${direction} pol ${policy}`,
    strict && 'strict',
    ...elements.map((element, i) => words(strict && `[${i}]`, elementText(element, '', numeric))),
  )
}
