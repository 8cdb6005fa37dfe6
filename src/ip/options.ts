import { Address, readWord, writeWord } from '../address.ts'
import { writeIpv4Checksum } from '../packet/checksum.ts'
import { Ipv4Options } from '../packet/ipv4-options.ts'
import type { Skb } from '../packet/skb.ts'
import { specificDestination } from './input-route.ts'
import type { DestinationType, IcmpError } from './route.ts'
import type { RoutingTable } from './routing.ts'

export const IPOPT_END = 0
export const IPOPT_NOOP = 1
export const IPOPT_RR = 7
export const IPOPT_TIMESTAMP = 68
export const IPOPT_LSRR = 131
export const IPOPT_CIPSO = 134
export const IPOPT_SSRR = 137
export const IPOPT_RA = 148

/** Where a packet is and what may be asked about it. */
export interface OptionContext {
  readonly table: RoutingTable
  readonly inDevice: string
  /** Of the packet's {@link InputRoute}. */
  readonly type: DestinationType
  /** Since midnight UT, for the timestamp option. */
  readonly milliseconds: number
}

export type ReceivedOptions =
  | { readonly accepted: true; readonly options: Ipv4Options }
  | {
      readonly accepted: false
      readonly reason: string
      readonly options: Ipv4Options
      readonly error?: IcmpError
    }

/**
 * The IPv4 options of a received packet (`ip_rcv_options` in net/ipv4/ip_input.c): after PREROUTING and routing, before
 * INPUT and FORWARD, and only if there are any. Record route and timestamp take their slot here, *without* the header's
 * checksum being mended; only {@link forwardOptions} does that, so a packet for the box itself keeps a wrong one.
 */
export function receiveOptions(skb: Skb, context: OptionContext): ReceivedOptions {
  const options = new OptionReader(skb, context).read()
  if (options.problem !== 0) {
    const error = { type: 12, code: 0, info: (options.problem << 24) >>> 0 }
    return { accepted: false, reason: `malformed IP option at byte ${options.problem}`, options, error }
  }
  const settings = context.table.devices.get(context.inDevice)?.settings
  if (options.sourceRoute !== 0 && settings?.acceptSourceRoute !== true)
    return { accepted: false, reason: 'source routed (accept_source_route=0)', options }
  return { accepted: true, options }
}

/** After FORWARD, before POSTROUTING (`ip_forward_options`): the way out is recorded, and the checksum is mended. */
export function forwardOptions(skb: Skb, options: Ipv4Options, table: RoutingTable, outDevice: string): void {
  if (!options.recordRouteNeedsAddress && !options.timestampNeedsAddress && !options.changed) return
  const bytes = skb.writable()
  const address = forwardingAddress(table, skb.destination, outDevice)
  if (options.recordRouteNeedsAddress)
    address.write(bytes, options.recordRoute + bytes[options.recordRoute + 2]! - 5)
  if (options.timestampNeedsAddress)
    address.write(bytes, options.timestamp + bytes[options.timestamp + 2]! - 9)
  writeIpv4Checksum(bytes)
}

/** `ip_rt_get_source` for a forwarded packet. */
function forwardingAddress(table: RoutingTable, destination: Address, outDevice: string): Address {
  const entry = table.lookup(destination, outDevice)
  return entry?.preferredSource ?? table.sourceAddress(outDevice, entry?.via ?? destination) ?? Address.v4(0)
}

/** `__ip_options_compile` (net/ipv4/ip_options.c) */
class OptionReader {
  private readonly skb: Skb
  private readonly context: OptionContext
  private readonly options = new Ipv4Options()

  constructor(skb: Skb, context: OptionContext) {
    this.skb = skb
    this.context = context
  }

  read(): Ipv4Options {
    const { options, skb } = this
    const end = (skb.bytes[0]! & 15) * 4
    let offset = 20
    while (offset < end && options.problem === 0) {
      const kind = skb.bytes[offset]!
      if (kind === IPOPT_END) {
        this.clearRest(offset + 1, end)
        break
      }
      if (kind === IPOPT_NOOP) {
        offset++
        continue
      }
      const length = offset + 1 < end ? skb.bytes[offset + 1]! : 0
      if (length < 2 || length > end - offset) options.problem = offset
      else this.readOption(kind, offset, length)
      offset += length
    }
    return options
  }

