/** A service of a Kubernetes cluster, as far as the packet filter of a node sees it. */
export interface Service {
  readonly name: string
  readonly clusterIp: string
  readonly port: number
  readonly protocol?: 'tcp' | 'udp' | 'sctp'
  readonly endpoints: readonly Endpoint[]
  readonly nodePort?: number
  readonly externalIps?: readonly string[]
  readonly loadBalancerIps?: readonly string[]
  /** Who may use the load balancer's addresses; everybody when left out. */
  readonly sourceRanges?: readonly string[]
  /** `local`: what comes from outside goes to this node's own endpoints and keeps its source. */
  readonly externalPolicy?: 'cluster' | 'local'
  readonly healthCheckPort?: number
  /** Clients come back to the endpoint that they had. */
  readonly affinitySeconds?: number
}

export interface Endpoint {
  readonly address: string
  readonly port: number
  /** It runs on this node. */
  readonly local?: boolean
}

/** The chains that kube-proxy hangs into the built-in ones, the same on every node. */
const FRAME = {
  filter: `
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "health check ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  nat: `
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "service traffic requiring SNAT" -j MASQUERADE`,
}

/**
 * The ruleset that kube-proxy (mode iptables) writes for the services: a chain for each service (SVC), for its local
 * endpoints (SVL), for its outside addresses (EXT), for its load balancer's filter (FW) and for each endpoint (SEP).
 *
 * @param pods where the cluster's pods live; what comes from elsewhere to a cluster address is masqueraded
 * @param node the node's own address
 */
export function kubeProxyRules(services: readonly Service[], pods: string, node: string): string {
  const rules = { filter: [] as string[], nat: [] as string[] }
  for (const service of services) writeService(service, pods, node, rules)
  rules.nat.push('-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS')
  const table = (name: 'filter' | 'nat'): string => {
    const chains = new Set(rules[name].map(rule => rule.split(' ')[1]!))
    const own = [...chains].filter(chain => !FRAME[name].includes(`:${chain} `))
    return [
      `*${name}${FRAME[name]}`,
      ...own.map(chain => `:${chain} - [0:0]`),
      ...rules[name],
      'COMMIT',
    ].join('\n')
  }
  return `${table('filter')}\n${table('nat')}\n`
}

interface Written {
  readonly filter: string[]
  readonly nat: string[]
}

function writeService(service: Service, pods: string, node: string, { filter, nat }: Written): void {
  const { name, clusterIp, endpoints, externalIps = [], loadBalancerIps = [], sourceRanges } = service
  const { port, nodePort, protocol = 'tcp', externalPolicy = 'cluster', healthCheckPort } = service
  const from = `-p ${protocol} -m ${protocol}`
  const outside = [...externalIps, ...loadBalancerIps].map(address => `${from} -d ${address} --dport ${port}`)
  if (nodePort !== undefined) outside.push(`${from} -m addrtype --dst-type LOCAL --dport ${nodePort}`)
  if (healthCheckPort !== undefined)
    filter.push(`-A KUBE-NODEPORTS -p tcp -m tcp --dport ${healthCheckPort} -j ACCEPT`)
  const comment = (text: string): string => `-m comment --comment "${name} ${text}"`
  if (endpoints.length === 0) {
    filter.push(
      `-A KUBE-SERVICES ${comment('has no endpoints')} ${from} -d ${clusterIp} --dport ${port} -j REJECT`,
    )
    for (const to of outside)
      filter.push(`-A KUBE-EXTERNAL-SERVICES ${comment('has no endpoints')} ${to} -j REJECT`)
    return
  }
  const local = endpoints.filter(endpoint => endpoint.local === true)
  if (externalPolicy === 'local' && local.length === 0)
    for (const to of outside)
      filter.push(`-A KUBE-EXTERNAL-SERVICES ${comment('has no local endpoints')} ${to} -j DROP`)

  const cluster = `${from} -d ${clusterIp} --dport ${port}`
  nat.push(`-A KUBE-SERVICES ${comment('cluster IP')} ${cluster} -j KUBE-SVC-${name}`)
  for (const address of externalIps)
    nat.push(`-A KUBE-SERVICES ${from} -d ${address} --dport ${port} -j KUBE-EXT-${name}`)
  for (const address of loadBalancerIps) {
    const chain = sourceRanges === undefined ? 'EXT' : 'FW'
    nat.push(`-A KUBE-SERVICES ${from} -d ${address} --dport ${port} -j KUBE-${chain}-${name}`)
  }
  if (nodePort !== undefined) nat.push(`-A KUBE-NODEPORTS ${from} --dport ${nodePort} -j KUBE-EXT-${name}`)

  nat.push(`-A KUBE-SVC-${name} ${cluster} ! -s ${pods} -j KUBE-MARK-MASQ`)
  writeChoice(`KUBE-SVC-${name}`, service, endpoints, nat)
  for (const endpoint of endpoints) writeEndpoint(service, endpoint, nat)
  if (outside.length === 0) return
  if (externalPolicy === 'cluster') nat.push(`-A KUBE-EXT-${name} -j KUBE-MARK-MASQ`, jump('SVC'))
  else {
    nat.push(
      `-A KUBE-EXT-${name} ${comment('pod traffic')} -s ${pods} -j KUBE-SVC-${name}`,
      `-A KUBE-EXT-${name} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      `-A KUBE-EXT-${name} -m addrtype --src-type LOCAL -j KUBE-SVC-${name}`,
    )
    if (local.length > 0) nat.push(jump('SVL'))
    writeChoice(`KUBE-SVL-${name}`, service, local, nat)
  }
  if (sourceRanges === undefined) return
  const allowed = sourceRanges.some(range => range.startsWith(node.slice(0, node.lastIndexOf('.'))))
  for (const range of [...sourceRanges, ...(allowed ? loadBalancerIps : [])])
    nat.push(`-A KUBE-FW-${name} -s ${range} -j KUBE-EXT-${name}`)
  for (const address of loadBalancerIps)
    filter.push(
      `-A KUBE-PROXY-FIREWALL ${comment('not accepted')} ${from} -d ${address} --dport ${port} -j DROP`,
    )

  function jump(chain: 'SVC' | 'SVL'): string {
    return `-A KUBE-EXT-${name} -j KUBE-${chain}-${name}`
  }
}

