import type { Address } from '../../address.ts'
import { defineTarget, Verdict } from '../extension.ts'
import { cutBytes } from './cut-bytes.ts'
import { parseHostAddress } from './host-address.ts'

export interface TeeOptions {
  readonly gateway: Address
  readonly device?: string
}

const DEVICE_BYTES = 15

/** `-j TEE`: net/netfilter/xt_TEE.c. */
export const tee = defineTarget<TeeOptions>({
  name: 'TEE',
  summary: 'send a copy of the packet to a gateway',
  options: [
    {
      name: 'gateway',
      arguments: 1,
      mandatory: true,
      placeholder: 'address',
      help: 'who gets the copy: a neighbour',
      set(options, [text = ''], _negated, context) {
        options.gateway = parseHostAddress(text, context)
      },
    },
    {
      name: 'oif',
      arguments: 1,
      placeholder: 'device',
      help: 'the device the copy leaves by',
      set(options, [text = '']) {
        options.device = cutBytes(text, DEVICE_BYTES)
      },
    },
  ],
  check: ({ gateway }) => (gateway.isZero() ? 'the gateway cannot be the unspecified address' : undefined),
  save: ({ gateway, device }) => `--gateway ${gateway}${device === undefined ? '' : ` --oif ${device}`}`,
  list: ({ gateway, device }) => `TEE gw:${gateway}${device === undefined ? '' : ` oif=${device}`}`,
  compile:
    ({ gateway, device }) =>
    (skb, environment) => {
      environment.duplicate(skb, gateway, device)
      return Verdict.CONTINUE
    },
})
