import type { SocketOwner } from '../../packet/skb.ts'
import { defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import { GROUPS, USERS } from './accounts.ts'
import { type NegatableRange, not, requireNumber, words } from './support.ts'

interface OwnerOptions {
  readonly uid?: NegatableRange
  readonly gid?: NegatableRange
  readonly socket?: { readonly negated: boolean }
  readonly supplementary: boolean
}

/** `UINT32_MAX` is no id. */
const MAX_ID = 0xffff_fffe

const idOption = (field: 'uid' | 'gid', names: ReadonlyMap<string, number>): OptionSpec<OwnerOptions> => ({
  name: `${field}-owner`,
  arguments: 1,
  negatable: true,
  placeholder: `${field}[-${field}]|name`,
  help: `the ${field === 'uid' ? 'user' : 'group'} that the socket belongs to`,
  set(options, [text = ''], negated) {
    const named = names.get(text)
    if (named !== undefined) options[field] = { min: named, max: named, negated }
    else {
      const [, first = '', , last] = /^([^-:]*)([-:]([\s\S]*))?$/.exec(text) ?? []
      const min = requireNumber(first, 0, MAX_ID)
      options[field] = { min, max: last === undefined ? min : requireNumber(last, 0, MAX_ID), negated }
    }
  },
})

/** `-m owner`: net/netfilter/xt_owner.c. Who sent a packet of the box itself. */
export const owner = defineMatch<OwnerOptions>({
  name: 'owner',
  hooks: ['OUTPUT', 'POSTROUTING'],
  summary: 'the user or group that sent the packet',
  options: [
    idOption('uid', USERS),
    idOption('gid', GROUPS),
    {
      name: 'socket-exists',
      arguments: 0,
      negatable: true,
      help: 'the packet has a socket',
      set(options, _args, negated) {
        options.socket = { negated }
      },
    },
    {
      name: 'suppl-groups',
      arguments: 0,
      help: 'the supplementary groups count too',
      set(options) {
        if (options.gid === undefined)
          throw new OptionError('owner: --suppl-groups needs a --gid-owner before it')
        options.supplementary = true
      },
    },
  ],
  defaults: () => ({ supplementary: false }),
  finish(options) {
    if (!options.uid && !options.gid && !options.socket)
      throw new OptionError('owner: at least one of --uid-owner, --gid-owner or --socket-exists is required')
    return options as OwnerOptions
  },
  check: ({ uid, gid }) =>
    (uid && uid.max < uid.min) || (gid && gid.max < gid.min) ? 'owner: a reversed range' : undefined,
  save: ownerText,
  list: ({ uid, gid, socket, supplementary }, _family, numeric) =>
    words(
      socket && `${not(socket.negated)}owner socket exists`,
      uid && `${not(uid.negated)}owner UID match ${idText(uid, numeric ? undefined : USERS)}`,
      gid && `${not(gid.negated)}owner GID match ${idText(gid, numeric ? undefined : GROUPS)}`,
      supplementary && 'incl. suppl. groups',
    ),
  compile: options => [
    {
      option: ownerText(options),
      passes: ({ socket }) => holds(socket, options),
      seen: ({ socket }) =>
        socket === undefined ? 'no socket' : `uid ${socket.uid ?? 0} gid ${socket.gid ?? 0}`,
    },
  ],
})

function holds(owner: SocketOwner | undefined, { uid, gid, socket, supplementary }: OwnerOptions): boolean {
  if (owner === undefined) {
    // a packet without a socket fails what is asked, and so passes what is asked inverted
    return !supplementary && [uid, gid, socket].every(asked => asked === undefined || asked.negated)
  }
  if (socket?.negated) return false
  // a socket of the kernel's own has no file that anybody could have opened
  if (owner.uid === undefined && owner.gid === undefined)
    return [uid, gid].every(asked => asked === undefined || asked.negated)
  if (uid && inRange(owner.uid ?? 0, uid) === uid.negated) return false
  if (gid === undefined) return true
  const groups = supplementary ? (owner.groups ?? []) : []
  return (inRange(owner.gid ?? 0, gid) || groups.some(group => inRange(group, gid))) !== gid.negated
}

function inRange(value: number, { min, max }: NegatableRange): boolean {
  return value >= min && value <= max
}

function idText({ min, max }: NegatableRange, names?: ReadonlyMap<string, number>): string {
  if (min !== max) return `${min}-${max}`
  for (const [name, id] of names ?? []) if (id === min) return name
  return `${min}`
}

function ownerText({ uid, gid, socket, supplementary }: OwnerOptions): string {
  return words(
    socket && `${not(socket.negated)}--socket-exists`,
    uid && `${not(uid.negated)}--uid-owner ${idText(uid)}`,
    gid && `${not(gid.negated)}--gid-owner ${idText(gid)}`,
    supplementary && '--suppl-groups',
  )
}
