/** Which options a header has (`struct ip_options`): offsets from the start of the packet, 0 for none. */
export class Ipv4Options {
  recordRoute = 0
  /** A slot was taken: it gets the address of the way out when the packet is forwarded. */
  recordRouteNeedsAddress = false
  timestamp = 0
  timestampNeedsAddress = false
  timestampNeedsTime = false
  /** LSRR or SSRR */
  sourceRoute = 0
  strict = false
  routerAlert = 0
  cipso = 0
  /** The options were written to; the header's checksum does not know yet. */
  changed = false
  /** Offset of the byte that is wrong, 0 if none is. */
  problem = 0
}
