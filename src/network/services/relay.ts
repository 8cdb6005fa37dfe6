import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import type { ProcessApi, ProcessEvent, SocketId } from '../process.ts'

/** Sockets in pairs: what comes on one goes out on the other. Each pair stands in it twice, once from either side. */
export type Pairs = PersistentMap<SocketId, SocketId>

export const NO_PAIRS: Pairs = PersistentMap.empty(NUMBER_KEYS)

/** Makes two sockets a pair. Neither has to be connected yet: what is sent waits until it is. */
export function pair(pairs: Pairs, a: SocketId, b: SocketId): Pairs {
  return pairs.set(a, b, {}).set(b, a, {})
}

/** Passes on what an event brings: data, an end (the other direction may go on), a failure. */
export function relay(pairs: Pairs, event: ProcessEvent, api: ProcessApi): Pairs {
  const other = 'socket' in event ? pairs.get(event.socket) : undefined
  if (other === undefined || !('socket' in event)) return pairs
  const { socket } = event
  switch (event.kind) {
    case 'data':
      api.send(other, event.data)
      return pairs
    case 'ended':
      api.close(other)
      return pairs
    case 'closed':
      return pairs.delete(socket, {})
    case 'refused':
    case 'unreachable':
      api.close(other)
      return unpaired(pairs, socket, other)
    case 'reset':
    case 'timeout':
      api.abort(other)
      return unpaired(pairs, socket, other)
    default:
      return pairs
  }
}

function unpaired(pairs: Pairs, a: SocketId, b: SocketId): Pairs {
  return pairs.delete(a, {}).delete(b, {})
}
