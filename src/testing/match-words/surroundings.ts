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
        fc.oneof(
          { weight: 3, arbitrary: typeOf(at, 'dst') },
          { weight: 3, arbitrary: typeOf(at, 'src') },
          { weight: 1, arbitrary: joined(typeOf(at, 'src'), typeOf(at, 'dst')) },
        ),
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
        oneOf(
          '--uid-owner 0',
          '--gid-owner 0',
          '--uid-owner 1000',
          '--uid-owner 0-5',
          '--socket-exists',
          '--uid-owner 0 ! --gid-owner 0',
          '--uid-owner 0 --gid-owner 0-9 --socket-exists',
          '--gid-owner 5-9',
          '--gid-owner 0 --suppl-groups',
        ),
      ),
  },
  physdev: {
    words: () =>
      maybeNot(
        oneOf(
          '--physdev-is-in',
          '--physdev-is-bridged',
          '--physdev-in lan0',
          '--physdev-in lan+ --physdev-is-in',
          '--physdev-out wan0',
          '--physdev-is-out',
        ),
      ),
  },
  pkttype: {
    words: () => maybeNot(oneOf('--pkt-type unicast', '--pkt-type broadcast', '--pkt-type multicast')),
  },
  policy: {
    words: ({ hooks }) =>
      hooks.some(hook => hook === 'OUTPUT' || hook === 'POSTROUTING')
        ? oneOf(
            '--dir out --pol none',
            '--dir out --pol ipsec',
            '--dir out --pol ipsec --strict --reqid 1',
            '--dir out --pol ipsec --strict --proto esp --mode transport --next --proto ah --spi 5',
          )
        : hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
          ? oneOf(
              '--dir in --pol none',
              '--dir in --pol ipsec',
              '--dir in --pol ipsec ! --proto esp ! --spi 7',
            )
          : fc.constant('--dir in --pol none'),
  },
  realm: {
    words: () =>
      maybeNot(oneOf('--realm 0', '--realm 1', '--realm 0/0xff', '--realm 0x10/0x10', '--realm 0x0/0x0')),
  },
  rpfilter: {
    words: () =>
      joined(
        maybe(fc.constant('--loose')),
        maybe(fc.constant('--validmark')),
        maybe(fc.constant('--accept-local')),
        maybe(fc.constant('--invert')),
      ),
  },
  socket: {
    words: () =>
      joined(
        maybe(fc.constant('--transparent')),
        maybe(fc.constant('--nowildcard')),
        maybe(fc.constant('--restore-skmark')),
      ),
  },
  time: {
    words: () =>
      oneOf(
        '--timestart 00:00 --timestop 23:59:59',
        '--weekdays Mo,Tu,We,Th,Fr,Sa,Su',
        '--datestart 1970-01-01',
        '--datestart 1970-01-01 --datestop 2037-12-31',
        '--timestart 00:00 --timestop 23:59:59 --kerneltz',
        `--monthdays ${Array.from({ length: 31 }, (_, day) => day + 1).join(',')}`,
        '--timestart 12:00 --timestop 11:59:59 --contiguous',
        '--datestart 2037-01-01T12:00:00',
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

/** From a host of the site on, to its network's end or only a little farther; sometimes that host alone. */
function range(option: string, pool: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...pool), fc.constantFrom(255, 255, 0, 1, 5)).map(([host, more]) => {
    if (host.includes(':')) {
      const last = Number.parseInt(/[^:]*$/.exec(host)![0] || '0', 16)
      const end = more === 255 ? 0xffff : Math.min(0xffff, last + more)
      return `${option} ${host}-${host.replace(/[^:]*$/, end.toString(16))}`
    }
    return `${option} ${host}-${host.replace(/\d+$/, last => String(Math.min(255, Number(last) + more)))}`
  })
}

function typeOf({ site }: WordContext, end: 'src' | 'dst'): fc.Arbitrary<string> {
  const known = ['LOCAL', 'UNICAST', 'MULTICAST', 'ANYCAST', 'UNREACHABLE', 'UNSPEC']
  const types =
    site.family === 6 ? known : [...known, 'BROADCAST', 'LOCAL', 'THROW', 'NAT', 'PROHIBIT', 'BLACKHOLE']
  const several = fc.shuffledSubarray([...new Set(types)], { minLength: 1, maxLength: 4 })
  return fc
    .tuple(
      fc.constantFrom('', '', '', '! '),
      fc.oneof(
        fc.constantFrom(...types),
        several.map(list => list.join(',')),
      ),
    )
    .map(([not, list]) => `${not}--${end}-type ${list}`)
}
