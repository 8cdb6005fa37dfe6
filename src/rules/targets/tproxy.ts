import { Address } from '../../address.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import { defineTarget, Verdict } from '../extension.ts'
import { parseLoosePort } from '../ports.ts'
import { parseHostAddress } from './host-address.ts'
import { hex, parseMarkMask } from './mark-value.ts'

export interface TproxyOptions {
  readonly port: number
  /** Unspecified: the address of the device that the packet came in on. */
  readonly address: Address
  readonly mark: number
  readonly mask: number
}

/** `-j TPROXY`: net/netfilter/xt_TPROXY.c. Gives the packet to a local socket without changing it. */
export const tproxy = defineTarget<TproxyOptions>({
  name: 'TPROXY',
  tables: ['mangle'],
  hooks: ['PREROUTING'],
  summary: 'hand the packet to a transparent proxy on this box',
  options: [
    {
      name: 'on-port',
      arguments: 1,
      mandatory: true,
      placeholder: 'port',
      help: "the proxy's port; 0: the packet's own",
      set(options, [text = '']) {
        options.port = parseLoosePort(text)
      },
    },
    {
      name: 'on-ip',
      arguments: 1,
      placeholder: 'address',
      help: "the proxy's address; by default that of the incoming device",
      set(options, [text = ''], _negated, context) {
        options.address = parseHostAddress(text, context)
      },
    },
    {
      name: 'tproxy-mark',
      arguments: 1,
      placeholder: 'value[/mask]',
      help: 'mark the packet as -j MARK --set-xmark does',
      set(options, [text = '']) {
        const { value, mask } = parseMarkMask(text, 'tproxy-mark')
        options.mark = value
        options.mask = mask
      },
    },
  ],
  defaults: ({ family }) => ({
    address: family === 4 ? Address.v4(0) : new Address(6, 0, 0, 0, 0),
    mark: 0,
    mask: 0,
  }),
  check(_options, { rule: { protocol } }) {
    const number = protocol?.negated ? 0 : protocol?.number
    return number === IPPROTO_TCP || number === IPPROTO_UDP ? undefined : 'needs -p tcp or -p udp'
  },
  needsDefragmentation: true,
  save: ({ port, address, mark, mask }) =>
    `--on-port ${port} --on-ip ${address} --tproxy-mark ${hex(mark)}/${hex(mask)}`,
  list: ({ port, address, mark, mask }) =>
    `TPROXY redirect ${address}:${port} mark ${hex(mark)}/${hex(mask)}`,
  compile({ port, address, mark, mask }) {
    return (skb, environment) => {
      if (skb.transportLength < 8) return Verdict.DROP
      const proxyAddress = address.isZero() ? environment.sourceAddress(skb.inDevice) : address
      const proxyPort = port === 0 ? skb.u16(skb.transportOffset + 2) : port
      if (!environment.assignSocket?.(skb, proxyAddress ?? skb.destination, proxyPort)) return Verdict.DROP
      skb.mark = (skb.mark & ~mask) ^ mark
      return Verdict.ACCEPT
    }
  },
})
