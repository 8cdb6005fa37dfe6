import type { CheckContext, Test } from '../extension.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { headerOffset, type NegatableNumber, not, requireNumber, words } from './support.ts'

interface EcnOptions {
  readonly ece?: { readonly negated: boolean }
  readonly cwr?: { readonly negated: boolean }
  readonly ect?: NegatableNumber
}

/** Byte 13 of the TCP header. */
const ECE = 0x40
const CWR = 0x80

/** `-m ecn`: net/netfilter/xt_ecn.c. Explicit congestion notification (RFC 3168). */
export const ecn = defineMatch<EcnOptions>({
  name: 'ecn',
  summary: 'explicit congestion notification',
  options: [
    {
      name: 'ecn-tcp-cwr',
      arguments: 0,
      negatable: true,
      help: "TCP's CWR bit is set",
      set(options, _args, negated) {
        options.cwr = { negated }
      },
    },
    {
      name: 'ecn-tcp-ece',
      arguments: 0,
      negatable: true,
      help: "TCP's ECE bit is set",
      set(options, _args, negated) {
        options.ece = { negated }
      },
    },
    {
      name: 'ecn-ip-ect',
      arguments: 1,
      negatable: true,
      placeholder: '0..3',
      help: 'the ECT codepoint of the IP header',
      set(options, [text = ''], negated) {
        options.ect = { value: requireNumber(text, 0, 3), negated }
      },
    },
  ],
  finish(options) {
    if (Object.keys(options).length === 0) throw new OptionError('ecn: some option is required')
    return options as EcnOptions
  },
  check({ ece, cwr }, { rule }: CheckContext) {
    const tcp = rule.protocol?.number === 6 && !rule.protocol.negated
    return (ece || cwr) && !tcp ? 'ecn: cannot match TCP bits for non-tcp packets' : undefined
  },
  save: ({ ece, cwr, ect }) =>
    words(
      ece && `${not(ece.negated)}--ecn-tcp-ece`,
      cwr && `${not(cwr.negated)}--ecn-tcp-cwr`,
      ect && `${not(ect.negated)}--ecn-ip-ect ${ect.value}`,
    ),
  list: ({ ece, cwr, ect }) =>
    words(
      'ECN match',
      ece && `${ece.negated ? '!' : ''}ECE`,
      cwr && `${cwr.negated ? '!' : ''}CWR`,
      ect && `${ect.negated ? '!' : ''}ECT=${ect.value}`,
    ),
  compile({ ece, cwr, ect }) {
    const tests: Test[] = []
    if (ect) {
      const { value, negated } = ect
      tests.push({
        option: `${not(negated)}--ecn-ip-ect ${value}`,
        passes: skb => ((skb.tos & 3) === value) !== negated,
        seen: skb => `ect ${skb.tos & 3}`,
      })
    }
    if (ece) tests.push(bitTest('ecn-tcp-ece', ECE, ece.negated))
    if (cwr) tests.push(bitTest('ecn-tcp-cwr', CWR, cwr.negated))
    return tests
  },
})

/** A TCP header that is cut off passes nothing, and is not dropped for it. */
function bitTest(name: string, bit: number, negated: boolean): Test {
  return {
    option: `${not(negated)}--${name}`,
    passes(skb) {
      const at = headerOffset(skb)
      return at + 20 <= skb.bytes.length && ((skb.bytes[at + 13]! & bit) !== 0) !== negated
    },
    seen(skb) {
      const at = headerOffset(skb)
      return at + 20 > skb.bytes.length
        ? 'a truncated TCP header'
        : `flags 0x${skb.bytes[at + 13]!.toString(16)}`
    },
  }
}
