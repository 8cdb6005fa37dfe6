import type { Address } from '../../address.ts'
import { jhash2, networkWord } from '../../jhash.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { hex, not, requireNumber, UINT32_MAX, words } from './support.ts'

interface ClusterOptions {
  readonly nodes: number
  /** One bit for each node that is this one. */
  readonly nodeMask: number
  readonly seed: number
  readonly negated: boolean
}

/** `-m cluster`: net/netfilter/xt_cluster.c. Which of several boxes that see the same packets is to handle a connection. */
export const cluster = defineMatch<ClusterOptions>({
  name: 'cluster',
  summary: 'the share of connections that this node of a cluster handles',
  options: [
    {
      name: 'cluster-total-nodes',
      arguments: 1,
      mandatory: true,
      placeholder: 'number',
      help: 'how many nodes there are, up to 32',
      set(options, [text = '']) {
        options.nodes = requireNumber(text, 1, 32)
      },
    },
    {
      name: 'cluster-local-node',
      arguments: 1,
      negatable: true,
      excludes: ['cluster-local-nodemask'],
      placeholder: 'number',
      help: 'which of them this is, from 1',
      set(options, [text = ''], negated) {
        options.nodeMask = (1 << (requireNumber(text, 1, 32) - 1)) >>> 0
        options.negated = negated
      },
    },
    {
      name: 'cluster-local-nodemask',
      arguments: 1,
      negatable: true,
      excludes: ['cluster-local-node'],
      placeholder: 'mask',
      help: 'all of them that this is, one bit each',
      set(options, [text = ''], negated) {
        options.nodeMask = requireNumber(text, 0, UINT32_MAX)
        options.negated = negated
      },
    },
    {
      name: 'cluster-hash-seed',
      arguments: 1,
      mandatory: true,
      placeholder: 'number',
      help: 'the seed of the hash, the same on all nodes',
      set(options, [text = '']) {
        options.seed = requireNumber(text, 0, UINT32_MAX)
      },
    },
  ],
  defaults: () => ({ negated: false }),
  finish(options) {
    const { nodes = 0, nodeMask } = options
    if (nodeMask === undefined)
      throw new OptionError('cluster: which node is this?', {
        expected: '--cluster-local-node or --cluster-local-nodemask',
      })
    if (nodeMask >= 2 ** nodes)
      throw new OptionError(`cluster: there are only ${nodes} nodes`, { expected: `a node up to ${nodes}` })
    return options as ClusterOptions
  },
  needsConntrack: () => true,
  save: clusterText,
  list: ({ nodes, nodeMask, seed, negated }) =>
    `cluster ${negated ? '!' : ''}node_mask=${hex(nodeMask, 8)} total_nodes=${nodes} hash_seed=${hex(seed, 8)}`,
  compile(options) {
    const { nodes, nodeMask, seed, negated } = options
    const nodeOf = (skb: Skb): number => nodeFor(sourceOf(skb)!, nodes, seed)
    return [
      {
        option: clusterText(options),
        passes(skb) {
          if (skb.connection === undefined) return false
          return ((nodeMask & (1 << nodeOf(skb))) !== 0) !== negated
        },
        seen: skb => (skb.connection === undefined ? 'no connection' : `node ${nodeOf(skb) + 1}`),
      },
    ]
  },
})

function clusterText({ nodes, nodeMask, seed, negated }: ClusterOptions): string {
  return words(
    `${not(negated)}--cluster-local-nodemask ${hex(nodeMask, 8)}`,
    `--cluster-total-nodes ${nodes} --cluster-hash-seed ${hex(seed, 8)}`,
  )
}

/** Who opened the connection; for one that was expected, who opened its master. */
function sourceOf({ connection }: Skb): Address | undefined {
  return (connection?.masterOriginal ?? connection?.original)?.source
}

/** From 0. The kernel hashes addresses as they lie in memory, in network order read by a little-endian machine. */
function nodeFor({ family, w0, w1, w2, w3 }: Address, nodes: number, seed: number): number {
  const all = family === 4 ? [w0] : [w0, w1, w2, w3]
  const hash = jhash2(all.map(networkWord), seed)
  return Number((BigInt(hash) * BigInt(nodes)) >> 32n)
}
