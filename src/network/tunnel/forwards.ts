import { parseTarget, type Target, targetText } from '../target.ts'

/** A port that is listened on, and where what comes there is to go: one of `ssh`'s -L and -R. */
export interface Forward {
  /** Where to listen; undefined where nothing was said, which is loopback unless GatewayPorts says otherwise. */
  readonly bind: string | undefined
  readonly port: number
  readonly target: Target
}

/**
 * `8110:localhost:110`, `0.0.0.0:8110:mail:110`, `[::]:8110:[2001:db8::1]:110`, as `ssh -L` and `-R` take them.
 * @throws RangeError when it is none
 */
export function parseForward(text: string): Forward {
  const match = /^(?:(\*|\[[^\]]+\]|[^:[\]]+):)?(\d+):(\[[^\]]+\]:\d+|[^:[\]]+:\d+)$/.exec(text)
  if (match === null) throw notForward(text)
  return { ...parseBound(match[1], match[2]!), target: parseTarget(match[3]!) }
}

/** `1080`, `0.0.0.0:1080`, as `ssh -D` takes them. @throws RangeError when it is none */
export function parseDynamic(text: string): Omit<Forward, 'target'> {
  const match = /^(?:(\*|\[[^\]]+\]|[^:[\]]+):)?(\d+)$/.exec(text)
  if (match === null) throw notForward(text)
  return parseBound(match[1], match[2]!)
}

function parseBound(bind: string | undefined, text: string): Omit<Forward, 'target'> {
  const port = Number(text)
  if (port < 1 || port > 65535) throw new RangeError(`port ${text} is not a whole number from 1 to 65535`)
  return { bind: bind === '*' ? '0.0.0.0' : bind?.replace(/^\[|\]$/g, ''), port }
}

function notForward(text: string): RangeError {
  return new RangeError(
    `not a forwarding: ${JSON.stringify(text)}; e.g. '8110:localhost:110', '0.0.0.0:8110:mail:110'`,
  )
}

export const LOOPBACK = '127.0.0.1'

/** As it is asked for: `tcpip-forward 127.0.0.1:8080`. */
export function forwardName({ bind, port }: Omit<Forward, 'target'>): string {
  return targetText({ host: bind ?? '', port })
}
