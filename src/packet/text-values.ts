import { Address } from '../address.ts'
import { hexToBytes } from './hex.ts'

/** Decimal or 0x… up to `max`; undefined for anything else. */
export function parseNumber(text: string, max: number): number | undefined {
  if (!/^(?:\d+|0x[0-9a-f]+)$/i.test(text)) return undefined
  const value = Number(text)
  return value <= max ? value : undefined
}

export function parseHexBytes(text: string): Uint8Array | undefined {
  return /^0x(?:[0-9a-f]{2})*$/i.test(text) ? hexToBytes(text) : undefined
}

/** `"text"` with JSON's escapes, characters up to U+00FF; or 0x… */
export function parseData(text: string): Uint8Array | undefined {
  if (!text.startsWith('"')) return parseHexBytes(text)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'string' || /[^\0-\xff]/.test(value)) return undefined
    return Uint8Array.from(value, character => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

export interface Endpoint {
  readonly address: Address
  readonly port: number | undefined
}

/** `10.0.0.5`, `10.0.0.5:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^\[([^\]]*)\](?::(\d+))?$/.exec(text) ?? /^([\d.]+)(?::(\d+))?$/.exec(text)
  const address = Address.tryParse(match?.[1] ?? text)
  if (address === undefined) return undefined
  if (match?.[2] === undefined) return { address, port: undefined }
  const port = parseNumber(match[2], 0xffff)
  return port === undefined ? undefined : { address, port }
}
