"""What the tools that people use print: conntrack -L and -E, iptables -L and -S."""

import re
import subprocess
import time

import iptables

_TIMEOUT = re.compile(r"([a-z0-9]+ +\d+) \d+ (?=[A-Z]|src=)")
NETFILTER, ALL_EVENTS = "12", 7  # the groups of new, changed and ended connections
PATIENCE = 2.0


def _without_timeout(line):
    return _TIMEOUT.sub(r"\1 T ", line.rstrip(), count=1)


class Events:
    """conntrack -E from here on."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "conntrack", "-E"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._until(lambda unread: True)

    def _until(self, holds):
        """Waits for its socket, the only one here in all of these groups: the tool does not say when it listens."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with open(f"/proc/{self.process.pid}/net/netlink") as file:
                rows = [line.split() for line in file.readlines()[1:]]
            own = [row for row in rows if row[1] == NETFILTER and int(row[3], 16) & ALL_EVENTS == ALL_EVENTS]
            if own and all(holds(int(row[4])) for row in own):
                return
            time.sleep(0.005)
        raise RuntimeError("conntrack -E does not listen")

    def lines(self):
        self._until(lambda unread: unread == 0)
        time.sleep(0.02)  # what is read is still to be printed
        self.close()
        return [_without_timeout(line) for line in self.process.stdout.read().splitlines()]

    def close(self):
        self.process.terminate()
        self.process.wait()


def _connections(family, *more):
    arguments = ["conntrack", "-L", "-f", "ipv4" if family == 4 else "ipv6", *more]
    done = subprocess.run(arguments, capture_output=True, text=True)
    return sorted(_without_timeout(line) for line in done.stdout.splitlines())


def listed(family, rules, events):
    tables = iptables.tables_of(rules)
    return {
        "conntrack": _connections(family),
        "extended": _connections(family, "-o", "extended"),
        "events": events.lines(),
        "rules": {
            table: iptables.output(family, "-t", table, "-L", "-n", "-v", "-x", "--line-numbers")
            for table in tables
        },
        "commands": {table: iptables.output(family, "-t", table, "-S") for table in tables},
    }
