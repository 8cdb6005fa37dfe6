/** Texts for `ipset restore`: as people write them, and the same with something odd about them. */
import fc from 'fast-check'

/** `right`: nearly all of it means something; `odd`: changed in one place or two. */
export const KINDS = ['right', 'odd']

const one = (...values) => fc.constantFrom(...values)
const often = (words, weight = 3) =>
  fc.oneof({ weight, arbitrary: words }, { weight: 1, arbitrary: fc.constant('') })
const seldom = (words, weight = 4) =>
  fc.oneof({ weight: 1, arbitrary: words }, { weight, arbitrary: fc.constant('') })
const joined = (...parts) => fc.tuple(...parts).map(words => words.filter(word => word !== '').join(' '))

const TYPES = [
  'hash:ip',
  'hash:net',
  'hash:ip,port',
  'hash:net,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,iface',
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'list:set',
  'list:set',
]

const V4 = ['10.6.0.1', '10.6.0.2', '10.6.0.200', '10.6.1.7', '10.6.0.100', '10.6.0.3']
const V6 = ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::', 'fe80::1', '::1', '2001:DB8::A']
const MACS = [
  '02:00:00:00:00:01',
  '02:00:00:00:00:02',
  'aa:BB:cc:dd:ee:ff',
  '00:00:00:00:00:00',
  '2:0:0:0:0:1',
]

/** The text of a seed: always the same. @param {string} kind */
export function textOf(kind, seed) {
  return fc.sample(fc.noBias(kind === 'odd' ? ODD : RIGHT), { numRuns: 1, seed })[0]
}

const set = index =>
  fc
    .record({
      type: one(...TYPES),
      family: one(4, 4, 6),
      extensions: fc.tuple(
        seldom(one('timeout 600', 'timeout 0')),
        ...['counters', 'comment', 'skbinfo'].map(word => seldom(fc.constant(word), 2)),
      ),
    })
    .chain(({ type, family, extensions }) =>
      joined(
        ...OPTIONS[type].map(option => createOption(option, family)),
        ...extensions.map(words => fc.constant(words)),
      ).map(words => ({
        name: `s${index}`,
        type,
        family: type.startsWith('hash') ? family : 4,
        words: `${type.startsWith('hash') && family === 6 ? 'family inet6 ' : ''}${words}`,
      })),
    )

const HASH = ['maxelem', 'hashsize', 'bucketsize']
const OPTIONS = {
  'hash:ip': [...HASH, 'netmask'],
  'hash:net': HASH,
  'hash:ip,port': [...HASH, 'netmask'],
  'hash:net,port': HASH,
  'hash:ip,port,ip': HASH,
  'hash:ip,port,net': HASH,
  'hash:net,iface': HASH,
  'bitmap:ip': ['range', 'bitmap netmask'],
  'bitmap:ip,mac': ['range'],
  'bitmap:port': ['port range'],
  'list:set': ['size'],
}

function createOption(option, family) {
  switch (option) {
    case 'maxelem':
      return seldom(one('maxelem 3', 'maxelem 1000', 'forceadd'), 8)
    case 'hashsize':
      return seldom(one('hashsize 64', 'hashsize 100', 'hashsize 1', 'hashsize 0'), 8)
    case 'bucketsize':
      return seldom(one('bucketsize 3', 'bucketsize 8', 'bucketsize 0', 'bucketsize 255'), 8)
    case 'netmask':
      return seldom(
        family === 4
          ? one(
              'netmask 24',
              'netmask 32',
              'netmask 30',
              'bitmask 255.255.0.255',
              'bitmask 255.255.255.0',
              'netmask 24 bitmask 255.255.255.0',
            )
          : one('netmask 64', 'netmask 128', 'bitmask ffff:ffff::ff', 'bitmask ffff:ffff:ffff:ffff::'),
      )
    case 'range':
      return one(
        'range 10.6.0.0/24',
        'range 10.6.0.0-10.6.1.255',
        'range 10.6.0.0/15',
        'range 10.6.0.9-10.6.0.1',
        'range 10.6.0.77/25',
        'range 10.6.0.1',
      )
    case 'bitmap netmask':
      return seldom(one('netmask 24', 'netmask 30', 'netmask 32', 'netmask 8'))
    case 'port range':
      return one(
        'range 0-1024',
        'range 80-90',
        'range 90-80',
        'range 0-65535',
        'range 80',
        'range http-8080',
        'range tcp:80-90',
      )
    case 'size':
      return seldom(one('size 2', 'size 0', 'size 100'))
    default:
      throw new RangeError(option)
  }
}

function element({ type, family }, sets) {
  const [method, dimensions] = type.split(':')
  if (method === 'list') return one(...elementSets(sets))
  return fc
    .tuple(...dimensions.split(',').map((dimension, at) => part(dimension, method, family, at)))
    .map(parts => parts.filter(text => text !== '').join(','))
}

