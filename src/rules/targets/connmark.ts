import type { Connection } from '../../conntrack/connection.ts'
import { Change } from '../../conntrack/events.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import {
  ALL_BITS,
  hex,
  listMarkOperation,
  MARK_OPERATIONS,
  type MarkOperation,
  parseBounded,
} from './mark-value.ts'

export interface ConnmarkOptions {
  /** set: the connection's mark from a value; save: from the packet's; restore: the packet's from the connection's. */
  readonly mode: 'set' | 'save' | 'restore'
  readonly value: number
  readonly connectionMask: number
  readonly packetMask: number
  readonly shift: 'left' | 'right'
  readonly shiftBits: number
}

const OPERATIONS = [...MARK_OPERATIONS.map(({ name }) => name), 'save-mark', 'restore-mark']

/** `-j CONNMARK`: net/netfilter/xt_connmark.c, `connmark_tg_shift`. Options write one after the other, the last wins. */
export const connmark = defineTarget<ConnmarkOptions>({
  name: 'CONNMARK',
  summary: "change the connection's mark, or copy it from or to the packet's",
  options: [
    ...MARK_OPERATIONS.map(setting),
    copying('save-mark', 'save', "copy the packet's mark to the connection"),
    copying('restore-mark', 'restore', "copy the connection's mark to the packet"),
    {
      name: 'left-shift-mark',
      arguments: 1,
      placeholder: 'bits',
      help: 'shift the mark left before it is written',
      set(options, [text = '']) {
        options.shift = 'left'
        options.shiftBits = parseBounded(text, 'left-shift-mark', 0, 32)
      },
    },
    {
      name: 'right-shift-mark',
      arguments: 1,
      placeholder: 'bits',
      help: 'shift the mark right before it is written',
      set(options, [text = '']) {
        options.shift = 'right'
        options.shiftBits = parseBounded(text, 'right-shift-mark', 0, 32)
      },
    },
    {
      name: 'ctmask',
      arguments: 1,
      excludes: ['mask'],
      placeholder: 'mask',
      help: "the bits of the connection's mark that take part",
      set(options, [text = '']) {
        options.connectionMask = parseBounded(text, 'ctmask', 0, ALL_BITS)
      },
    },
    {
      name: 'nfmask',
      arguments: 1,
      excludes: ['mask'],
      placeholder: 'mask',
      help: "the bits of the packet's mark that take part",
      set(options, [text = '']) {
        options.packetMask = parseBounded(text, 'nfmask', 0, ALL_BITS)
      },
    },
    {
      name: 'mask',
      arguments: 1,
      excludes: ['ctmask', 'nfmask'],
      placeholder: 'mask',
      help: '--nfmask and --ctmask at once',
      set(options, [text = '']) {
        options.connectionMask = options.packetMask = parseBounded(text, 'mask', 0, ALL_BITS)
      },
    },
  ],
  defaults: () => ({ value: 0, connectionMask: ALL_BITS, packetMask: ALL_BITS, shift: 'left', shiftBits: 0 }),
  finish(options) {
    if (options.mode === undefined)
      throw new OptionError('No operation specified', {
        expected: OPERATIONS.map(name => `--${name}`).join(' '),
      })
    return options as ConnmarkOptions
  },
  check: ({ shiftBits }) => (shiftBits >= 32 ? 'a mark is shifted by 31 bits at most' : undefined),
  save({ mode, value, connectionMask, packetMask, shift, shiftBits }) {
    const shifted = shiftBits === 0 ? '' : ` --${shift}-shift-mark ${shiftBits}`
    if (mode === 'set') return `--set-xmark ${hex(value)}/${hex(connectionMask)}${shifted}`
    return `--${mode}-mark --nfmask ${hex(packetMask)} --ctmask ${hex(connectionMask)}${shifted}`
  },
  list({ mode, value, connectionMask, packetMask, shift, shiftBits }) {
    const shifted = shiftBits === 0 ? '' : ` ${shift}-shift-mark ${shiftBits}`
    if (mode === 'set') return `CONNMARK ${listMarkOperation(value, connectionMask)}${shifted}`
    return `CONNMARK ${mode}${listMasks(mode, packetMask, connectionMask)}${shifted}`
  },
  needsConntrack: () => true,
  compile({ mode, value, connectionMask, packetMask, shift, shiftBits }) {
    const move = shift === 'left' ? (bits: number) => bits << shiftBits : (bits: number) => bits >>> shiftBits
    const markOf = (skb: Skb, connection: Connection): number =>
      mode === 'set'
        ? move((connection.mark & ~connectionMask) ^ value)
        : (connection.mark & ~connectionMask) ^ move(skb.mark & packetMask)
    return (skb, environment) => {
      const { connection } = skb
      if (connection === undefined) return Verdict.CONTINUE
      if (mode === 'restore') {
        skb.mark = (skb.mark & ~packetMask) ^ move(connection.mark & connectionMask)
        return Verdict.CONTINUE
      }
      const mark = markOf(skb, connection) | 0
      if (mark === (connection.mark | 0)) return Verdict.CONTINUE
      const own = environment.ownConnection(skb)
      if (own !== undefined && own.mark !== mark) {
        own.mark = mark
        own.pendingChanges |= Change.MARK
      }
      return Verdict.CONTINUE
    }
  },
})

/** iptables prints the mask that is cleared with a tilde, but not inverted. */
function listMasks(mode: 'save' | 'restore', packetMask: number, connectionMask: number): string {
  if (packetMask === ALL_BITS && connectionMask === ALL_BITS) return ''
  if (packetMask === connectionMask) return ` mask ${hex(packetMask)}`
  return mode === 'save'
    ? ` nfmask ${hex(packetMask)} ctmask ~${hex(connectionMask)}`
    : ` ctmask ${hex(connectionMask)} nfmask ~${hex(packetMask)}`
}

function setting({ name, placeholder, help, read }: MarkOperation): OptionSpec<ConnmarkOptions> {
  return {
    name,
    arguments: 1,
    excludes: OPERATIONS.filter(other => other !== name),
    placeholder,
    help,
    set(options, [text = '']) {
      const { value, mask } = read(text)
      options.mode = 'set'
      options.value = value
      options.connectionMask = mask
    },
  }
}

function copying(name: string, mode: 'save' | 'restore', help: string): OptionSpec<ConnmarkOptions> {
  return {
    name,
    arguments: 0,
    excludes: OPERATIONS.filter(other => other !== name),
    help,
    set(options) {
      options.mode = mode
    },
  }
}
