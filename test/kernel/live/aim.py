"""Answers to ports and SYN cookies that the kernel chooses at random.

A case that was recorded before (or whose author has guessed) names in `expect.choices` the source ports
that new connections got, and in `expect.cookie` what SYNPROXY answered to a SYN. This time the kernel chooses
others; later packets of the case that answer to those named then have to be aimed at those chosen now.
"""

import socket
import struct

ICMP, TCP, UDP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 58, 132, 136
CHECKSUM_AT = {TCP: 16, UDP: 6, UDPLITE: 6}
WITH_ID = {ICMP: (0, 8, 13, 14, 15, 16, 17, 18), ICMP6: (128, 129)}
ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMP6: (1, 2, 3, 4)}
EXTENSIONS = (0, 43, 44, 51, 60)
FRAGMENT, AUTHENTICATION = 44, 51
SYN, RST, ACK = 2, 4, 16
END, NOP, SACK, TIMESTAMPS = 0, 1, 5, 8


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


def _options(packet, at):
    """(kind, offset of its data, length of its data) of every option of the TCP header at an offset."""
    end = min(at + (packet[at + 12] >> 4) * 4, len(packet))
    at += 20
    while at < end and packet[at] != END:
        if packet[at] == NOP:
            at += 1
            continue
        length = packet[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            return
        yield packet[at], at + 2, length - 2
        at += length


def _segment(packet):
    """(source, destination, ports) and the offset of a whole TCP header; None for any other packet."""
    layers = _layers(packet)
    if not layers or layers[2] != TCP or len(packet) < layers[3] + 20:
        return None
    source, destination, _proto, at = layers
    return (source, destination, bytes(packet[at : at + 4])), at


def _kind(segment, packet):
    return packet[segment[1] + 13] & (SYN | ACK | RST)


def cookie(asked, sent):
    """What SYNPROXY answered to a SYN: the sequence number that is a cookie, and its timestamp if it has one.

    The SYN is the packet that came in, or SYNPROXY's own one over loopback to a server of the box. The answer is
    taken as it went into OUTPUT: an older connection of the same ends may change both before they leave.
    """
    segments = [(segment, packet) for packet in (asked, *sent) if (segment := _segment(packet))]
    for question, syn in segments:
        if _kind(question, syn) != SYN:
            continue
        (source, _destination, ports), at = question
        awaited = struct.pack("!I", (int.from_bytes(syn[at + 4 : at + 8], "big") + 1) & 0xFFFFFFFF)
        for answer, packet in segments[1:]:
            (_source, destination, answered), at = answer
            if _kind(answer, packet) != SYN | ACK or packet[at + 8 : at + 12] != awaited:
                continue
            if (destination, answered[2:]) == (source, ports[:2]):
                return _signed(packet, at)
    return None


def _signed(packet, at):
    found = {"sequence": int.from_bytes(packet[at + 4 : at + 8], "big")}
    for kind, data, length in _options(packet, at):
        if kind == TIMESTAMPS and length == 8:
            found["timestamp"] = int.from_bytes(packet[data : data + 4], "big")
    return found


class Aim:
    """Which ports stand for which, and by how much cookies are off."""

    def __init__(self):
        self.ports = {}
        self.cookies = {}

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

    def learn_cookie(self, asked, named, chosen):
        """The same for the SYN cookie that the answer to a packet carried."""
        if named and chosen:
            timestamp = chosen.get("timestamp", 0) - named["timestamp"] if "timestamp" in named else 0
            self.cookies[_segment(asked)[0]] = chosen["sequence"] - named["sequence"], timestamp

    def packet(self, given):
        """The packet with the port it answers to exchanged; in ICMP errors that of the packet quoted."""
        packet = bytearray(given)
        if self.ports:
            self._aim(packet, quoted=False)
        if self.cookies:
            self._acknowledge(packet)
        return bytes(packet)

    def _acknowledge(self, packet):
        """What the client acknowledges and echoes, counted from the cookie and the timestamp it really got."""
        found = _segment(packet)
        if not found or found[0] not in self.cookies or packet[found[1] + 13] & ACK == 0:
            return
        at = found[1]
        sequence, timestamp = self.cookies[found[0]]
        self._shift(packet, at, at + 8, sequence)
        for kind, data, length in list(_options(packet, at)):
            if kind == SACK:
                for edge in range(data, data + length - 3, 4):
                    self._shift(packet, at, edge, sequence)
            elif kind == TIMESTAMPS and length == 8 and any(packet[data + 4 : data + 8]):
                self._shift(packet, at, data + 4, timestamp)

    @staticmethod
    def _shift(packet, at, place, difference):
        before = bytes(packet[place : place + 4])
        after = struct.pack("!I", (int.from_bytes(before, "big") + difference) & 0xFFFFFFFF)
        packet[place : place + 4] = after
        if (place - at) % 2:
            before, after = b"\0" + before + b"\0", b"\0" + after + b"\0"
        _adjust(packet, at + CHECKSUM_AT[TCP], before, after)

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