/** What stands for each dimension, by the family; the second list for what stands in the second place. */
const PARTS = {
  'bitmap ip': () => one(...V4.filter(text => text.startsWith('10.6.0')), '10.6.0.0/30', '10.6.0.9-10.6.0.6'),
  'bitmap port': () => one('80', '80-82', '85', '90-88', 'tcp:81', 'udp:83', 'http', '[http]-82'),
  mac: () => fc.oneof({ weight: 4, arbitrary: one(...MACS) }, { weight: 1, arbitrary: fc.constant('') }),
  iface: () => one('lan0', 'wan0', 'ppp', 'physdev:lan0', 'lan10', 'lan'),
  'first ip 4': () =>
    one(...V4, '10.6.0.0/30', '10.6.0.1-10.6.0.4', '10.6.0.9-10.6.0.6', '10.6.0.8/32', '10.6.0.5/31'),
  'second ip 4': () => one(...V4, '10.6.0.1/32'),
  'ip 6': () => one(...V6, '2001:db8::1/128'),
  'net 4': () =>
    one(
      ...V4,
      ...[32, 31, 24, 16, 8, 1].map(bits => `10.6.1.7/${bits}`),
      '10.6.0.0-10.6.0.7',
      '10.6.0.3-10.6.0.9',
    ),
  'net 6': () => one(...V6, ...[128, 64, 32, 1].map(bits => `2001:db8::1/${bits}`)),
  'port 4': () => one(...PORTS, 'icmp:8/0', 'icmp:echo-request', 'icmp:3/4'),
  'port 6': () => one(...PORTS, 'icmpv6:128/0', 'icmpv6:echo-reply', 'icmpv6:1/3'),
}

const PORTS = [
  '80',
  'tcp:80',
  'udp:53',
  'tcp:80-82',
  'udp:9-7',
  'sctp:7',
  'udplite:9',
  'gre:0',
  '50:0',
  'esp:0',
  'tcp:http',
  'udp:domain',
  'tcp:0',
]

function elementSets(sets) {
  const names = sets.filter(({ type }) => type !== 'list:set').map(({ name }) => name)
  return names.length > 0 ? names : ['s0']
}

function part(dimension, method, family, at) {
  const place = at === 0 ? 'first' : 'second'
  const names = [
    `${method} ${dimension}`,
    dimension,
    `${place} ${dimension} ${family}`,
    `${dimension} ${family}`,
  ]
  return PARTS[names.find(name => name in PARTS)]()
}

function elementWords({ type, words }) {
  const isNet = /net/.test(type)
  return joined(
    words.includes('timeout') ? seldom(one('timeout 600', 'timeout 0', 'timeout 90'), 1) : fc.constant(''),
    words.includes('counters')
      ? seldom(one('packets 7 bytes 300', 'packets 1', 'bytes 9', 'bytes 9007199254740991'), 1)
      : fc.constant(''),
    words.includes('comment')
      ? seldom(one('comment "a b"', 'comment x', 'comment "it\'s, a-b/c"', 'comment "nomatch"'), 1)
      : fc.constant(''),
    words.includes('skbinfo')
      ? seldom(
          one(
            'skbmark 0x1',
            'skbmark 0x1/0xff',
            'skbmark 0x0/0x0',
            'skbprio 1:10',
            'skbprio 0:0',
            'skbqueue 3',
            'skbmark 0x5 skbqueue 1',
          ),
          1,
        )
      : fc.constant(''),
    isNet ? seldom(fc.constant('nomatch'), 3) : fc.constant(''),
    type === 'hash:net,iface' ? seldom(fc.constant('wildcard'), 3) : fc.constant(''),
  )
}

function placeWords({ type }, sets) {
  if (type !== 'list:set') return fc.constant('')
  return seldom(
    fc.tuple(one('before', 'after'), one(...elementSets(sets))).map(words => words.join(' ')),
    8,
  )
}

function command(sets) {
  const names = sets.map(({ name }) => name)
  const member = words =>
    one(...sets).chain(chosen =>
      joined(
        fc.constant(words[0]),
        seldom(fc.constant('-exist'), 1),
        fc.constant(chosen.name),
        element(chosen, sets),
        words[0] === 'add' ? elementWords(chosen) : fc.constant(''),
        placeWords(chosen, sets),
      ),
    )
  return fc.oneof(
    { weight: 30, arbitrary: member(['add']) },
    { weight: 5, arbitrary: member(['del']) },
    { weight: 1, arbitrary: member(['test']) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(one('swap', 'rename'), one(...names), one(...names, 'other'))
        .map(words => words.join(' ')),
    },
    { weight: 1, arbitrary: joined(one('flush', 'destroy'), often(one(...names))) },
    { weight: 1, arbitrary: one('# a remark', '', '  ', 'COMMIT') },
  )
}

