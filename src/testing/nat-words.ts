import fc from 'fast-check'
import { address, oneOf, port, type WordContext } from './words.ts'

/** Protocols whose ports NAT may be told to change. */
export const PORTED = [6, 17, 132]

/** Networks small and large, hosts alone, with and without a length. */
export function networkMap({ site }: WordContext): fc.Arbitrary<string> {
  const lengths = site.family === 4 ? ['/24', '/25', '/32', '/30', '/8', ''] : ['/64', '/128', '/120', '']
  return fc.oneof(
    site.family === 4
      ? oneOf('--to 198.51.100.0/24', '--to 10.6.0.0/25', '--to 203.0.113.0/28', '--to 10.6.0.0/255.255.0.0')
      : oneOf('--to 2001:db8:100::/64', '--to 2001:db8:50::/64'),
    fc.tuple(address(site), fc.constantFrom(...lengths)).map(([host, length]) => `--to ${host}${length}`),
  )
}

export function destinationNat({ site, protocol }: WordContext): fc.Arbitrary<string> {
  const hosts = Object.values(site.hosts).flat()
  const host = fc.constantFrom(...hosts)
  const wrap = (text: string): string => (site.family === 6 ? `[${text}]` : text)
  const plain = host.map(text => `--to-destination ${text}`)
  const ranged = host.map(text => `--to-destination ${text}-${nextAddress(text)}`)
  if (!PORTED.includes(protocol))
    return fc.oneof(
      plain,
      ranged,
      plain.map(words => `${words} --persistent`),
    )
  return fc.oneof(
    plain,
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:${n}`),
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:${n}-${Math.min(65535, n + 3)}`),
    ranged,
    // of one port: which of several --random takes, no recording can say
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:${n} --random`),
    // the port moves with the one asked for
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:6000-6100/${n}`),
    ...(site.family === 4 ? [oneOf('--to-destination :8080', '--to-destination :5000-5003')] : []),
  )
}

export function sourceNat({ site, protocol }: WordContext): fc.Arbitrary<string> {
  const spare = site.family === 4 ? '203.0.113.9' : '2001:db8:ffff::9'
  const own = site.family === 4 ? '203.0.113.1' : '2001:db8:ffff::1'
  const wrap = (text: string): string => (site.family === 6 ? `[${text}]` : text)
  const plain = [
    `--to-source ${own}`,
    `--to-source ${spare}`,
    `--to-source ${spare}-${nextAddress(spare)}`,
    `--to-source ${spare}-${nextAddress(spare)} --persistent`,
    `--to-source ${spare} --random-fully`,
  ]
  if (!PORTED.includes(protocol)) return oneOf(...plain)
  return oneOf(
    ...plain,
    `--to-source ${wrap(own)}:41024-41025`,
    `--to-source ${wrap(own)}:40000-40009`,
    `--to-source ${wrap(own)}:40000-40009 --random`,
    `--to-source ${wrap(spare)}:500-600`,
    `--to-source ${wrap(own)}:80`,
    `--to-source ${spare}-${nextAddress(spare)}${site.family === 4 ? ':5000-5001' : ''}`,
  )
}

/** Three further on, within the last group. */
function nextAddress(text: string): string {
  return text.includes(':')
    ? text.replace(/[^:]+$/, last => (Number.parseInt(last, 16) + 3).toString(16))
    : text.replace(/\d+$/, last => String(Math.min(255, Number(last) + 3)))
}
