import { Packet } from '../../../dist/packet/packet.js'
import { addressBytes } from './bytes.mjs'

/** Addresses and ports that occur in a case. */
export function poolOf({ family, interfaces, steps, rules }) {
  const addresses = new Set(Object.values(interfaces).flatMap(list => list.map(text => text.split('/')[0])))
  const ports = new Set([80, 443, 1, 1023, 1024, 65535])
  for (const { hex } of steps) {
    if (hex === undefined) continue
    const { decoded } = Packet.fromHex(hex)
    if (decoded.kind === 'malformed') continue
    addresses.add(decoded.ip.source.toString()).add(decoded.ip.destination.toString())
    if ('sourcePort' in decoded) ports.add(decoded.sourcePort).add(decoded.destinationPort)
  }
  for (const [, text] of rules.matchAll(family === 4 ? /(\d+\.\d+\.\d+\.\d+)/g : /\[([0-9a-f:]+)\]/g))
    addresses.add(text)
  return { addresses: [...addresses].filter(isAddress), ports: [...ports] }
}

function isAddress(text) {
  try {
    addressBytes(text)
    return true
  } catch {
    return false
  }
}
