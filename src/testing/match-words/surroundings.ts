import fc from 'fast-check'
import {
  addresses,
  joined,
  markValue,
  maybe,
  maybeNot,
  oneOf,
  type ThemeWords,
  type WordContext,
} from '../words.ts'

/** Where a packet comes from and goes to, who sent it, when, and what rules said of it. */
export const SURROUNDINGS_WORDS: ThemeWords = {
  addrtype: {
    words: at =>
      joined(
        maybeNot(oneOf('--dst-type', '--src-type')),
        at.site.family === 4
          ? oneOf('LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'ANYCAST', 'LOCAL,BROADCAST', 'UNSPEC')
          : oneOf('LOCAL', 'UNICAST', 'MULTICAST', 'ANYCAST', 'UNSPEC'),
        maybe(limitIface(at)),
      ),
  },
  cgroup: { words: () => maybeNot(oneOf('--cgroup 0', '--cgroup 7', '--path /')) },
  comment: { words: () => oneOf('--comment web', '--comment "two words"', '--comment "it\'s \\"quoted\\""') },
  devgroup: { words: ({ hooks }) => deviceGroups(hooks.includes('OUTPUT') || hooks.includes('POSTROUTING')) },
  iprange: {
    words: ({ site }) =>
      joined(
        maybeNot(range('--src-range', addresses(site))),
        maybe(maybeNot(range('--dst-range', addresses(site)))),
      ),
  },
  mac: { words: () => maybeNot(fc.constant('--mac-source 02:00:00:00:00:01')) },
  mark: { words: () => markValue() },
  owner: {
    words: () =>
      maybeNot(
        oneOf('--uid-owner 0', '--gid-owner 0', '--uid-owner 1000', '--uid-owner 0-5', '--socket-exists'),
      ),
  },
  physdev: { words: () => maybeNot(oneOf('--physdev-is-in', '--physdev-is-bridged', '--physdev-in lan0')) },
  pkttype: {
    words: () => maybeNot(oneOf('--pkt-type unicast', '--pkt-type broadcast', '--pkt-type multicast')),
  },
  policy: {
    words: ({ hooks }) =>
      hooks.some(hook => hook === 'OUTPUT' || hook === 'POSTROUTING')
        ? oneOf('--dir out --pol none', '--dir out --pol ipsec')
        : hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
          ? oneOf('--dir in --pol none', '--dir in --pol ipsec')
          : fc.constant('--dir in --pol none'),
  },
  realm: { words: () => maybeNot(oneOf('--realm 0', '--realm 1', '--realm 0/0xff', '--realm 0x10/0x10')) },
  rpfilter: {
    words: () =>
      joined(
        maybe(fc.constant('--loose')),
        maybe(fc.constant('--validmark')),
        maybe(fc.constant('--accept-local')),
        maybe(fc.constant('--invert')),
      ),
  },
  socket: { words: () => joined(maybe(fc.constant('--transparent')), maybe(fc.constant('--nowildcard'))) },
  time: {
    words: () =>
      oneOf(
        '--timestart 00:00 --timestop 23:59:59',
        '--weekdays Mo,Tu,We,Th,Fr,Sa,Su',
        '--datestart 1970-01-01',
      ),
  },
}

function limitIface({ hooks }: WordContext): fc.Arbitrary<string> {
  if (hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT')) return fc.constant('--limit-iface-in')
  if (hooks.every(hook => hook === 'OUTPUT' || hook === 'POSTROUTING'))
    return fc.constant('--limit-iface-out')
  return fc.constant('')
}

function deviceGroups(outgoing: boolean): fc.Arbitrary<string> {
  return maybeNot(
    outgoing ? oneOf('--dst-group 0x0', '--dst-group 0x1') : oneOf('--src-group 0x0', '--src-group 0x1/0xff'),
  )
}

function range(option: string, pool: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...pool).map(host => {
    const last = host.includes(':') ? `${host.replace(/[^:]*$/, '')}ffff` : host.replace(/\d+$/, '255')
    return `${option} ${host}-${last}`
  })
}
