/** Packets a little different from given ones: one field changed, cut, lengthened, with options, in fragments. */
import {
  transportChecksum,
  writeIpv4Checksum,
  writeTransportChecksum,
} from '../../../dist/packet/checksum.js'
import { hexToBytes } from '../../../dist/packet/hex.js'
import { Packet } from '../../../dist/packet/packet.js'
import { cutFragments, cutShort } from '../../../dist/testing/make-packet.js'
import { add32, addressBytes, joined, padded, read16, write16 } from './bytes.mjs'
import { EXTENSIONS6, FLAGS, OPTIONS4, SHIFTS, SPECIAL_ADDRESSES, TCP_OPTIONS } from './odd-values.mjs'

const TCP = 6
const UDP = 17
const PORTED = [TCP, UDP, 132, 136]
/**
 * @param {Uint8Array} bytes is left alone
 * @param {import('./random.mjs').Draw} draw
 * @param {{ addresses: string[], ports: number[] }} pool what else occurs in the case
 * @returns {Uint8Array[]} one packet, or the fragments of one
 */
export function mutatePacket(bytes, draw, pool) {
  const packet = bytes.slice()
  const family = bytes[0] >> 4
  if ((family !== 4 && family !== 6) || bytes.length < (family === 4 ? 20 : 40)) return [packet]
  const header = transportOf(packet)
  const change = draw.weighed([
    [6, networkField],
    [4, endAddress],
    [header.protocol === TCP ? 14 : 0, tcpField],
    [PORTED.includes(header.protocol) ? 4 : 0, endPort],
    [header.protocol === UDP ? 2 : 0, udpField],
    [header.protocol === (family === 4 ? 1 : 58) ? 5 : 0, icmpField],
    [2, anyByte],
    [2, longer],
    [2, shorter],
    [2, badChecksum],
    [2, withOptions],
    [1, otherProtocol],
    [
      2,
      (whole, _, by) =>
        cutFragments(new Packet(whole), {
          count: 2 + by.below(2),
          reversed: by.once(3),
          lost: by.once(4),
        }).map(one => one.bytes),
    ],
  ])
  return [change(packet, header, draw, pool)].flat()
}

/** Where layer 4 begins and which one it is. */
export function transportOf(bytes) {
  if (bytes[0] >> 4 === 4)
    return {
      family: 4,
      protocol: bytes[9],
      offset: (bytes[0] & 15) * 4,
      isFirst: ((bytes[6] & 0x1f) | bytes[7]) === 0,
    }
  let protocol = bytes[6]
  let offset = 40
  let isFirst = true
  while ([0, 43, 44, 60].includes(protocol) && offset + 8 <= bytes.length) {
    if (protocol === 44) isFirst &&= ((bytes[offset + 2] << 8) | (bytes[offset + 3] & 0xf8)) === 0
    const length = protocol === 44 ? 8 : (bytes[offset + 1] + 1) * 8
    protocol = bytes[offset]
    offset += length
  }
  return { family: 6, protocol, offset, isFirst }
}

/** Whether the transport checksum was right; the mutated packet's then is, too. */
function keepingChecksum(bytes, header, change) {
  const { family, protocol, offset, isFirst } = header
  const whole = isFirst && (family === 6 || (bytes[6] & 0x20) === 0)
  const field = { 6: 16, 17: 6, 136: 6, 1: 2, 58: 2 }[protocol]
  const right =
    whole &&
    (protocol === 132 ||
      (field !== undefined &&
        transportChecksum(bytes, family, protocol, offset) === read16(bytes, offset + field)))
  const changed = change(bytes) ?? bytes
  if (family === 4) {
    if (changed.length !== bytes.length) write16(changed, 2, changed.length)
    writeIpv4Checksum(changed)
  } else if (changed.length !== bytes.length) write16(changed, 4, changed.length - 40)
  if (right)
    writeTransportChecksum(changed, family, transportOf(changed).protocol, transportOf(changed).offset)
  return changed
}

