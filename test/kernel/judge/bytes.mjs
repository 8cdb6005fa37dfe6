/** Bytes, joined and written to. */
import { Address } from '../../../dist/address.js'

export function addressBytes(text) {
  const address = Address.parse(text)
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16)
  address.write(bytes, 0)
  return bytes
}

export function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export function padded(bytes, to) {
  return bytes.length % to === 0 ? bytes : joined(bytes, new Uint8Array(to - (bytes.length % to)))
}

export const read16 = (bytes, at) => (bytes[at] << 8) | bytes[at + 1]
export function write16(bytes, at, value) {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}
export function add32(bytes, at, by) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(at, (view.getUint32(at) + by) >>> 0)
}
