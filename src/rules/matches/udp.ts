import { defineMatch } from '../extension.ts'
import { headerTest, type PortMatch, portTest } from '../port-tests.ts'
import { listPorts, parseLooseRange, savePorts } from '../ports.ts'

export interface UdpOptions {
  readonly sport?: PortMatch
  readonly dport?: PortMatch
}

/** `-m udp`: net/netfilter/xt_tcpudp.c, `udp_mt`. */
export const udp = defineMatch<UdpOptions>({
  name: 'udp',
  protocols: [17],
  summary: 'UDP source and destination ports',
  options: [
    {
      name: 'source-port',
      aliases: ['sport'],
      arguments: 1,
      negatable: true,
      placeholder: 'port[:port]',
      help: 'source port or ports',
      set(options, [text = ''], negated) {
        options.sport = { ...parseLooseRange(text), negated }
      },
    },
    {
      name: 'destination-port',
      aliases: ['dport'],
      arguments: 1,
      negatable: true,
      placeholder: 'port[:port]',
      help: 'destination port or ports',
      set(options, [text = ''], negated) {
        options.dport = { ...parseLooseRange(text), negated }
      },
    },
  ],
  save: options => `${savePorts('sport', options.sport)}${savePorts('dport', options.dport)}`.trimStart(),
  list: (options, _family, numeric) =>
    `udp${listPorts('spt', options.sport, 'udp', numeric)}${listPorts('dpt', options.dport, 'udp', numeric)}`,
  compile: options => [
    headerTest('udp', 8, false),
    ...portTest('sport', options.sport),
    ...portTest('dport', options.dport),
  ],
})
