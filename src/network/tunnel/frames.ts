import { toBytes, toText } from '../process.ts'

/** What the two ends of a tunnel say to each other; numbers and meanings as in SSH (RFC 4254). */
export interface Frame {
  readonly type: FrameType
  /** Which connection inside the tunnel; 0 for what is about the tunnel itself. */
  readonly channel: number
  readonly payload: Uint8Array
}

export const FRAME = {
  /** `tcpip-forward 127.0.0.1:8080`: send me who connects there; or `keepalive@openssh.com`. */
  GLOBAL_REQUEST: 80,
  REQUEST_SUCCESS: 81,
  REQUEST_FAILURE: 82,
  /** Its payload says where the connection is to go. */
  CHANNEL_OPEN: 90,
  CHANNEL_OPEN_CONFIRMATION: 91,
  CHANNEL_OPEN_FAILURE: 92,
  CHANNEL_DATA: 94,
  CHANNEL_EOF: 96,
  /** Broken off. */
  CHANNEL_CLOSE: 97,
} as const

export type FrameType = (typeof FRAME)[keyof typeof FRAME]

const HEADER = 9

/** A frame as bytes: type, channel, length, and the payload sealed. */
export function writeFrame(type: FrameType, channel: number, payload: string | Uint8Array = ''): Uint8Array {
  const sealed = seal(toBytes(payload))
  const bytes = new Uint8Array(HEADER + sealed.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = type
  view.setUint32(1, channel)
  view.setUint32(5, sealed.length)
  bytes.set(sealed, HEADER)
  return bytes
}

/** Whole frames from the beginning of the data, and what is left. */
export function readTunnelFrames(data: Uint8Array): {
  readonly frames: readonly Frame[]
  readonly rest: Uint8Array
} {
  const frames: Frame[] = []
  let at = 0
  while (data.length - at >= HEADER) {
    const view = new DataView(data.buffer, data.byteOffset + at)
    const end = at + HEADER + view.getUint32(5)
    if (data.length < end) break
    const payload = seal(data.subarray(at + HEADER, end))
    frames.push({ type: data[at] as FrameType, channel: view.getUint32(1), payload })
    at = end
  }
  return { frames, rest: data.subarray(at) }
}

export function frameText({ payload }: Frame): string {
  return toText(payload)
}

/**
 * Stands for encryption: whoever reads the packets finds no text in them. It is its own inverse, and no cryptography.
 */
function seal(data: Uint8Array): Uint8Array {
  return data.map((byte, at) => byte ^ (0xa5 + Math.imul(at + 1, 0x6d)))
}
