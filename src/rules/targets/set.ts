import { defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import { parseNumber } from '../numbers.ts'

type Direction = 'src' | 'dst'

export interface SetUse {
  readonly set: string
  readonly flags: readonly Direction[]
}

export interface SetOptions {
  readonly add?: SetUse
  readonly remove?: SetUse
  /** Entries that are there already get a new timeout. */
  readonly exist?: boolean
  readonly timeoutSeconds?: number
}

const MAX_NAME = 31
const MAX_FLAGS = 6
/** What the kernel can count in milliseconds. */
const MAX_TIMEOUT_SECONDS = 4_294_967

/** `-j SET`: net/netfilter/xt_set.c. */
export const set = defineTarget<SetOptions>({
  name: 'SET',
  summary: 'add the packet to an ipset, or take it out',
  options: [
    useOption('add-set', 'add to this set', (options, use) => {
      options.add = use
    }),
    useOption('del-set', 'delete from this set', (options, use) => {
      options.remove = use
    }),
    {
      name: 'exist',
      arguments: 0,
      requires: ['add-set'],
      help: 'entries that are there already are refreshed',
      set(options) {
        options.exist = true
      },
    },
    {
      name: 'timeout',
      arguments: 1,
      requires: ['add-set'],
      placeholder: 'seconds',
      help: 'how long an added entry stays',
      set(options, [text = '']) {
        const timeoutSeconds = parseNumber(text, 0, 0xffff_fffe)
        if (timeoutSeconds === undefined)
          throw new OptionError('Invalid value for option --timeout or out of range 0-4294967294', {
            expected: 'seconds',
          })
        options.timeoutSeconds = timeoutSeconds
      },
    },
  ],
  finish(options) {
    if (options.add === undefined && options.remove === undefined)
      throw new OptionError('You must specify either --add-set or --del-set', {
        expected: '--add-set name flags or --del-set name flags',
      })
    return options
  },
  save: options => words(options, '--', '--'),
  list: options => words(options, '', ''),
  compile({ add, remove, exist = false, timeoutSeconds }) {
    const details = Object.freeze({
      exist,
      ...(timeoutSeconds !== undefined && { timeoutSeconds: Math.min(timeoutSeconds, MAX_TIMEOUT_SECONDS) }),
    })
    return (skb, environment) => {
      if (add !== undefined) environment.sets.add(add.set, skb, add.flags, details, environment)
      if (remove !== undefined) environment.sets.remove(remove.set, skb, remove.flags, environment)
      return Verdict.CONTINUE
    }
  },
})

function useOption(
  name: string,
  help: string,
  write: (options: { add?: SetUse; remove?: SetUse }, use: SetUse) => void,
): OptionSpec<SetOptions> {
  return {
    name,
    arguments: 2,
    negatable: true, // iptables takes the ! and forgets it
    placeholder: 'name flags',
    help,
    set(options, [setName = '', flags = '']) {
      if (setName.length > MAX_NAME)
        throw new OptionError(`setname '${setName}' too long, max ${MAX_NAME} characters`)
      write(options, { set: setName, flags: parseFlags(flags) })
    },
  }
}

function parseFlags(text: string): readonly Direction[] {
  const flags = text.split(',')
  if (flags.length > MAX_FLAGS)
    throw new OptionError(`Too many flags '${text}'`, { expected: `at most ${MAX_FLAGS} of src and dst` })
  return flags.map(word => {
    if (word === 'src' || word === 'dst') return word
    throw new OptionError(`invalid flag '${word}'`, { expected: 'src and dst, separated by commas' })
  })
}

function words({ add, remove, exist, timeoutSeconds }: SetOptions, dashes: string, flag: string): string {
  const parts: string[] = []
  if (add !== undefined) parts.push(`${dashes}add-set ${add.set} ${add.flags.join(',')}`)
  if (remove !== undefined) parts.push(`${dashes}del-set ${remove.set} ${remove.flags.join(',')}`)
  if (exist) parts.push(`${flag}exist`)
  if (timeoutSeconds !== undefined) parts.push(`${flag}timeout ${timeoutSeconds}`)
  return parts.join(' ')
}
