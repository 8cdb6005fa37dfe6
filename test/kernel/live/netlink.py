"""The little of netlink that is needed: nfnetlink requests, dumps and attributes."""

import errno
import os
import socket
import struct

NETLINK_NETFILTER = 12
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_TYPE_MASK = 0x3FFF
NESTED = 0x8000
SO_RCVBUFFORCE = 33


def attribute(kind, payload):
    """One attribute, padded."""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + b"\0" * (-len(payload) & 3)


def attributes(data):
    """{type: payload} of a run of attributes (flags removed)."""
    found = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & NLA_TYPE_MASK] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def unsigned(payload):
    """A big-endian number of whatever width, as all nfnetlink numbers are."""
    return int.from_bytes(payload, "big")


def signed(payload):
    return int.from_bytes(payload, "big", signed=True)


def text(payload):
    return payload.split(b"\0")[0].decode("utf-8", "replace")


def messages(data):
    """(type, flags, body) of every netlink message in a datagram."""
    at = 0
    while at + 16 <= len(data):
        length, kind, flags = struct.unpack_from("=IHH", data, at)
        if length < 16:
            break
        yield kind, flags, data[at + 16 : at + length]
        at += (length + 3) & ~3


class Nfnetlink:
    """A netlink socket to netfilter, of the namespace in which it is opened."""

    def __init__(self, receive_buffer=1 << 22):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer)
        self.socket.bind((0, 0))
        self.sequence = 0

    def send(self, subsystem, message, flags, family, resource, payload=b""):
        self.sequence += 1
        body = struct.pack("!BBH", family, 0, resource) + payload
        kind = subsystem << 8 | message
        header = struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, self.sequence, 0)
        self.socket.send(header + body)

    def request(self, subsystem, message, family, resource, payload=b""):
        """A command; waits for the kernel's acknowledgement."""
        self.send(subsystem, message, NLM_F_ACK, family, resource, payload)
        for kind, _flags, body in messages(self.socket.recv(65536)):
            if kind == NLMSG_ERROR:
                (code,) = struct.unpack_from("=i", body)
                if code:
                    raise OSError(-code, "netlink: " + os.strerror(-code))

    def ask(self, subsystem, message, family, payload):
        """The attributes of one object, None if there is no such object."""
        self.send(subsystem, message, 0, family, 0, payload)
        for kind, _flags, body in messages(self.socket.recv(1 << 17)):
            if kind != NLMSG_ERROR:
                return attributes(body[4:])
            (code,) = struct.unpack_from("=i", body)
            if -code != errno.ENOENT:
                raise OSError(-code, "netlink: " + os.strerror(-code))
        return None

    def dump(self, subsystem, message, family):
        """The attributes of every object of a dump, as (family, {type: payload})."""
        self.send(subsystem, message, NLM_F_DUMP, family, 0)
        while True:
            for kind, _flags, body in messages(self.socket.recv(1 << 17)):
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    (code,) = struct.unpack_from("=i", body)
                    raise OSError(-code, "netlink dump: " + os.strerror(-code))
                yield body[0], attributes(body[4:])

    def close(self):
        self.socket.close()