  /** Behind the end of the list there may only be zeros. */
  private clearRest(start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (this.skb.bytes[i] === 0) continue
      this.skb.writable()[i] = 0
      this.options.changed = true
    }
  }

  /** An option with a problem does not count as there: an error's answer does not echo it. */
  private readOption(kind: number, offset: number, length: number): void {
    const { options, skb } = this
    if (kind === IPOPT_LSRR || kind === IPOPT_SSRR) {
      if (length < 3) options.problem = offset + 1
      else if (skb.bytes[offset + 2]! < 4) options.problem = offset + 2
      else if (options.sourceRoute !== 0) options.problem = offset
      else {
        options.sourceRoute = offset
        options.strict = kind === IPOPT_SSRR
      }
    } else if (kind === IPOPT_RR) this.readRecordRoute(offset, length)
    else if (kind === IPOPT_TIMESTAMP) this.readTimestamp(offset, length)
    else if (kind === IPOPT_RA) {
      if (length < 4) options.problem = offset + 1
      else if (skb.u16(offset + 2) === 0) options.routerAlert = offset
    } else if (kind === IPOPT_CIPSO) {
      options.problem = options.cipso !== 0 ? offset : cipsoProblem(offset, length)
      options.cipso = offset
    }
  }

  private readRecordRoute(offset: number, length: number): void {
    const { options, skb } = this
    const pointer = skb.bytes[offset + 2]!
    if (options.recordRoute !== 0) options.problem = offset
    else if (length < 3) options.problem = offset + 1
    else if (pointer < 4 || (pointer <= length && pointer + 3 > length)) options.problem = offset + 2
    else {
      options.recordRoute = offset
      if (pointer > length) return
      this.take(offset, pointer, 4, this.specificDestination())
      options.recordRouteNeedsAddress = true
    }
  }

  private readTimestamp(offset: number, length: number): void {
    const { options, skb } = this
    const pointer = skb.bytes[offset + 2]!
    if (options.timestamp !== 0) options.problem = offset
    else if (length < 4) options.problem = offset + 1
    else if (pointer < 5) options.problem = offset + 2
    else if (pointer <= length) this.takeTimestamp(offset, length, pointer)
    else if ((skb.bytes[offset + 3]! & 15) !== TS_PRESPEC) this.countOverflow(offset)
    if (options.problem === 0) options.timestamp = offset
  }

  private takeTimestamp(offset: number, length: number, pointer: number): void {
    const { options, skb, context } = this
    const flag = skb.bytes[offset + 3]! & 15
    const needed = flag === TS_ADDRESS || flag === TS_PRESPEC ? 7 : 3
    if (pointer + needed > length) {
      options.problem = offset + 2
      return
    }
    const slot = offset + pointer - 1
    if (flag === TS_ONLY) {
      this.take(offset, pointer, 4, undefined)
      writeWord(skb.writable(), slot, context.milliseconds)
    } else if (flag === TS_ADDRESS) {
      this.take(offset, pointer, 8, this.specificDestination())
      writeWord(skb.writable(), slot + 4, context.milliseconds)
      options.timestampNeedsAddress = true
    } else if (flag === TS_PRESPEC) {
      const wanted = Address.v4(readWord(skb.bytes, slot))
      // somebody else's turn
      if (context.table.addressType(wanted) === 'UNICAST') return
      this.take(offset, pointer, 8, undefined)
      writeWord(skb.writable(), slot + 4, context.milliseconds)
    } else return
    options.timestampNeedsTime = true
  }

  private countOverflow(offset: number): void {
    const field = this.skb.bytes[offset + 3]!
    if (field >> 4 === 15) this.options.problem = offset + 3
    else this.skb.writable()[offset + 3] = (field & 15) | (((field >> 4) + 1) << 4)
    this.options.changed = true
  }

  private take(offset: number, pointer: number, size: number, address: Address | undefined): void {
    const bytes = this.skb.writable()
    address?.write(bytes, offset + pointer - 1)
    bytes[offset + 2] = pointer + size
    this.options.changed = true
  }

  private specificDestination(): Address {
    const { skb, context } = this
    const { table, inDevice, type } = context
    return specificDestination(table, inDevice, skb.source, skb.destination, type) ?? Address.v4(0)
  }
}

const TS_ONLY = 0
const TS_ADDRESS = 1
const TS_PRESPEC = 3

/** `cipso_v4_validate` where no domain of interpretation was configured: the kernel knows none. */
function cipsoProblem(offset: number, length: number): number {
  return length < 8 ? offset + 1 : offset + 2
}

/**
 * The options of the answer to a packet (`__ip_options_echo`): record route, timestamp and the source route reversed,
 * padded to 4 bytes. Undefined where the kernel gives up. Slots that the way out fills are filled here.
 */
export function echoOptions(
  bytes: Uint8Array,
  from: Ipv4Options,
  source: Address,
  milliseconds: number,
): Uint8Array | undefined {
  const echo: number[] = []
  if (from.recordRoute !== 0) {
    const option = [...bytes.subarray(from.recordRoute, from.recordRoute + bytes[from.recordRoute + 1]!)]
    const pointer = option[2]!
    if (from.recordRouteNeedsAddress && pointer <= option.length) {
      if (pointer + 3 > option.length) return undefined
      option[2] = pointer + 4
      put(option, pointer - 1, source.w0)
    }
    echo.push(...option)
  }
  if (from.timestamp !== 0) {
    const option = [...bytes.subarray(from.timestamp, from.timestamp + bytes[from.timestamp + 1]!)]
    if (!echoTimestamp(option, from, source, milliseconds)) return undefined
    echo.push(...option)
  }
  if (from.cipso !== 0) echo.push(...bytes.subarray(from.cipso, from.cipso + bytes[from.cipso + 1]!))
  while (echo.length % 4 !== 0) echo.push(IPOPT_END)
  return Uint8Array.from(echo)
}

function echoTimestamp(option: number[], from: Ipv4Options, source: Address, milliseconds: number): boolean {
  let pointer = option[2]!
  if (pointer > option.length) return true
  if (from.timestampNeedsAddress) {
    if (pointer + 3 > option.length) return false
    put(option, pointer - 1, source.w0)
    pointer += 4
  }
  if (from.timestampNeedsTime && (option[3]! & 15) !== TS_PRESPEC) {
    if (pointer + 3 > option.length) return false
    put(option, pointer - 1, milliseconds)
    pointer += 4
  }
  option[2] = pointer
  return true
}

function put(bytes: number[], offset: number, word: number): void {
  bytes[offset] = word >>> 24
  bytes[offset + 1] = (word >>> 16) & 255
  bytes[offset + 2] = (word >>> 8) & 255
  bytes[offset + 3] = word & 255
}
