"""Answers to ports that the kernel chooses at random.

A case that was recorded before (or whose author has guessed) names in `expect.choices` the source ports
that new connections got. This time the kernel chooses others; later packets of the case that answer to
the ports named then have to be aimed at those chosen now.
"""

import socket
import struct

ICMP, TCP, UDP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 58, 132, 136
CHECKSUM_AT = {TCP: 16, UDP: 6, UDPLITE: 6}
WITH_ID = {ICMP: (0, 8, 13, 14, 15, 16, 17, 18), ICMP6: (128, 129)}
ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMP6: (1, 2, 3, 4)}
EXTENSIONS = (0, 43, 44, 51, 60)
FRAGMENT, AUTHENTICATION = 44, 51


def _sum(data):
    data = bytes(data) + b"\0" * (len(data) & 1)
    return sum(struct.unpack(f"!{len(data) // 2}H", data))


def _adjust(packet, at, before, after):
    """Corrects the checksum at an offset for bytes that changed; a wrong one stays as wrong as it was."""
    if len(packet) < at + 2:
        return
    (checksum,) = struct.unpack_from("!H", packet, at)
    total = (~checksum & 0xFFFF) + _sum(after) - _sum(before)
    while total >> 16:  # an arithmetic shift: this folds negative totals, too
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("!H", packet, at, ~total & 0xFFFF)


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _layers(packet):
    """(source, destination, protocol, offset of layer 4), None if there is no such thing to change."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        (fragment,) = struct.unpack_from("!H", packet, 6)
        if fragment & 0x1FFF:
            return None
        return bytes(packet[12:16]), bytes(packet[16:20]), packet[9], (packet[0] & 15) * 4
    if version != 6 or len(packet) < 40:
        return None
    header, at = packet[6], 40
    while header in EXTENSIONS and len(packet) >= at + 8:
        length = (packet[at + 1] + 1) * 8
        if header == FRAGMENT:
            if struct.unpack_from("!H", packet, at + 2)[0] >> 3:
                return None
            length = 8
        elif header == AUTHENTICATION:
            length = (packet[at + 1] + 2) * 4
        header, at = packet[at], at + length
    return bytes(packet[8:24]), bytes(packet[24:40]), header, at


class Aim:
    """Which ports stand for which."""

    def __init__(self):
        self.ports = {}

    def learn(self, named, entries, chosen):
        """Takes the choices named in the case and those the kernel made in the same step."""
        replies = {(entry["proto"], tuple(entry["orig"])): entry["reply"] for entry in entries}
        now = {(choice["proto"], tuple(choice["orig"])): choice["port"] for choice in chosen}
        for choice in named:
            key = choice["proto"], tuple(choice["orig"])
            if key in now:
                text = replies[key][1]
                family = socket.AF_INET6 if ":" in text else socket.AF_INET
                address = socket.inet_pton(family, text)
                self.ports[choice["proto"], address, choice["port"]] = now[key]

    def packet(self, given):
        """The packet with the port it answers to exchanged; in ICMP errors that of the packet quoted."""
        if not self.ports:
            return given
        packet = bytearray(given)
        self._aim(packet, quoted=False)
        return bytes(packet)

    def _aim(self, packet, quoted):
        layers = _layers(packet)
        if not layers or len(packet) < layers[3] + 8:
            return
        source, destination, proto, at = layers
        address = source if quoted else destination
        if proto in ERRORS and packet[at] in ERRORS[proto]:
            if not quoted:
                quote = bytearray(packet[at + 8 :])
                self._aim(quote, quoted=True)
                _adjust(packet, at + 2, packet[at + 8 :], quote)
                packet[at + 8 :] = quote
            return
        if proto in WITH_ID and packet[at] in WITH_ID[proto]:
            place, checksum = at + 4, at + 2
        elif proto in (TCP, UDP, SCTP, UDPLITE):
            place, checksum = at + (0 if quoted else 2), at + CHECKSUM_AT.get(proto, len(packet))
        else:
            return
        before = bytes(packet[place : place + 2])
        port = self.ports.get((proto, address, int.from_bytes(before, "big")))
        if port is None:
            return
        sound = proto == SCTP and self._sctp_sum(packet, at) == packet[at + 8 : at + 12]
        after = struct.pack("!H", port)
        packet[place : place + 2] = after
        if sound:
            packet[at + 8 : at + 12] = self._sctp_sum(packet, at)
        elif not (proto == UDP and packet[checksum : checksum + 2] == b"\0\0"):
            _adjust(packet, checksum, before, after)

    @staticmethod
    def _sctp_sum(packet, at):
        return struct.pack("<I", _crc32c(packet[at : at + 8] + bytes(4) + packet[at + 12 :]))
