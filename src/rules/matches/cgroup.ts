import { defineMatch, OptionError } from '../extension.ts'
import { type NegatableNumber, not, requireNumber, truncateBytes, UINT32_MAX, words } from './support.ts'

interface CgroupOptions {
  readonly path?: { readonly path: string; readonly negated: boolean }
  readonly classid?: NegatableNumber
}

/** The only control group of the model: every socket of the box is in it, with class 0. */
const ROOT = '/'
const CLASSID = 0
const PATH_BYTES = 511

/** `-m cgroup`: net/netfilter/xt_cgroup.c. The control group of the socket that sent the packet. */
export const cgroup = defineMatch<CgroupOptions>({
  name: 'cgroup',
  hooks: ['INPUT', 'OUTPUT', 'POSTROUTING'],
  summary: 'the control group that sent the packet; the model has the root group only',
  options: [
    {
      name: 'path',
      arguments: 1,
      negatable: true,
      placeholder: 'path',
      help: 'the group or one of its parents, from the root of the cgroup2 hierarchy',
      set(options, [text = ''], negated) {
        options.path = { path: truncateBytes(text, PATH_BYTES), negated }
      },
    },
    {
      name: 'cgroup',
      arguments: 1,
      negatable: true,
      placeholder: 'classid',
      help: 'class of the net_cls controller',
      set(options, [text = ''], negated) {
        options.classid = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
  ],
  finish(options) {
    if (options.path === undefined && options.classid === undefined)
      throw new OptionError('cgroup: nothing to compare with', { expected: '--path or --cgroup' })
    return options
  },
  check({ path, classid }) {
    if (path !== undefined && classid !== undefined) return '--path and --cgroup exclude each other'
    return path !== undefined && path.path !== ROOT ? `there is no control group '${path.path}'` : undefined
  },
  save: cgroupText,
  list: ({ path, classid }) =>
    words(
      'cgroup',
      path && `${not(path.negated)}${path.path}`,
      classid && `${not(classid.negated)}${classid.value}`,
    ),
  compile(options) {
    const { path, classid } = options
    const holds = path === undefined ? (classid?.value === CLASSID) !== classid?.negated : !path.negated
    return [
      {
        option: cgroupText(options),
        passes: ({ socket }) => socket !== undefined && holds,
        seen: ({ socket }) => (socket === undefined ? 'no socket' : `cgroup ${ROOT}, class ${CLASSID}`),
        pure: true,
      },
    ]
  },
})

function cgroupText({ path, classid }: CgroupOptions): string {
  return words(
    path && `${not(path.negated)}--path "${path.path}"`,
    classid && `${not(classid.negated)}--cgroup ${classid.value}`,
  )
}
