/** A host as text and a port: `198.51.100.7:80`, `web:80`, `[2001:db8::1]:80`. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** What a URL leads to. */
export interface UrlTarget extends Target {
  readonly scheme: string
  /** With the query; at least `/`. */
  readonly path: string
  /** Host and port as they were written. */
  readonly authority: string
}

/** @throws RangeError when it is none */
export function parseTarget(text: string, defaultPort?: number): Target {
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? /^([^:[\]]+)(?::(\d+))?$/.exec(text)
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  if (match?.[1] === undefined || port === undefined || port < 1 || port > 65535)
    throw new RangeError(
      `not a host and a port: ${JSON.stringify(text)}; e.g. 'web:80' or '[2001:db8::1]:80'`,
    )
  return { host: match[1], port }
}

/** As {@link parseTarget} reads it. */
export function targetText({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  socks5: 1080,
}

/**
 * `http://web:8080/path`; without a scheme it is http. Schemes are told apart by their ports only: nothing is encrypted.
 * @throws RangeError when it is none
 */
export function parseUrl(url: string): UrlTarget {
  const match = /^(?:([a-z][a-z0-9]*):\/\/)?([^/]+)(\/.*)?$/.exec(url)
  const scheme = match?.[1] ?? 'http'
  const port = DEFAULT_PORTS[scheme]
  if (match === null || port === undefined)
    throw new RangeError(`not a URL: ${JSON.stringify(url)}; e.g. 'http://web:8080/'`)
  return { ...parseTarget(match[2]!, port), scheme, path: match[3] ?? '/', authority: match[2]! }
}

/** For what comes over the network and may be anything: undefined instead of a RangeError. */
export function readable<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
