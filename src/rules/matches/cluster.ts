import { isMulticast } from '../../address.ts'
import { type Connection, Status } from '../../conntrack/connection.ts'
import { jhash2, networkWord, scaleHash } from '../../jhash.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { hex, not, requireNumber, UINT32_MAX } from './support.ts'

interface ClusterOptions {
  readonly nodes: number
  /** Unsigned. */
  readonly nodeMask: number
  readonly seed: number
  readonly negated: boolean
}

const MAX_NODES = 32

/** `-m cluster`: net/netfilter/xt_cluster.c. Which node of a cluster is in charge of a connection's source address. */
export const cluster = defineMatch<ClusterOptions>({
  name: 'cluster',
  summary: 'connections that this node of a cluster is in charge of',
  options: [
    {
      name: 'cluster-total-nodes',
      arguments: 1,
      mandatory: true,
      placeholder: 'n',
      help: 'how many nodes there are, 1 to 32',
      set(options, [text = '']) {
        options.nodes = requireNumber(text, 1, MAX_NODES)
      },
    },
    {
      name: 'cluster-local-node',
      arguments: 1,
      negatable: true,
      excludes: ['cluster-local-nodemask'],
      placeholder: 'n',
      help: 'which one this is, from 1',
      set(options, [text = ''], negated) {
        options.nodeMask = (1 << (requireNumber(text, 1, MAX_NODES) - 1)) >>> 0
        options.negated = negated
      },
    },
    {
      name: 'cluster-local-nodemask',
      arguments: 1,
      negatable: true,
      excludes: ['cluster-local-node'],
      placeholder: 'mask',
      help: 'which ones this is, as a bit mask (iptables takes no more than 32)',
      set(options, [text = ''], negated) {
        options.nodeMask = requireNumber(text, 1, MAX_NODES)
        options.negated = negated
      },
    },
    {
      name: 'cluster-hash-seed',
      arguments: 1,
      mandatory: true,
      placeholder: 'number',
      help: 'seed of the hash, the same on every node',
      set(options, [text = '']) {
        options.seed = requireNumber(text, 0, UINT32_MAX)
      },
    },
  ],
  finish({ nodes = 1, nodeMask, seed = 0, negated = false }) {
    if (nodeMask === undefined)
      throw new OptionError('cluster: which node is this?', {
        expected: '--cluster-local-node or --cluster-local-nodemask',
      })
    if (nodeMask >= 2 ** nodes)
      throw new OptionError('cluster: the node is none of --cluster-total-nodes', {
        expected: `a node from 1 to ${nodes}`,
      })
    return { nodes, nodeMask, seed, negated }
  },
  needsConntrack: () => true,
  save: clusterText,
  list: ({ nodes, nodeMask, seed, negated }) =>
    `cluster ${negated ? '!' : ''}node_mask=${hex(nodeMask, 8)} total_nodes=${nodes} hash_seed=${hex(seed, 8)}`,
  compile(options) {
    const { nodeMask, negated } = options
    return [
      {
        option: clusterText(options),
        passes(skb, environment) {
          receive(skb)
          const { connection } = skb
          // what `-j CT` leaves before conntrack looks has no address to hash
          if (connection === undefined || connection.has(Status.TEMPLATE)) return false
          const master = connection.masterOriginal
          const found = master && environment.findConnection(master, connection.zone)
          return ((nodeMask & (1 << nodeOf(found ?? connection, options))) !== 0) !== negated
        },
        seen: ({ connection }) =>
          connection === undefined ? 'no connection' : `node ${nodeOf(connection, options) + 1}`,
      },
    ]
  },
})

function clusterText({ nodes, nodeMask, seed, negated }: ClusterOptions): string {
  return `${not(negated)}--cluster-local-nodemask ${hex(nodeMask, 8)} --cluster-total-nodes ${nodes} --cluster-hash-seed ${hex(seed, 8)}`
}

/** From 0. Of an IPv6 address the kernel hashes the first 32 bits only (it takes the number of words for that of bytes). */
function nodeOf({ original }: Connection, { nodes, seed }: ClusterOptions): number {
  return scaleHash(jhash2([networkWord(original.source.w0)], seed), nodes)
}

/** A cluster shares one multicast MAC address; what it brings for a unicast address is taken for the box's own. */
function receive(skb: Skb): void {
  if (skb.packetType === 'multicast' && !isMulticast(skb.destination)) skb.packetType = 'host'
}
