import { defineMatch, OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { hex, type Masked, maskedText, not, parseMasked } from './support.ts'

interface RealmOptions {
  readonly realm: Masked
  readonly negated: boolean
}

/** The only name that every box knows (/etc/iproute2/rt_realms). */
const COSMOS = 'cosmos'

/** What no route says otherwise: routes of the model carry no realms. */
const REALM_OF_ROUTES = 0

/** `-m realm`: net/netfilter/xt_realm.c. The realm of the route that the packet takes. */
export const realm = defineMatch<RealmOptions>({
  name: 'realm',
  families: [4],
  hooks: ['INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  summary: "the realm of the packet's route; routes of the model have none, so it is 0",
  options: [
    {
      name: 'realm',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'value[/mask]',
      help: 'the realm, where the mask is set; cosmos is 0',
      set(options, [text = ''], negated) {
        options.realm = parseRealm(text)
        options.negated = negated
      },
    },
  ],
  save: realmText,
  list: ({ realm, negated }, _family, numeric) =>
    `${not(negated)}realm ${numeric && isCosmos(realm) ? hex(0) : valueText(realm)}`,
  compile(options) {
    const { realm, negated } = options
    const holds = (realm.value === (REALM_OF_ROUTES & realm.mask)) !== negated
    return [
      {
        option: realmText(options),
        passes: () => holds,
        seen: () => `realm ${hex(REALM_OF_ROUTES)}`,
        pure: true,
      },
    ]
  },
})

/** A number may have a mask, a name may not. */
function parseRealm(text: string): Masked {
  if (text === COSMOS) return { value: 0, mask: -1 }
  const number = scanNumber(text)
  if (number === undefined || number.value > 0xffff_ffffn)
    throw new OptionError(`unknown realm '${text}'`, { expected: 'value[/mask], or cosmos' })
  return parseMasked(text)
}

function isCosmos({ value, mask }: Masked): boolean {
  return value === 0 && mask === -1
}

function valueText(realm: Masked): string {
  return isCosmos(realm) ? COSMOS : maskedText(realm)
}

function realmText({ realm, negated }: RealmOptions): string {
  return `${not(negated)}--realm ${valueText(realm)}`
}
