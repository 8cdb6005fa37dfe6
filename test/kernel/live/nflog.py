"""One ordered stream of everything netfilter reports about a packet.

A single socket is bound to all groups, so that the messages stay in the order in which they happened:
group 0 gets the TRACE lines (and what conntrack's helpers have to say), groups 1 to 8 belong to the NFLOG
targets of the case, the groups from 100 on to the recorder's own hooks (see hooks.py).
"""

import struct
from collections import namedtuple

import netlink as nl

SUBSYSTEM = 4
PACKET, CONFIG = 0, 1
CFG_CMD, CFG_MODE, CFG_QTHRESH = 1, 2, 5
COPY_META, COPY_PACKET = 1, 2
MARK, IN_DEVICE, OUT_DEVICE, PAYLOAD, PREFIX = 2, 4, 5, 9, 10

KERNEL = 0
TARGETS = range(1, 9)
ENTERED, SENT, DELIVERED, LOOPING = 100, 101, 102, 103

Event = namedtuple("Event", "group prefix mark in_device out_device packet")


class Listener:
    """Binds the groups; `read` returns what has been reported since."""

    def __init__(self):
        self.link = nl.Nfnetlink(1 << 24)
        for group in (KERNEL, ENTERED, LOOPING):
            self._bind(group, COPY_META)
        for group in (*TARGETS, DELIVERED, SENT):
            self._bind(group, COPY_PACKET)
        self.link.socket.setblocking(False)

    def _bind(self, group, mode):
        bind = nl.attribute(CFG_CMD, b"\1")
        self.link.request(SUBSYSTEM, CONFIG, 0, group, bind)
        # a threshold of 1 sends every message at once instead of collecting some
        copy = nl.attribute(CFG_MODE, struct.pack("!IBB", 0xFFFF, mode, 0))
        at_once = nl.attribute(CFG_QTHRESH, struct.pack("!I", 1))
        self.link.request(SUBSYSTEM, CONFIG, 0, group, copy + at_once)

    def fileno(self):
        return self.link.socket.fileno()

    def read(self):
        events = []
        while True:
            try:
                data = self.link.socket.recv(1 << 17)
            except BlockingIOError:
                return events
            for kind, _flags, body in nl.messages(data):
                if kind == (SUBSYSTEM << 8 | PACKET):
                    events.append(self._event(body))

    @staticmethod
    def _event(body):
        (group,) = struct.unpack_from("!H", body, 2)
        found = nl.attributes(body[4:])
        return Event(
            group,
            nl.text(found.get(PREFIX, b"")),
            nl.unsigned(found.get(MARK, b"")),
            nl.unsigned(found.get(IN_DEVICE, b"")),
            nl.unsigned(found.get(OUT_DEVICE, b"")),
            found.get(PAYLOAD, b""),
        )

    def close(self):
        self.link.close()
