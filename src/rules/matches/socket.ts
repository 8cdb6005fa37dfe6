import { defineMatch, type OptionSpec } from '../extension.ts'
import { words } from './support.ts'

interface SocketOptions {
  readonly transparent: boolean
  readonly nowildcard: boolean
  readonly restoreMark: boolean
}

const flag = (name: string, field: keyof SocketOptions, help: string): OptionSpec<SocketOptions> => ({
  name,
  arguments: 0,
  help,
  set(options) {
    options[field] = true
  },
})

/** `-m socket`: net/netfilter/xt_socket.c. Looks for a socket of the box that the packet would reach; the model has none. */
export const socket = defineMatch<SocketOptions>({
  name: 'socket',
  hooks: ['PREROUTING', 'INPUT'],
  summary: 'a socket of this box is waiting for the packet; the model has no sockets, so it never holds',
  options: [
    flag('transparent', 'transparent', 'only transparent sockets count'),
    flag('nowildcard', 'nowildcard', 'sockets that listen on any address count too'),
    flag('restore-skmark', 'restoreMark', "take over the socket's mark"),
  ],
  defaults: () => ({ transparent: false, nowildcard: false, restoreMark: false }),
  save: socketText,
  list: options => words('socket', socketText(options)),
  needsDefragmentation: true,
  compile: options => [
    {
      option: words('-m socket', socketText(options)),
      passes: () => false,
      seen: () => 'no socket',
      pure: true,
    },
  ],
})

function socketText({ transparent, nowildcard, restoreMark }: SocketOptions): string {
  return words(
    transparent && '--transparent',
    nowildcard && '--nowildcard',
    restoreMark && '--restore-skmark',
  )
}