const RIGHT_LINES = fc
  .tuple(set(0), set(1), set(2))
  .chain(sets =>
    fc.record({
      exist: fc.constantFrom('', '-exist ', '-exist '),
      creates: fc.constant(sets.map(({ name, type, words }) => `create ${name} ${type} ${words}`.trim())),
      commands: fc.array(command(sets), { minLength: 1, maxLength: 7, size: 'max' }),
    }),
  )
  .map(({ exist, creates, commands }) => [`${exist}${creates[0]}`, ...creates.slice(1), ...commands])

const RIGHT = RIGHT_LINES.map(lines => `${lines.join('\n')}\n`)

const WORDS = [
  'timeout 0',
  '255.255.255.255',
  '0.0.0.0',
  '::',
  '::ffff:10.0.0.1',
  '02-00-00-00-00-01',
  'skbmark 5',
  'skbmark 0/0',
  '10.6.0.0/30-10.6.0.8',
  '10.6.0.1/0',
  '2001:db8::1-2001:db8::3',
  'maxelem 0',
  'bytes 18446744073709551615',
  'comment ""',
  '-1',
  '0',
  '1',
  '32',
  '33',
  '128',
  '129',
  '255',
  '256',
  '65535',
  '65536',
  '010',
  '0x10',
  '1.5',
  '4294967295',
  '4294967296',
  '2147483',
  '2147484',
  '99999999999999999999',
  '18446744073709551616',
  '10.6.0.1',
  '10.6.0.0/24',
  '10.6.0.1-10.6.0.5',
  '10.6.0.1,tcp:80',
  '10.6.0.1,80,10.6.0.2',
  '10.6',
  '10.6.0.256',
  '10.6.0.0/33',
  '10.6.0.0/255.255.255.0',
  '::1',
  '2001:db8::/129',
  '[10.6.0.1]',
  '[::1]',
  '10.6.0.1,',
  ',',
  '-',
  '10.6.0.1-',
  '0/0',
  '0.0.0.0/0',
  'tcp:80',
  'tcp:',
  ':80',
  'tcp:80-',
  'foo:80',
  'icmp:300/0',
  'tcp:65536',
  'nosuchservice',
  '6:80',
  '0:0',
  '256:0',
  'TCP:80',
  'all:0',
  'timeout',
  'comment',
  'counters',
  'skbinfo',
  'nomatch',
  'wildcard',
  'packets',
  'before',
  'family',
  'inet',
  'inet6',
  'maxelem',
  'netmask',
  'bitmask',
  'range',
  'initval',
  'bucketsize',
  'hashsize',
  'forceadd',
  'size',
  '-exist',
  '-!',
  '-quiet',
  '-q',
  '-sorted',
  '-name',
  '--timeout',
  '-6',
  '--family',
  's0',
  's1',
  's2',
  'nosuchset',
  'averyveryverylongsetname123456789',
  'anamewith31characters0123456789',
  'hash:ip',
  'iphash',
  'hash:mac',
  'hash:',
  'setlist',
  'ip,hash',
  'hash:ip,hash:ip',
  'bitmap:port',
  'portmap',
  'nethash',
  '"',
  '""',
  '"a b"',
  "'a b'",
  '\\"',
  'a"b',
  '"a"b',
  '#',
  'a,b',
  '02:00:00:00:00:01',
  '02:00:00:00:00',
  '02:00:00:00:00:0g',
  'lan0',
  'physdev:',
  'physdev:lan0',
  'fifteenletters1',
  'sixteenletters12',
  'lan+',
  'add',
  'create',
  'del',
  'n',
  '-A',
  '-N',
  'x',
  'A',
  'quit',
  'list',
  'save',
  '-D',
  'e',
  'w',
  'help',
  'version',
  'COMMIT',
  'restore',
  '-X',
  'test',
  'N',
  'swap',
  'flush',
  '0x1/0xff',
  '0x100000000',
  '1:10',
  '1:10000',
  'g:1',
  '0x1:0x2',
  '1',
]

const change = fc.record({
  kind: one('replace', 'insert', 'remove', 'swap', 'double'),
  at: fc.nat(),
  word: one(...WORDS),
})

function changed(lines, { kind, at, word }) {
  const places = lines.flatMap((line, index) =>
    (line.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((_, place) => [index, place]),
  )
  const [index, place] = places[at % places.length]
  const words = lines[index].match(/(?:[^\s"]|"[^"]*")+/g)
  if (kind === 'replace') words[place] = word
  if (kind === 'insert') words.splice(place, 0, word)
  if (kind === 'remove') words.splice(place, 1)
  if (kind === 'double') words.splice(place, 0, words[place])
  if (kind === 'swap') words.splice(place, 2, ...words.slice(place, place + 2).reverse())
  return lines.with(index, words.join(' '))
}

const ODD = fc
  .record({ lines: RIGHT_LINES, changes: fc.array(change, { minLength: 1, maxLength: 2 }) })
  .map(({ lines, changes }) => `${changes.reduce(changed, lines).join('\n')}\n`)
