import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { byteLength, not, requireNumber, UINT32_MAX } from './support.ts'

interface CgroupOptions {
  readonly path?: string
  readonly classId?: number
  readonly negated: boolean
}

/** `-m cgroup`: net/netfilter/xt_cgroup.c. The control group of the socket; a packet without a socket has none. */
export const cgroup = defineMatch<CgroupOptions>({
  name: 'cgroup',
  hooks: ['INPUT', 'OUTPUT', 'POSTROUTING'],
  summary: 'the control group of the process that sent the packet',
  options: [
    {
      name: 'path',
      arguments: 1,
      negatable: true,
      excludes: ['cgroup'],
      placeholder: 'path',
      help: 'this group or one below, from the root of cgroup2',
      set(options, [text = ''], negated) {
        if (byteLength(text) > 511) throw new OptionError('cgroup: the path is too long')
        options.path = text
        options.negated = negated
      },
    },
    {
      name: 'cgroup',
      arguments: 1,
      negatable: true,
      excludes: ['path'],
      placeholder: 'class',
      help: 'the class id of net_cls',
      set(options, [text = ''], negated) {
        options.classId = requireNumber(text, 0, UINT32_MAX)
        options.negated = negated
      },
    },
  ],
  finish(options) {
    if (options.path === undefined && options.classId === undefined)
      throw new OptionError('cgroup: no group', { expected: '--path or --cgroup' })
    return options as CgroupOptions
  },
  check: ({ path }) => (path === '' ? 'an empty path' : undefined),
  save: cgroupText,
  list: ({ path, classId, negated }) => `cgroup ${not(negated)}${path ?? classId}`,
  compile(options) {
    const { path, classId, negated } = options
    const isMember =
      path === undefined
        ? ({ socket }: Skb) => (socket?.classId ?? 0) === classId
        : ({ socket }: Skb) => isWithin(socket?.cgroup ?? '/', path)
    return [
      {
        option: cgroupText(options),
        passes: skb => skb.socket !== undefined && isMember(skb) !== negated,
        seen: ({ socket }) =>
          socket === undefined
            ? 'no socket'
            : path === undefined
              ? `class ${socket.classId ?? 0}`
              : `cgroup ${socket.cgroup ?? '/'}`,
      },
    ]
  },
})

function cgroupText({ path, classId, negated }: CgroupOptions): string {
  return `${not(negated)}${path === undefined ? `--cgroup ${classId}` : `--path "${path}"`}`
}

function isWithin(group: string, ancestor: string): boolean {
  const parts = (path: string): string[] => path.split('/').filter(part => part !== '')
  const own = parts(group)
  return parts(ancestor).every((part, i) => own[i] === part)
}
