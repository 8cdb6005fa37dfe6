"""What the tools that people use print: conntrack -L and -E, iptables -L and -S."""

import re
import subprocess
import time

import iptables

_TIMEOUT = re.compile(r"([a-z0-9]+ +\d+) \d+ (?=[A-Z]|src=)")
SETTLE = 0.15


def _without_timeout(line):
    return _TIMEOUT.sub(r"\1 T ", line.rstrip(), count=1)


class Events:
    """conntrack -E from here on."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "conntrack", "-E"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        # it says nothing when it listens
        time.sleep(SETTLE)

    def lines(self):
        time.sleep(SETTLE)
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