/** One endpoint of many: back to the one that the client had, else each with the same chance. */
function writeChoice(chain: string, service: Service, endpoints: readonly Endpoint[], nat: string[]): void {
  const { affinitySeconds } = service
  if (affinitySeconds !== undefined)
    for (const endpoint of endpoints) {
      const sep = endpointChain(service, endpoint)
      nat.push(`-A ${chain} -m recent --name ${sep} --rcheck --seconds ${affinitySeconds} --reap -j ${sep}`)
    }
  for (const [index, endpoint] of endpoints.entries()) {
    const left = endpoints.length - index
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : ''
    nat.push(`-A ${chain}${chance} -j ${endpointChain(service, endpoint)}`)
  }
}

function writeEndpoint(service: Service, endpoint: Endpoint, nat: string[]): void {
  const { protocol = 'tcp', affinitySeconds } = service
  const { address, port } = endpoint
  const chain = endpointChain(service, endpoint)
  const recent = affinitySeconds === undefined ? '' : ` -m recent --name ${chain} --set`
  const to = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  nat.push(
    `-A ${chain} -m comment --comment hairpin -s ${address} -j KUBE-MARK-MASQ`,
    `-A ${chain} -p ${protocol}${recent} -m ${protocol} -j DNAT --to-destination ${to}`,
  )
}

function endpointChain({ name, endpoints }: Service, endpoint: Endpoint): string {
  return `KUBE-SEP-${name}-${endpoints.indexOf(endpoint) + 1}`
}
