"""The connection table and the expectations, read from ctnetlink."""

import socket

import namespace
import netlink as nl

CT, EXP = 1, 2
GET = 1
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP_NEW = 270, 1, 1

STATUS = (
    "EXPECTED SEEN_REPLY ASSURED CONFIRMED SRC_NAT DST_NAT SEQ_ADJUST SRC_NAT_DONE DST_NAT_DONE DYING "
    "FIXED_TIMEOUT TEMPLATE NAT_CLASH HELPER OFFLOAD HW_OFFLOAD"
).split()
TCP_STATES = (
    "NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2"
).split()
SCTP_STATES = (
    "NONE CLOSED COOKIE_WAIT COOKIE_ECHOED ESTABLISHED SHUTDOWN_SENT SHUTDOWN_RECD SHUTDOWN_ACK_SENT "
    "HEARTBEAT_SENT"
).split()

# attributes of an entry
TUPLE_ORIG, TUPLE_REPLY, STATUS_BITS, PROTOINFO, HELP, TIMEOUT, MARK = 1, 2, 3, 4, 5, 7, 8
COUNTERS_ORIG, COUNTERS_REPLY, TUPLE_MASTER, SEQADJ_ORIG, SEQADJ_REPLY, ZONE = 9, 10, 14, 15, 16, 18
INFO_TCP, INFO_SCTP = 1, 3
# of an expectation
EXP_MASTER, EXP_TUPLE, EXP_MASK, EXP_TIMEOUT, EXP_HELPER, EXP_FLAGS = 1, 2, 3, 4, 6, 8
EXP_CLASS, EXP_NAT, EXP_FN = 9, 10, 11
NAT_DIR, NAT_TUPLE = 1, 2
# nf_conntrack_broadcast.c never writes these fields: what is told is whatever was in that memory before
NAT_UNSET = ("netbios-ns", "snmp")


def _address(payload):
    return socket.inet_ntop(socket.AF_INET if len(payload) == 4 else socket.AF_INET6, payload)


def _tuple(payload):
    """(protocol number, [source, destination, …], zone) of a tuple attribute."""
    outer = nl.attributes(payload)
    ip = nl.attributes(outer.get(1, b""))
    proto = nl.attributes(outer.get(2, b""))
    parts = [_address(ip.get(1) or ip[3]), _address(ip.get(2) or ip[4])] if ip else []
    number = nl.unsigned(proto.get(1, b""))
    if 5 in proto:
        parts += [nl.unsigned(proto[key]) for key in (5, 6, 4)]
    elif 8 in proto:
        parts += [nl.unsigned(proto[key]) for key in (8, 9, 7)]
    elif 2 in proto:
        parts += [nl.unsigned(proto[2]), nl.unsigned(proto[3])]
    return number, parts, nl.unsigned(outer.get(3, b""))


def _counters(payload):
    found = nl.attributes(payload)
    return [nl.unsigned(found.get(1, b"")), nl.unsigned(found.get(2, b""))]


def _sequence(payload):
    """[correction position, offset before, offset after] or None if nothing was ever shifted."""
    found = nl.attributes(payload)
    values = [nl.unsigned(found.get(1, b"")), nl.signed(found.get(2, b"")), nl.signed(found.get(3, b""))]
    return values if any(values) else None


def _state(states, payload):
    number = nl.unsigned(payload)
    return states[number] if number < len(states) else str(number)


def _protocol_state(entry, payload):
    info = nl.attributes(payload)
    if INFO_TCP in info:
        tcp = nl.attributes(info[INFO_TCP])
        entry["state"] = _state(TCP_STATES, tcp[1])
        # the flags come as a value and a mask
        entry["tcp"] = [tcp[2][0], tcp[3][0], tcp[4][0], tcp[5][0]]
    elif INFO_SCTP in info:
        sctp = nl.attributes(info[INFO_SCTP])
        entry["state"] = _state(SCTP_STATES, sctp[1])
        entry["vtag"] = [nl.unsigned(sctp[2]), nl.unsigned(sctp[3])]


def _entry(found, whole_seconds):
    proto, orig, zone_orig = _tuple(found[TUPLE_ORIG])
    _proto, reply, zone_reply = _tuple(found[TUPLE_REPLY])
    bits = nl.unsigned(found[STATUS_BITS])
    entry = {
        "proto": proto,
        "orig": orig,
        "reply": reply,
        "status": [name for bit, name in enumerate(STATUS) if bits >> bit & 1 and name != "CONFIRMED"],
        "timeout": whole_seconds(nl.unsigned(found.get(TIMEOUT, b""))),
    }
    if PROTOINFO in found:
        _protocol_state(entry, found[PROTOINFO])
    # without accounting there are none
    entry["counters"] = _counters(found.get(COUNTERS_ORIG, b"")) + _counters(found.get(COUNTERS_REPLY, b""))
    optional = {
        "mark": nl.unsigned(found.get(MARK, b"")),
        "zone": nl.unsigned(found.get(ZONE, b"")),
        "zone_orig": zone_orig,
        "zone_reply": zone_reply,
        "helper": nl.text(nl.attributes(found.get(HELP, b"")).get(1, b"")),
        "master": list(_tuple(found[TUPLE_MASTER])[:2]) if TUPLE_MASTER in found else None,
        "seqadj_orig": _sequence(found.get(SEQADJ_ORIG, b"")),
        "seqadj_reply": _sequence(found.get(SEQADJ_REPLY, b"")),
    }
    entry.update({key: value for key, value in optional.items() if value})
    return entry


