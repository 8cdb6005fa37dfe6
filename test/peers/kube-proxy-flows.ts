import type { Service } from './kube-proxy-rules.ts'

/** From whom to which address, and what becomes of it: where it goes, and whether its source stays. */
export type Flow = [name: string, from: string, to: string, outcome: string]

export const POD = '10.0.0.2'
export const NODE = '192.168.0.2'
export const NODE2 = '192.168.1.2'
const CLIENT = '203.0.113.2'
const BLOCKED = '203.0.113.130'
export const FIRST = { address: '10.180.0.1', port: 80 }
export const SECOND = { address: '10.180.2.1', port: 80, local: true }
const BOTH = '10.180.0.1:80, 10.180.2.1:80'

/** Services, and flows that use them, by the functions of proxier_test.go that they come from. */
export const suites: [title: string, services: Service[], flows: Flow[]][] = [
  [
    'a service without endpoints is refused (TestNoEndpointsReject)',
    [
      {
        name: 'EMPTY',
        clusterIp: '172.30.0.41',
        port: 80,
        endpoints: [],
        nodePort: 3001,
        externalIps: ['192.168.99.11'],
        loadBalancerIps: ['1.2.3.4'],
      },
    ],
    [
      ['pod to cluster IP', POD, '172.30.0.41:80', 'REJECT'],
      ['outside to external IP', CLIENT, '192.168.99.11:80', 'REJECT'],
      ['pod to node port', POD, `${NODE}:3001`, 'REJECT'],
      ['outside to node port', CLIENT, `${NODE}:3001`, 'REJECT'],
      ['pod to load balancer', POD, '1.2.3.4:80', 'REJECT'],
      ['outside to load balancer', CLIENT, '1.2.3.4:80', 'REJECT'],
    ],
  ],
  [
    'cluster addresses (TestClusterIPGeneral)',
    [
      { name: 'ONE', clusterIp: '172.30.0.41', port: 80, endpoints: [FIRST] },
      { name: 'HTTP', clusterIp: '172.30.0.42', port: 80, endpoints: [FIRST, SECOND] },
      {
        name: 'HTTPS',
        clusterIp: '172.30.0.42',
        port: 443,
        endpoints: [
          { ...FIRST, port: 8443 },
          { ...SECOND, port: 8443 },
        ],
      },
    ],
    [
      ['simple', '10.180.0.2', '172.30.0.41:80', '10.180.0.1:80 as-is'],
      ['hairpin', '10.180.0.1', '172.30.0.41:80', '10.180.0.1:80 masqueraded'],
      ['two endpoints', '10.180.0.2', '172.30.0.42:80', `${BOTH} as-is`],
      ['another target port', '10.180.0.2', '172.30.0.42:443', '10.180.0.1:8443, 10.180.2.1:8443 as-is'],
      ["not the other service's port", '10.180.0.2', '172.30.0.41:443', 'untouched'],
      ['a packet for no service', POD, '10.0.0.3:80', 'untouched'],
      ['from the node, which is no pod', NODE, '172.30.0.41:80', '10.180.0.1:80 masqueraded'],
    ],
  ],
  [
    'a load balancer for some sources (TestLoadBalancer)',
    [
      {
        name: 'LB',
        clusterIp: '172.30.0.41',
        port: 80,
        nodePort: 3001,
        loadBalancerIps: ['1.2.3.4', '5.6.7.8'],
        sourceRanges: ['192.168.0.0/24', '203.0.113.0/25'],
        endpoints: [FIRST],
      },
    ],
    [
      ['pod to cluster IP', POD, '172.30.0.41:80', '10.180.0.1:80 as-is'],
      ['outside to node port', CLIENT, `${NODE}:3001`, '10.180.0.1:80 masqueraded'],
      ['node ports know no source ranges', BLOCKED, `${NODE}:3001`, '10.180.0.1:80 masqueraded'],
      ['accepted at the first address', CLIENT, '1.2.3.4:80', '10.180.0.1:80 masqueraded'],
      ['accepted at the second', CLIENT, '5.6.7.8:80', '10.180.0.1:80 masqueraded'],
      ['blocked at the first', BLOCKED, '1.2.3.4:80', 'DROP'],
      ['blocked at the second', BLOCKED, '5.6.7.8:80', 'DROP'],
      ['pods are in no range', POD, '1.2.3.4:80', 'DROP'],
      ['the node is in one', NODE, '1.2.3.4:80', '10.180.0.1:80 masqueraded'],
      ["the node under the balancer's own address", '1.2.3.4', '1.2.3.4:80', '10.180.0.1:80 masqueraded'],
      ['and under the second', '5.6.7.8', '5.6.7.8:80', '10.180.0.1:80 masqueraded'],
    ],
  ],
  [
    'node ports (TestNodePorts)',
    [{ name: 'NP', clusterIp: '172.30.0.41', port: 80, nodePort: 3001, endpoints: [FIRST, SECOND] }],
    [
      ['pod to cluster IP', POD, '172.30.0.41:80', `${BOTH} as-is`],
      ['outside to node port', CLIENT, `${NODE}:3001`, `${BOTH} masqueraded`],
      ['the node to its own', NODE, `${NODE}:3001`, `${BOTH} masqueraded`],
      ['from the loopback address', '127.0.0.1', '127.0.0.1:3001', `${BOTH} masqueraded`],
      ["the node's other address", CLIENT, `${NODE2}:3001`, `${BOTH} masqueraded`],
      ['no service behind it', CLIENT, `${NODE}:3002`, 'INPUT'],
    ],
  ],
  [
    'outside traffic to local endpoints keeps its source (TestExternalTrafficPolicyLocal)',
    [
      {
        name: 'LOCAL',
        clusterIp: '172.30.0.41',
        port: 80,
        nodePort: 3001,
        externalIps: ['192.168.99.11'],
        loadBalancerIps: ['1.2.3.4'],
        externalPolicy: 'local',
        endpoints: [FIRST, SECOND],
      },
    ],
    [
      ['pod to cluster IP', POD, '172.30.0.41:80', `${BOTH} as-is`],
      ['pod to external IP', POD, '192.168.99.11:80', `${BOTH} as-is`],
      ['outside to external IP', CLIENT, '192.168.99.11:80', '10.180.2.1:80 as-is'],
      ['pod to load balancer', POD, '1.2.3.4:80', `${BOTH} as-is`],
      ['outside to load balancer', CLIENT, '1.2.3.4:80', '10.180.2.1:80 as-is'],
      ['pod to node port', POD, `${NODE}:3001`, `${BOTH} as-is`],
      ['outside to node port', CLIENT, `${NODE}:3001`, '10.180.2.1:80 as-is'],
    ],
  ],
  [
    'outside traffic to every endpoint is masqueraded (TestExternalTrafficPolicyCluster)',
    [
      {
        name: 'CLUSTER',
        clusterIp: '172.30.0.41',
        port: 80,
        nodePort: 3001,
        externalIps: ['192.168.99.11'],
        loadBalancerIps: ['1.2.3.4'],
        endpoints: [FIRST, SECOND],
      },
    ],
    [
      ['pod to cluster IP', POD, '172.30.0.41:80', `${BOTH} as-is`],
      ['pod to external IP', POD, '192.168.99.11:80', `${BOTH} masqueraded`],
      ['outside to external IP', CLIENT, '192.168.99.11:80', `${BOTH} masqueraded`],
      ['pod to load balancer', POD, '1.2.3.4:80', `${BOTH} masqueraded`],
      ['outside to load balancer', CLIENT, '1.2.3.4:80', `${BOTH} masqueraded`],
      ['pod to node port', POD, `${NODE}:3001`, `${BOTH} masqueraded`],
      ['outside to node port', CLIENT, `${NODE}:3001`, `${BOTH} masqueraded`],
    ],
  ],
  [
    'local endpoints only, and none here (TestTracePacket)',
    [
      {
        name: 'ELSEWHERE',
        clusterIp: '172.30.0.42',
        port: 80,
        nodePort: 3001,
        externalIps: ['192.168.99.22'],
        externalPolicy: 'local',
        healthCheckPort: 30000,
        endpoints: [FIRST],
      },
    ],
    [
      ['outside to external IP', CLIENT, '192.168.99.22:80', 'DROP'],
      ['outside to node port', CLIENT, `${NODE}:3001`, 'DROP'],
      ['the node to external IP', NODE, '192.168.99.22:80', '10.180.0.1:80 masqueraded'],
      ['the health check port', CLIENT, `${NODE}:30000`, 'INPUT'],
    ],
  ],
]
