import fc from 'fast-check'
import type { Site } from './site.ts'
import { address, device, joined, maybe, maybeNot, oneOf, PORTS, prefix, type WordContext } from './words.ts'

/** A set of every type that rules may name, by name: what `create` says of it besides the family. */
const SETS: { readonly [name: string]: string } = {
  hosts: 'hash:ip',
  counted: 'hash:ip counters skbinfo',
  masked: 'hash:ip netmask 24',
  small: 'hash:ip maxelem 4',
  nets: 'hash:net',
  netcount: 'hash:net counters',
  ports: 'bitmap:port range 0-50000',
  hostports: 'hash:ip,port counters',
  netports: 'hash:net,port',
  pairs: 'hash:ip,port,ip',
  netpairs: 'hash:ip,port,net',
  ifaces: 'hash:net,iface',
  range: 'bitmap:ip range 10.6.0.0-10.6.1.255',
  neighbours: 'bitmap:ip,mac range 10.6.0.0-10.6.1.255 counters skbinfo',
  linked: 'hash:ip,port netmask 24',
  bits: 'hash:ip bitmask MASK',
  any: 'list:set counters skbinfo',
  either: 'list:set',
}

/**
 * An `ipset restore` text that creates a set of every type, all with a few elements of the site: what the rules of
 * `MATCH_WORDS.set` and `TARGET_WORDS.SET` name. Nothing in it runs out.
 *
 * @example
 * const [text] = fc.sample(setsText(GATEWAY), 1)
 * text.split('\n')[0] // 'create hosts hash:ip family inet'
 */
export function setsText(site: Site): fc.Arbitrary<string> {
  const names = Object.keys(SETS)
  const creates = names.map(
    name => `create ${name} ${SETS[name]!.replace('MASK', mask(site))}${familyWords(SETS[name]!, site)}`,
  )
  return fc
    .tuple(
      ...names.map(name => fc.array(elementLine(name, SETS[name]!, site), { maxLength: 4, size: 'max' })),
    )
    .map(lines => [...creates, ...lines.flat(), ''].join('\n'))
}

function familyWords(create: string, site: Site): string {
  return create.startsWith('hash:') ? ` family ${site.family === 4 ? 'inet' : 'inet6'}` : ''
}

function mask({ family }: Site): string {
  return family === 4 ? '255.255.0.255' : 'ffff:ffff::ffff:ffff'
}

function elementLine(name: string, create: string, site: Site): fc.Arbitrary<string> {
  const dimensions = create.split(' ')[0]!.split(':')[1]!.split(',')
  const element = fc
    .tuple(...dimensions.map(dimension => part(dimension, create, site)))
    .map(parts => parts.filter(text => text !== '').join(','))
  return joined(
    fc.constant(`add -exist ${name}`),
    element,
    create.includes('counters') ? maybe(oneOf('packets 1 bytes 100', 'packets 7 bytes 1')) : fc.constant(''),
    create.includes('skbinfo') ? maybe(oneOf('skbmark 0x5', 'skbmark 0x2/0xf')) : fc.constant(''),
    dimensions.includes('net') ? maybe(fc.constant('nomatch')) : fc.constant(''),
  )
}

function part(dimension: string, create: string, site: Site): fc.Arbitrary<string> {
  switch (dimension) {
    case 'ip':
      if (create.includes('mac')) return oneOf('10.6.0.2', '10.6.0.3', '10.6.1.7')
      if (create.startsWith('bitmap')) return oneOf('10.6.0.2', '10.6.0.3', '10.6.1.7', '10.6.0.0/30')
      return address(site)
    case 'net':
      return fc.oneof(
        address(site),
        prefix(site).filter(text => !text.endsWith('/0')),
      )
    case 'port':
      return create.startsWith('bitmap') ? portNumber(50000) : portWords(site)
    case 'mac':
      return maybe(oneOf('02:00:00:00:00:01', '02:00:00:00:00:02'))
    case 'iface':
      return device(site).map(name => name.replace('+', ''))
    default:
      return oneOf(...Object.keys(SETS).filter(name => !SETS[name]!.startsWith('list')))
  }
}

function portNumber(most: number): fc.Arbitrary<string> {
  return oneOf(...PORTS.filter(port => port <= most).map(String))
}

function portWords(site: Site): fc.Arbitrary<string> {
  const icmp = site.family === 4 ? ['icmp:echo-request', 'icmp:echo-reply'] : ['icmpv6:echo-request']
  return fc.oneof(
    fc.tuple(oneOf('tcp', 'udp', 'sctp', 'udplite'), portNumber(65535)).map(words => words.join(':')),
    oneOf(...icmp, 'esp:0', 'gre:0'),
  )
}

const reference: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...Object.keys(SETS)),
    fc.array(fc.constantFrom('src', 'dst'), { minLength: 1, maxLength: 4, size: 'max' }),
  )
  .map(([name, directions]) => `${name} ${directions.join(',')}`)

/** What stands behind `-m set`. */
export function setMatch(): fc.Arbitrary<string> {
  return joined(
    maybeNot(reference.map(words => `--match-set ${words}`)),
    maybe(fc.constant('--return-nomatch')),
    maybe(oneOf('! --update-counters', '! --update-subcounters')),
    maybe(oneOf('--packets-gt 1', '--packets-lt 3', '--packets-eq 1', '! --packets-eq 7')),
    maybe(oneOf('--bytes-gt 60', '--bytes-lt 200', '! --bytes-eq 100')),
  )
}

/** What stands behind `-j SET`. */
export function setTargetWords({ table }: WordContext): fc.Arbitrary<string> {
  const add = joined(
    reference.map(words => `--add-set ${words}`),
    maybe(fc.constant('--exist')),
    maybe(oneOf('--timeout 600', '--timeout 0')),
  )
  const del = reference.map(words => `--del-set ${words}`)
  const map = reference.map(words => `--map-set ${words} --map-mark`)
  return fc.oneof(add, add, del, joined(add, del), ...(table === 'mangle' ? [map] : []))
}
