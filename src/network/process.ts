import type { Address, Family } from '../address.ts'
import type { IcmpReport } from './segment.ts'
import type { KeepAlive } from './tcp-connection.ts'

/** A socket of a host: a TCP connection or a UDP socket. Unique on its host, and never used again. */
export type SocketId = number

/** One end of a connection. */
export interface SocketAddress {
  readonly address: Address
  readonly port: number
}

/** Why a packet or a connection could not even begin, or what a router on the way said. */
export type Unreachable =
  | 'unknown-host'
  | 'network-unreachable'
  | 'host-unreachable'
  | 'prohibited'
  | 'not-permitted'
  | 'too-big'

/** What a program is told. `socket` says which of its sockets it is about. */
export type ProcessEvent =
  /** Somebody has connected to a port that the program listens on. */
  | {
      readonly kind: 'accepted'
      readonly socket: SocketId
      readonly local: SocketAddress
      readonly remote: SocketAddress
    }
  /** A connection that the program has asked for stands. */
  | {
      readonly kind: 'connected'
      readonly socket: SocketId
      readonly local: SocketAddress
      readonly remote: SocketAddress
    }
  /** ECONNREFUSED: a RST (`by` is then undefined), or an ICMP port unreachable. */
  | { readonly kind: 'refused'; readonly socket: SocketId; readonly by: IcmpReport | undefined }
  /** No route, or a router said that there is no way on. */
  | {
      readonly kind: 'unreachable'
      readonly socket: SocketId
      readonly error: Unreachable
      readonly by: IcmpReport | undefined
    }
  /** ETIMEDOUT: nobody answered the SYN, or data, or keep-alives. */
  | { readonly kind: 'timeout'; readonly socket: SocketId }
  | { readonly kind: 'data'; readonly socket: SocketId; readonly data: Uint8Array }
  /** The other end will send nothing more (its FIN). Close in turn, unless there is something left to say. */
  | { readonly kind: 'ended'; readonly socket: SocketId }
  /** Both ends have finished; the socket is gone. */
  | { readonly kind: 'closed'; readonly socket: SocketId }
  /** ECONNRESET: the other end, or somebody in its name, broke it off; the socket is gone. */
  | { readonly kind: 'reset'; readonly socket: SocketId }
  | {
      readonly kind: 'datagram'
      readonly socket: SocketId
      readonly local: SocketAddress
      readonly remote: SocketAddress
      readonly data: Uint8Array
    }
  /** A datagram that the program sent came to nothing. `error` is absent where the other host has no such port. */
  | {
      readonly kind: 'datagram-error'
      readonly socket: SocketId
      readonly remote: SocketAddress
      readonly error: Unreachable | undefined
      readonly by: IcmpReport | undefined
    }
  | {
      readonly kind: 'echo-reply'
      readonly from: Address
      readonly sequence: number
      readonly ttl: number
      readonly size: number
    }
  | {
      readonly kind: 'echo-error'
      readonly sequence: number
      readonly error: Unreachable | undefined
      readonly by: IcmpReport | undefined
    }
  | { readonly kind: 'timer'; readonly name: string }
  /** Somebody at the host's console tells the program something: see `tell`. */
  | { readonly kind: 'command'; readonly command: unknown }

/** How a program takes connections. */
export interface ListenOptions {
  /** Default: every address of the host. `127.0.0.1` for this host only. */
  readonly address?: string
  /** What `ss` shows as Send-Q. Default 128. */
  readonly backlog?: number
}

/** How a program opens a connection. */
export interface ConnectOptions {
  /** Default: the next free one from 40000 on. */
  readonly localPort?: number
  /** Default: as the route says. */
  readonly localAddress?: string
  readonly keepAlive?: KeepAlive
  /** Instead of the host's `synRetries`. */
  readonly synRetries?: number
}

/**
 * What a program can do. Everything takes effect at once, and what comes of it is told later as an event; nothing here
 * throws for what the network does, only for what the program does wrong.
 */
export interface ProcessApi {
  readonly nowMs: number
  /** The name of the host. */
  readonly node: string
  readonly pid: number

  /** An address as text, or a name from the network's hosts table. */
  resolve(host: string, family?: Family): Address | undefined

  /**
   * Takes connections on a TCP port.
   * @throws RangeError when the port is taken
   */
  listen(port: number, options?: ListenOptions): SocketId
  /** Opens a connection; `connected`, `refused`, `unreachable` or `timeout` follows. */
  connect(host: string, port: number, options?: ConnectOptions): SocketId
  /** Before the connection stands, data waits. Text is sent as UTF-8. */
  send(socket: SocketId, data: string | Uint8Array): void
  /** Sends a FIN behind what is still to be sent. Data may still come until `ended`. Listening and UDP sockets go at once. */
  close(socket: SocketId): void
  /** Sends a RST. */
  abort(socket: SocketId): void
  keepAlive(socket: SocketId, keepAlive: KeepAlive | undefined): void

  /** A UDP socket; without a port it gets one like `connect`. */
  openUdp(port?: number, options?: ListenOptions): SocketId
  sendTo(
    socket: SocketId,
    host: string,
    port: number,
    data: string | Uint8Array,
    options?: { readonly ttl?: number },
  ): void
  /** An echo request; `echo-reply` or `echo-error` follows, or nothing. */
  ping(host: string, sequence: number, options?: { readonly ttl?: number; readonly size?: number }): void

  /** A `timer` event after this time; a second timer of the same name replaces the first. */
  setTimer(name: string, afterMs: number): void
  clearTimer(name: string): void

  /** Ends the program; its sockets are closed. `result` is what `runProgram` answers. */
  exit(result?: unknown): void
}

/**
 * A program that runs on a host: a pure state machine. Whatever it remembers is its state, a value; it must not keep
 * anything elsewhere, since the network it runs in may be forked at any moment.
 *
 * @example
 * // answers every line with its length
 * const counter: Program<number> = {
 *   name: 'counter',
 *   start(api) {
 *     api.listen(7)
 *     return 0
 *   },
 *   handle(lines, event, api) {
 *     if (event.kind === 'data') api.send(event.socket, `${event.data.length}\n`)
 *     if (event.kind === 'ended') api.close(event.socket)
 *     return event.kind === 'data' ? lines + 1 : lines
 *   },
 * }
 */
export interface Program<State = unknown> {
  /** As `ss` and `netstat` show it. */
  readonly name: string
  start(api: ProcessApi): State
  handle(state: State, event: ProcessEvent, api: ProcessApi): State
}

/** A running program. A value. */
export interface Process {
  readonly pid: number
  readonly program: Program
  readonly state: unknown
  readonly timers: readonly ProcessTimer[]
}

/** A timer that a program has set. */
export interface ProcessTimer {
  readonly name: string
  /** The sequence number of its event in the network's queue. */
  readonly event: number
  readonly atMs: number
}

/**
 * Text as the UTF-8 bytes that programs send; bytes stay what they are.
 *
 * @example
 * toBytes('né').join(' ') // '110 195 169'
 */
export function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

/**
 * Bytes that a program has received as text (UTF-8); bytes that are none become U+FFFD.
 *
 * @example
 * toText(new Uint8Array([110, 195, 169, 255])) === 'né\uFFFD' // true
 */
export function toText(data: Uint8Array): string {
  return new TextDecoder().decode(data)
}