function networkField(bytes, header, draw) {
  if (header.family === 6) {
    if (draw.once(3))
      bytes[1] = draw.pick([0x00, 0x80, 0x30, 0xe0, 0x10]) // class and flow label
    else bytes[7] = draw.pick([1, 0, 2, 255, 63, 65, 64])
    return bytes
  }
  return keepingChecksum(bytes, header, () => {
    switch (draw.below(4)) {
      case 0:
        bytes[1] = draw.pick([0x10, 0x08, 0xb8, 1, 2, 3, 0x28, 0xff, 0xc0])
        return
      case 1:
        bytes[6] ^= draw.pick([0x40, 0x40, 0x80])
        return
      default:
        bytes[8] = draw.pick([1, 0, 2, 255, 63, 65, 64])
    }
  })
}

function endAddress(bytes, header, draw, pool) {
  const { family } = header
  const size = family === 4 ? 4 : 16
  const at = (family === 4 ? 12 : 8) + (draw.once(2) ? 0 : size)
  return keepingChecksum(bytes, header, () => {
    if (draw.once(6)) {
      const other = bytes.slice(family === 4 ? 12 : 8, (family === 4 ? 12 : 8) + 2 * size)
      bytes.set(other.slice(size), family === 4 ? 12 : 8)
      bytes.set(other.slice(0, size), (family === 4 ? 12 : 8) + size)
      return
    }
    const text = draw.pick(draw.once(4) ? SPECIAL_ADDRESSES[family] : pool.addresses)
    bytes.set(addressBytes(text), at)
    if (draw.once(4)) bytes[at + size - 1] += draw.pick([1, 255])
  })
}

function tcpField(bytes, header, draw) {
  const { offset } = header
  if (bytes.length < offset + 20) return bytes
  return keepingChecksum(bytes, header, () => {
    switch (draw.below(8)) {
      case 0:
      case 1:
        bytes[offset + 13] = draw.pick(FLAGS)
        return
      case 2:
      case 3:
        add32(bytes, offset + 4, draw.pick(SHIFTS))
        return
      case 4:
      case 5:
        add32(bytes, offset + 8, draw.pick(SHIFTS))
        return
      case 6:
        write16(bytes, offset + 14, draw.pick([0, 1, 2, 100, 512, 1000, 65535]))
        return
      default:
        return tcpOptions(bytes, offset, draw)
    }
  })
}

/** Other options instead of those that are there, or a data offset that lies. */
function tcpOptions(bytes, offset, draw) {
  if (draw.once(5)) {
    bytes[offset + 12] = (draw.pick([0, 4, 5, 6, 8, 15]) << 4) | (bytes[offset + 12] & 15)
    return bytes
  }
  const options = draw.once(3) ? sack(bytes, offset, draw) : padded(hexToBytes(draw.pick(TCP_OPTIONS)), 4)
  const length = (bytes[offset + 12] >> 4) * 4
  const rest = bytes.slice(Math.min(bytes.length, offset + Math.max(20, length)))
  const changed = joined(bytes.slice(0, offset + 20), options, rest)
  changed[offset + 12] = ((20 + options.length) << 2) | (bytes[offset + 12] & 15)
  return changed
}

/** One or two blocks near what the segment acknowledges. */
function sack(bytes, offset, draw) {
  const acknowledged = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset + 8)
  const blocks = 1 + draw.below(2)
  const option = new Uint8Array(4 + 8 * blocks)
  option.set([1, 1, 5, 2 + 8 * blocks])
  const view = new DataView(option.buffer)
  let edge = acknowledged + draw.pick([0, 1, 10, 100, 1460, -100, 70000])
  for (let at = 4; at < option.length; at += 4) {
    view.setUint32(at, edge >>> 0)
    edge += draw.pick([1, 10, 1460, 1000, -5])
  }
  return option
}

function endPort(bytes, header, draw, pool) {
  const at = header.offset + 2 * draw.below(2)
  if (bytes.length < at + 2) return bytes
  return keepingChecksum(bytes, header, () => {
    const port = draw.once(3) ? read16(bytes, at) + draw.pick([1, -1]) : draw.pick(pool.ports)
    write16(bytes, at, port & 0xffff)
  })
}

function udpField(bytes, { offset }, draw) {
  if (bytes.length < offset + 8) return bytes
  if (draw.once(2)) write16(bytes, offset + 6, 0)
  else
    write16(
      bytes,
      offset + 4,
      draw.pick([0, 7, 8, 9, read16(bytes, offset + 4) + 1, read16(bytes, offset + 4) - 1, 65535]),
    )
  return bytes
}

