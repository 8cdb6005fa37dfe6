import { defineMatch, OptionError } from '../extension.ts'
import { parseNumber, scanNumber } from '../numbers.ts'
import { type Masked, maskedText, not, UINT32_MAX } from './support.ts'

interface RealmOptions {
  readonly realm: Masked
  readonly negated: boolean
}

/** The only realm that has a name is `cosmos`, 0. */
const COSMOS = 'cosmos'

/** `-m realm`: net/netfilter/xt_realm.c. The realm of the packet's route; the simulator's routes are all of realm 0. */
export const realm = defineMatch<RealmOptions>({
  name: 'realm',
  families: [4],
  hooks: ['INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  summary: "the realm of the packet's route",
  options: [
    {
      name: 'realm',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'value[/mask]',
      help: 'the realm, where the mask is set',
      set(options, [text = ''], negated) {
        options.realm = parseRealm(text)
        options.negated = negated
      },
    },
  ],
  save: ({ realm, negated }) => `${not(negated)}--realm ${realmText(realm, false)}`,
  list: ({ realm, negated }, _family, numeric) => `${not(negated)}realm ${realmText(realm, numeric)}`,
  compile: ({ realm, negated }) => [
    {
      option: `${not(negated)}--realm ${realmText(realm, false)}`,
      passes: () => (realm.value === 0) !== negated,
      seen: () => 'realm 0x0',
    },
  ],
})

function parseRealm(text: string): Masked {
  if (text === COSMOS) return { value: 0, mask: -1 }
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.value > UINT32_MAX || (scanned.rest !== '' && scanned.rest[0] !== '/'))
    throw new OptionError(`unknown realm '${text}'`, { expected: 'value, value/mask or cosmos' })
  const value = Number(scanned.value) | 0
  if (scanned.rest === '') return { value, mask: -1 }
  const mask = parseNumber(scanned.rest.slice(1), 0, UINT32_MAX)
  if (mask === undefined) throw new OptionError(`bad mask in '${text}'`, { expected: 'value/mask' })
  return { value, mask: mask | 0 }
}

function realmText(realm: Masked, numeric: boolean): string {
  return !numeric && realm.value === 0 && realm.mask === -1 ? COSMOS : maskedText(realm)
}
