import type { Skb } from '../../packet/skb.ts'
import { NO_EXTENSIONS } from '../../sets/element.ts'
import type { SetAddition } from '../../sets/set-use.ts'
import {
  type CheckContext,
  defineTarget,
  OptionError,
  type OptionSpec,
  type TargetEnvironment,
  Verdict,
} from '../extension.ts'
import { requireNumber, words } from '../matches/support.ts'
import { readSetReference, type SetReference, setReferenceText } from '../set-flags.ts'

interface SetTargetOptions {
  readonly add?: SetReference
  readonly del?: SetReference
  readonly map?: SetReference
  readonly exist?: boolean
  readonly timeoutSeconds?: number
  readonly mapMark?: boolean
  readonly mapPriority?: boolean
  readonly mapQueue?: boolean
}

/** `-j SET`: net/netfilter/xt_set.c, `set_target_v3`. */
export const setTarget = defineTarget<SetTargetOptions>({
  name: 'SET',
  summary: 'put the packet into an ipset, take it out, or take marks from it',
  options: [
    setOption('add-set', 'add', 'add what the packet shows to the set'),
    setOption('del-set', 'del', 'delete what the packet shows from the set'),
    setOption('map-set', 'map', "take the packet's mark, priority or queue from the element it is in"),
    flag('exist', 'exist', 'with --add-set: renew an element that is there'),
    {
      name: 'timeout',
      arguments: 1,
      placeholder: 'seconds',
      help: "with --add-set: how long it stays, instead of the set's own time; 0 is for ever",
      set(options, [text = '']) {
        options.timeoutSeconds = requireNumber(text, 0, 0xffff_fffe)
      },
    },
    flag('map-mark', 'mapMark', "with --map-set: the element's skbmark"),
    flag('map-prio', 'mapPriority', "with --map-set: the element's skbprio"),
    flag('map-queue', 'mapQueue', "with --map-set: the element's skbqueue"),
  ],
  finish(options) {
    const { add, del, map } = options
    if (add === undefined && del === undefined && map === undefined)
      throw new OptionError('You must specify either `--add-set` or `--del-set` or `--map-set`')
    if (add === undefined && options.exist === true)
      throw new OptionError('Flag `--exist` can be used with `--add-set` only')
    if (add === undefined && options.timeoutSeconds !== undefined)
      throw new OptionError('Option `--timeout` can be used with `--add-set` only')
    if (map !== undefined && !mapsAnything(options))
      throw new OptionError('You must specify flags `--map-mark` or `--map-prio` or `--map-queue`')
    return options
  },
  check,
  save: options => describe(options, '--'),
  list: options => describe(options, ''),
  compile(options) {
    const { add, del, map } = options
    const addition: SetAddition | undefined = add && {
      ...add,
      exist: options.exist ?? false,
      timeoutSeconds: options.timeoutSeconds,
    }
    const query = map && { ...map }
    return (skb, environment) => {
      const { sets } = environment
      if (addition !== undefined) sets.add(skb, addition)
      if (del !== undefined) sets.remove(skb, del)
      if (query !== undefined && sets.test(skb, query)) takeFrom(skb, environment, options)
      return Verdict.CONTINUE
    }
  },
})

/** The sets that a use of the target names. */
export function setsOfTarget(options: object): readonly string[] {
  const { add, del, map }: SetTargetOptions = options
  return [add, del, map].flatMap(reference => reference?.setName ?? [])
}

/** What the element says of the packet. The queue of a device changes nothing that the simulator models. */
function takeFrom(skb: Skb, { sets }: TargetEnvironment, options: SetTargetOptions): void {
  const { mark, markMask, priority } = sets.found ?? NO_EXTENSIONS
  if (options.mapMark === true) skb.mark = (skb.mark & ~markMask) ^ mark
  if (options.mapPriority === true) skb.priority = priority
}

function setOption(name: string, field: 'add' | 'del' | 'map', help: string): OptionSpec<SetTargetOptions> {
  return {
    name,
    arguments: 2,
    // iptables takes a ! before it, and forgets it
    negatable: true,
    placeholder: 'name src,dst',
    help,
    set(options, args, _negated, context) {
      options[field] = readSetReference(args, context)
    },
  }
}

function flag(
  name: string,
  field: 'exist' | 'mapMark' | 'mapPriority' | 'mapQueue',
  help: string,
): OptionSpec<SetTargetOptions> {
  return {
    name,
    arguments: 0,
    repeatable: true,
    help,
    set(options) {
      options[field] = true
    },
  }
}

function mapsAnything({ mapMark, mapPriority, mapQueue }: SetTargetOptions): boolean {
  return mapMark === true || mapPriority === true || mapQueue === true
}

/** `set_target_v3_checkentry` */
function check(options: SetTargetOptions, { table, hooks }: CheckContext): string | undefined {
  if (options.map === undefined) return undefined
  if (table !== 'mangle') return '--map-set is only usable from the mangle table'
  const mapsLater = options.mapPriority === true || options.mapQueue === true
  if (mapsLater && (hooks.has('PREROUTING') || hooks.has('INPUT')))
    return 'mapping of priority or queue is allowed only from OUTPUT, FORWARD and POSTROUTING'
  return undefined
}

/** @param dashes what precedes the options */
function describe(options: SetTargetOptions, dashes: '--' | ''): string {
  const { add, del, map, exist, timeoutSeconds, mapMark, mapPriority, mapQueue } = options
  return words(
    add !== undefined && `${dashes}add-set ${setReferenceText(add)}`,
    exist === true && `${dashes}exist`,
    timeoutSeconds !== undefined && `${dashes}timeout ${timeoutSeconds}`,
    del !== undefined && `${dashes}del-set ${setReferenceText(del)}`,
    map !== undefined && `${dashes}map-set ${setReferenceText(map)}`,
    mapMark === true && `${dashes}map-mark`,
    mapPriority === true && `${dashes}map-prio`,
    mapQueue === true && `${dashes}map-queue`,
  )
}