function icmpField(bytes, header, draw) {
  const { family, offset } = header
  if (bytes.length < offset + 8) return bytes
  return keepingChecksum(bytes, header, () => {
    const types =
      family === 4
        ? [0, 8, 3, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 9, 10, 30, 255]
        : [128, 129, 1, 2, 3, 4, 130, 131, 133, 134, 135, 136, 137, 143, 200, 0]
    switch (draw.below(4)) {
      case 0:
        write16(bytes, offset + 4, draw.pick([0, 1, 7, 65535, read16(bytes, offset + 4) + 1]) & 0xffff)
        return
      case 1:
        bytes[offset + 1] = draw.pick([0, 1, 3, 4, 9, 10, 13, 255])
        return
      default:
        bytes[offset] = draw.pick(types)
    }
  })
}

/** Anywhere but in the fields that the recording format excludes: an IPv4 id of 0. */
function anyByte(bytes, header, draw) {
  return keepingChecksum(bytes, header, () => {
    const at = draw.below(Math.min(bytes.length, header.offset + 40))
    if (header.family === 4 && at >= 4 && at < 6) return
    bytes[at] ^= draw.pick([1, 2, 4, 8, 16, 32, 64, 128, 255])
  })
}

function longer(bytes, header, draw) {
  return keepingChecksum(bytes, header, () => {
    const changed = joined(bytes, new Uint8Array(draw.pick([1, 2, 7, 8, 100, 1000, 1400])).fill(0x41))
    if (header.protocol === UDP && read16(bytes, header.offset + 4) === bytes.length - header.offset)
      write16(changed, header.offset + 4, changed.length - header.offset)
    return changed
  })
}

function shorter(bytes, header, draw) {
  const by = draw.pick([1, 2, 4, 8, 12, 16, 20, 28])
  const cut = cutShort(new Packet(bytes), by).bytes.slice()
  if (!draw.once(3)) return cut
  // the header says more than there is, or less
  if (header.family === 4) {
    write16(cut, 2, cut.length + draw.pick([1, -1, 4, -4, 8]))
    writeIpv4Checksum(cut)
  } else write16(cut, 4, Math.max(0, cut.length - 40 + draw.pick([1, -1, 4, -4, 8])))
  return cut
}

function badChecksum(bytes, { family, protocol, offset }, draw) {
  const field = { 6: 16, 17: 6, 136: 6, 1: 2, 58: 2, 132: 8 }[protocol]
  if (family === 4 && draw.once(6)) bytes[10] ^= 0x55
  else if (field !== undefined && bytes.length > offset + field + 1)
    bytes[offset + field + 1] ^= draw.pick([1, 0x55])
  return bytes
}

function withOptions(bytes, header, draw) {
  if (header.family === 4) {
    const options = padded(hexToBytes(draw.pick(OPTIONS4)), 4)
    if (header.offset + options.length > 60 || header.offset < 20) return bytes
    return keepingChecksum(bytes, header, () => {
      const changed = joined(bytes.slice(0, header.offset), options, bytes.slice(header.offset))
      changed[0] = 0x40 | ((header.offset + options.length) >> 2)
      return changed
    })
  }
  const [number, body] = draw.pick(EXTENSIONS6)
  return keepingChecksum(bytes, header, () => {
    const extension = joined(Uint8Array.of(bytes[6], 0), padded(hexToBytes(body), 2).slice(0, 6))
    const changed = joined(bytes.slice(0, 40), extension, bytes.slice(40))
    changed[6] = number
    return changed
  })
}

function otherProtocol(bytes, header, draw) {
  const protocols =
    header.family === 4
      ? [1, 2, 4, 6, 17, 33, 41, 47, 50, 51, 132, 136, 253, 255]
      : [6, 17, 33, 58, 47, 50, 51, 59, 132, 136, 253, 44, 0]
  if (header.family === 4) {
    bytes[9] = draw.pick(protocols)
    writeIpv4Checksum(bytes)
  } else bytes[6] = draw.pick(protocols)
  return bytes
}