def _expectation(found, whole_seconds):
    proto, wanted, _zone = _tuple(found[EXP_TUPLE])
    _proto, mask, _zone = _tuple(found[EXP_MASK])
    entry = {
        "proto": proto,
        "tuple": wanted,
        "mask": mask,
        "master": list(_tuple(found[EXP_MASTER])[:2]),
        "timeout": whole_seconds(nl.unsigned(found.get(EXP_TIMEOUT, b""))),
        "helper": nl.text(found.get(EXP_HELPER, b"")),
        "flags": nl.unsigned(found.get(EXP_FLAGS, b"")),
    }
    if nl.unsigned(found.get(EXP_CLASS, b"")):
        entry["class"] = nl.unsigned(found[EXP_CLASS])
    if nl.text(found.get(EXP_FN, b"")):
        entry["fn"] = nl.text(found[EXP_FN])
    if EXP_NAT in found and entry["helper"] not in NAT_UNSET:
        nat = nl.attributes(found[EXP_NAT])
        entry["nat"] = {"dir": nl.unsigned(nat[NAT_DIR]), "tuple": _tuple(nat[NAT_TUPLE])[1]}
    return entry


def _order(entry):
    wanted = entry.get("orig") or entry.get("tuple")
    return entry["proto"], repr(wanted), repr(entry.get("reply")), entry.get("zone", 0)


class Tracker:
    """Reads the tables.

    A dump walks a hash table that all namespaces share and takes milliseconds, in which "no time passes".
    So the socket listens for new connections and then asks for each of them by its tuple. A full dump is
    the fallback if the namespace holds more connections than that.

    `whole_seconds` turns the kernel's rounded-down seconds into those to be recorded.
    """

    def __init__(self, family, whole_seconds):
        self.link = nl.Nfnetlink()
        self.events = nl.Nfnetlink(1 << 24)
        self.events.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP_NEW)
        self.events.socket.setblocking(False)
        self.family = socket.AF_INET if family == 4 else socket.AF_INET6
        self.whole_seconds = whole_seconds
        self.known = []

    def _notice_new(self):
        while True:
            try:
                data = self.events.socket.recv(1 << 17)
            except BlockingIOError:
                return
            for _kind, _flags, body in nl.messages(data):
                found = nl.attributes(body[4:])
                name = found[TUPLE_ORIG], found.get(ZONE)
                if name not in self.known:
                    self.known.append(name)

    def _ask(self, name):
        """The connection of that name. The kernel also finds one whose replies look like that."""
        original, zone = name
        query = nl.attribute(TUPLE_ORIG | nl.NESTED, original)
        if zone is not None:
            query += nl.attribute(ZONE, zone)
        answer = self.link.ask(CT, GET, self.family, query)
        return answer if answer and answer[TUPLE_ORIG] == original else None

    def entries(self):
        self._notice_new()
        alive = [(name, answer) for name in self.known if (answer := self._ask(name))]
        self.known = [name for name, _answer in alive]
        found = [answer for _name, answer in alive]
        if namespace.conntrack_count() > len(found):
            found = [answer for _family, answer in self.link.dump(CT, GET, self.family)]
        return sorted((_entry(one, self.whole_seconds) for one in found), key=_order)

    def expectations(self):
        dump = self.link.dump(EXP, GET, self.family)
        return sorted((_expectation(found, self.whole_seconds) for _family, found in dump), key=_order)

    def close(self):
        self.link.close()
        self.events.close()


def _source_port(parts):
    return parts[4] if len(parts) == 5 else parts[2] if len(parts) == 4 else None


def _answered_port(parts):
    return parts[4] if len(parts) == 5 else parts[3] if len(parts) == 4 else None


def _identity(entry):
    zones = tuple(entry.get(key, 0) for key in ("zone", "zone_orig", "zone_reply"))
    return entry["proto"], tuple(entry["orig"]), tuple(entry["reply"]), zones


def choices(before, after):
    """The source ports that new connections were given instead of their own."""
    known = {_identity(entry): entry["counters"] for entry in before}
    found = []
    for entry in after:
        counters = known.get(_identity(entry))
        # fewer packets than before: the connection was opened anew with the same port
        if counters and entry["counters"][0] + entry["counters"][2] >= counters[0] + counters[2]:
            continue
        port = _answered_port(entry["reply"])
        if port is not None and port != _source_port(entry["orig"]):
            found.append({"proto": entry["proto"], "orig": entry["orig"], "port": port})
    return found
