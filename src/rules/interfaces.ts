import { OptionError } from './extension.ts'
import type { InterfaceMatch } from './model.ts'

const IFNAMSIZ = 16

/**
 * The argument of `-i` and `-o`: a device's name, or its beginning and `+`.
 *
 * @throws OptionError
 */
export function parseInterface(text: string, negated: boolean): InterfaceMatch {
  if (text === '') throw new OptionError('an empty interface name', { expected: 'a name like eth0, or eth+' })
  if (byteLength(text) >= IFNAMSIZ)
    throw new OptionError(`interface name '${text}' is too long`, {
      expected: `at most ${IFNAMSIZ - 1} characters`,
    })
  const wildcard = text.endsWith('+')
  return { name: wildcard ? text.slice(0, -1) : text, wildcard, negated }
}

/** The kernel counts bytes. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
