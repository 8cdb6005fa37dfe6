"""What is random in packets that the kernel makes itself is set to 0, so that recordings can be compared."""

import re
import struct

_ID = re.compile(r" ID=(\d+)")
FRAGMENT = 44
BEFORE_FRAGMENT = (0, 43, 60)  # hop-by-hop options, routing header, destination options


def _header_sum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _place(packet):
    """Where the IPv4 id or the identification of an IPv6 fragment stands, as a slice; None without."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return slice(4, 6)
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    following, at = packet[6], 40
    while following in BEFORE_FRAGMENT and at + 8 <= len(packet):
        following, at = packet[at], at + (packet[at + 1] + 1) * 8
    return slice(at + 4, at + 8) if following == FRAGMENT and at + 8 <= len(packet) else None


def identification(packet):
    place = _place(packet)
    return packet[place] if place else None


def mask(packet, given):
    """The packet, its identification set to 0 unless it is that of the packet given."""
    own = identification(packet)
    if own is None or own == identification(given):
        return packet
    if len(own) == 4:
        place = _place(packet)
        return packet[: place.start] + bytes(4) + packet[place.stop :]
    length = (packet[0] & 15) * 4
    if length < 20 or len(packet) < length:
        return packet
    bare = packet[:4] + bytes(2) + packet[6:10] + bytes(2) + packet[12:length]
    return bare[:10] + struct.pack("!H", _header_sum(bare)) + bare[12:] + packet[length:]


def mask_line(line, given):
    """The same for the first ID of a LOG line (IPv4 only)."""
    own = identification(given)
    if own is None or len(own) != 2:
        return line
    number = int.from_bytes(own, "big")
    return _ID.sub(lambda found: found[0] if int(found[1]) == number else " ID=0", line, count=1)
