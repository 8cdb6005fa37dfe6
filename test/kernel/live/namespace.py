"""A private network namespace for one case, and the kernel's settings in it.

The worker process itself moves into a new namespace for every case (`unshare`); the kernel removes the
old one as soon as the last socket and TUN descriptor of the case are closed. /proc/sys/net always shows
the settings of the namespace of the process that opens the file, so settings are plain file writes.
"""

import ctypes
import fcntl
import os
import tempfile

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# What every case starts from. "default" has to be set before devices exist: they inherit it.
BASE = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_msgs_per_sec": 1000000,
    "net.ipv4.icmp_msgs_burst": 1000000,
    "net.netfilter.nf_conntrack_acct": 1,
    "net.netfilter.nf_conntrack_checksum": 1,
    "net.netfilter.nf_conntrack_log_invalid": 0,
    "net.netfilter.nf_log.2": "nfnetlink_log",
    "net.netfilter.nf_log.10": "nfnetlink_log",
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.icmp.ratelimit": 0,
    "net.ipv6.auto_flowlabels": 0,
}
PER_DEVICE_4 = {
    "rp_filter": 0,
    "send_redirects": 0,
    "accept_redirects": 0,
    "accept_source_route": 0,
    "route_localnet": 0,
    "log_martians": 0,
    "accept_local": 0,
}
# No duplicate address detection, router solicitation or link-local addresses: the kernel must not
# speak on its own account.
PER_DEVICE_6 = {
    "accept_dad": 0,
    "accept_ra": 0,
    "accept_redirects": 0,
    "accept_source_route": 0,
    "router_solicitations": 0,
    "addr_gen_mode": 1,
    # what multicast listener reports a link-local address of the case calls for, come at once
    "mldv2_unsolicited_report_interval": 1,
    "forwarding": 1,
}


def enter_new():
    """Move this process into a fresh network namespace."""
    if _libc.unshare(CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "unshare(CLONE_NEWNET): " + os.strerror(error))


def sysctl_path(name):
    return "/proc/sys/" + name.replace(".", "/")


def sysctl(name, value):
    with open(sysctl_path(name), "w") as file:
        file.write(str(value))


def apply_base(family):
    """The settings all cases share; to be called before any device is made."""
    for kind in ("all", "default"):
        # without this, IPv6 would announce itself in IPv4's cases
        sysctl(f"net.ipv6.conf.{kind}.disable_ipv6", 0 if family == 6 else 1)
    for name, value in BASE.items():
        sysctl(name, value)
    for kind in ("all", "default"):
        for name, value in PER_DEVICE_4.items():
            sysctl(f"net.ipv4.conf.{kind}.{name}", value)
    for name, value in PER_DEVICE_6.items():
        sysctl(f"net.ipv6.conf.default.{name}", value)


def conntrack_count():
    """How many connections this namespace holds (a cheap question; a dump walks the whole hash table)."""
    with open("/proc/sys/net/netfilter/nf_conntrack_count") as file:
        return int(file.read())


class LogLine:
    """Who may let LOG lines reach the kernel's message buffer.

    The LOG target writes to the one message buffer of the machine, where lines of concurrent namespaces
    could not be told apart, and only if `nf_log_all_netns` (a switch of the machine) is set. So a case that
    wants LOG lines runs alone (exclusive lock), all others share. The turnstile keeps a stream of sharers
    from starving the one that waits. Must be made before the process leaves the initial namespace.
    """

    def __init__(self):
        directory = tempfile.gettempdir()
        self.turnstile = open(os.path.join(directory, "netfilter-live.turnstile"), "w")
        self.room = open(os.path.join(directory, "netfilter-live.room"), "w")
        self.switch = open(sysctl_path("net.netfilter.nf_log_all_netns"), "w")

    def _set(self, value):
        self.switch.seek(0)
        self.switch.write(value)
        self.switch.flush()

    def acquire(self, alone):
        fcntl.flock(self.turnstile, fcntl.LOCK_EX)
        fcntl.flock(self.room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self.turnstile, fcntl.LOCK_UN)
        if alone:
            self._set("1")

    def release(self, alone):
        if alone:
            self._set("0")
        fcntl.flock(self.room, fcntl.LOCK_UN)
