import { Address, type Family } from '../address.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import type { HostResolver } from './addresses.ts'

/**
 * A resolver that knows the names of a text like `/etc/hosts`, and answers as glibc does from that file: names in any case,
 * every line that has the name, `::1` and `::ffff:192.0.2.1` as IPv4 addresses too (hosts(5), `nss/nss_files/files-hosts.c`).
 *
 * @param text lines `address name name …`; `#` begins a comment
 * @param file the text's name in diagnostics
 * @throws DiagnosticError for every line that is wrong (the C library passes over them)
 * @example
 * const resolveHost = hostResolver('192.0.2.1 web www.example\n2001:db8::1 web')
 * String(resolveHost('WEB', 4)) // '192.0.2.1'
 * String(resolveHost('web', 6)) // '2001:db8::1'
 * resolveHost('mail', 4) // []
 * const { ruleset } = parseRules('iptables -A INPUT -s web -j DROP', { family: 4, resolveHost })
 * listCommands(ruleset).split('\n').at(-2) // '-A INPUT -s 192.0.2.1/32 -j DROP'
 */
export function hostResolver(text: string, file?: string): HostResolver {
  const known = new Map<string, Address[]>()
  const wrong: Diagnostic[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = [...line.replace(/#.*/, '').matchAll(/[^\s]+/g)]
    const [first, ...names] = words
    if (first === undefined) continue
    const address = Address.tryParse(first[0])
    const complain = (message: string, column: number, expected: string): void => {
      const place = { ...(file !== undefined && { file }), line: index + 1, column }
      wrong.push({ severity: 'error', ...place, message, code: 'syntax', expected })
    }
    if (address === undefined) complain(`'${first[0]}' is no address`, first.index + 1, 'address name …')
    else if (names.length === 0)
      complain(`'${first[0]}' has no name`, first.index + first[0].length + 1, 'a name behind the address')
    for (const name of address === undefined ? [] : new Set(names.map(([word]) => word.toLowerCase())))
      known.set(name, [...(known.get(name) ?? []), address!])
  }
  if (wrong.length > 0) throw new DiagnosticError(wrong)
  return (name, family) =>
    (known.get(name.toLowerCase()) ?? []).flatMap(address => inFamily(address, family) ?? [])
}

function inFamily(address: Address, family: Family): Address | undefined {
  if (address.family === family) return address
  if (family === 6) return undefined
  const text = String(address)
  return Address.tryParse(text === '::1' ? '127.0.0.1' : (/^::ffff:(.*)$/.exec(text)?.[1] ?? ''))
}
