import { z } from 'zod'
import { port } from './service-kind.ts'
import { service } from './services.ts'

const action = z.enum(['ALLOW', 'DENY'])
const oneOrMore = z.union([z.string(), z.array(z.string())])

const zone = z.strictObject({
  devices: z.array(z.string()).min(1),
  within: action.optional().describe('between devices of the zone; default ALLOW'),
  masquerade: z.boolean().optional().describe('what leaves to this zone is masqueraded'),
  forward: z
    .array(z.strictObject({ proto: z.enum(['tcp', 'udp']).optional(), port, to: z.string() }))
    .optional()
    .describe("ports of the firewall's address in this zone that lead elsewhere"),
})

const zonePair = z.strictObject({
  from: z.string(),
  to: z.string(),
  policy: z.string().describe('policy lines; ALLOW alone allows everything'),
})

const mtu = z.int().min(68)
const device = z.union([oneOrMore, z.strictObject({ addresses: oneOrMore, mtu: mtu.optional() })])

export const node = z
  .strictObject({
    address: oneOrMore.optional().describe('a host with one device: 10.0.0.2/24'),
    device: z.string().optional().describe("the device's name; default eth0"),
    gateway: oneOrMore.optional().describe('default: the only router in its subnet; none for none'),
    mtu: mtu.optional(),
    interfaces: z.record(z.string(), device).optional().describe('several devices and their addresses'),
    routes: z.array(z.string()).optional().describe('as ip route takes them'),
    rules: z.string().optional().describe('iptables commands, or iptables-save text'),
    rules6: z.string().optional().describe('the same for ip6tables'),
    rulesFile: z.string().optional().describe('rules in a file, by its path from this one'),
    ipsets: z.string().optional().describe('the ipsets that rules name, as ipset save prints them'),
    ipsetsFile: z.string().optional().describe('the same in a file, by its path from this one'),
    policy: z.string().optional().describe('policy lines: ALLOW src=10.6.0.0/16 dst=ANY port=443 proto=TCP'),
    zones: z.record(z.string(), zone).optional().describe('devices grouped; names for policy lines'),
    zonePairs: z.array(zonePair).optional().describe('what may pass between zones: a zone firewall'),
    stateless: z.boolean().optional().describe('the same rules with connection tracking off'),
    conntrack: z.enum(['on', 'auto']).optional(),
    sysctls: z.record(z.string(), z.number()).optional(),
    forwarding: z.boolean().optional().describe('default: with more than one device'),
    stack: z.enum(['normal', 'silent']).optional().describe('silent: no answer to pings and closed ports'),
    tcp: z
      .strictObject({
        synRetries: z.int().min(0).optional(),
        synAckRetries: z.int().min(0).optional(),
        dataRetries: z.int().min(0).optional(),
        timeWaitMs: z.number().min(0).optional(),
        finTimeoutMs: z.number().min(0).optional(),
      })
      .optional(),
    services: z.array(service).optional(),
  })
  .describe('a host, router or firewall')

export type NodeInput = z.infer<typeof node>

/** All addresses of a node, as they are written. */
export function addressTexts({ address = [], interfaces = {} }: NodeInput): string[] {
  const devices = Object.values(interfaces).map(each =>
    typeof each === 'string' || Array.isArray(each) ? each : each.addresses,
  )
  return [address, ...devices].flat()
}

const link = z.union([
  z.array(z.string()),
  z.strictObject({
    members: z.array(z.string()),
    kind: z.enum(['segment', 'point-to-point', 'internet']).optional(),
    delayMs: z.number().min(0).optional(),
    routes: z.record(z.string(), z.string()).optional().describe('internet: networks behind a member'),
  }),
])

export const network = z.strictObject({
  nodes: z.record(z.string(), node),
  links: z.record(z.string(), link).optional().describe('who is plugged in where: host, or host:device'),
  dns: z.record(z.string(), oneOrMore).optional().describe('the hosts table'),
  natPorts: z
    .enum(['kernel', 'sequential'])
    .optional()
    .describe('where the kernel begins at a random port: at a hash (kernel, default), or at the lowest'),
})

export type NetworkInput = z.infer<typeof network>
