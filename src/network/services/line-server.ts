import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { type Program, type SocketId, toText } from '../process.ts'

/** A protocol of lines, as most of the internet's are: what the server says to what. */
export interface LineProtocol {
  readonly port: number
  readonly address: string | undefined
  /** As `ss` shows it. */
  readonly name: string
  readonly greeting: string
  readonly lineEnd: '\n' | '\r\n'
  /** Everything that is answered to a line, without the line's end. */
  readonly reply: (line: string) => string
  /** The server closes behind the answer to this one. */
  readonly isLast?: (line: string) => boolean
}

/** What a server of lines remembers. */
export interface LineServerState {
  /** Of each client what has come of a line. */
  readonly clients: PersistentMap<SocketId, string>
  /** The latest lines that were said to it, at most 100. */
  readonly lines: readonly string[]
}

/** A server that greets whoever connects and answers line by line. */
export function lineServer(protocol: LineProtocol): Program<LineServerState> {
  const { port, address, name, greeting, lineEnd, reply, isLast = () => false } = protocol
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { clients: PersistentMap.empty(NUMBER_KEYS), lines: [] }
    },
    handle(state, event, api) {
      const { clients } = state
      switch (event.kind) {
        case 'accepted':
          api.send(event.socket, greeting + lineEnd)
          return { ...state, clients: clients.set(event.socket, '', {}) }
        case 'data': {
          const lines = ((clients.get(event.socket) ?? '') + toText(event.data)).split(lineEnd)
          const rest = lines.pop()!
          for (const line of lines) api.send(event.socket, reply(line) + lineEnd)
          if (lines.some(isLast)) api.close(event.socket)
          return {
            clients: clients.set(event.socket, rest, {}),
            lines: [...state.lines, ...lines].slice(-100),
          }
        }
        case 'ended':
          api.close(event.socket)
          return state
        case 'closed':
        case 'reset':
        case 'timeout':
          return { ...state, clients: clients.delete(event.socket, {}) }
        default:
          return state
      }
    },
  }
}
