"""The recorder's own netfilter hooks: nftables chains next to the iptables of the case.

- Before raw (and behind defragmentation, so that a fragment held back does not count) every packet is
  marked for tracing; ip_tables honours the mark and reports every rule that matches. A message of a group
  of its own tells where a traversal begins.
- Behind the last INPUT hook (conntrack's confirmation) every packet is reported and dropped, so that the
  host's own stack never answers. Hooks of equal priority run in reverse order of registration: these chains
  must exist before conntrack registers its hooks.
- Multicast listener reports of the kernel's own are dropped before anything can count them. No user's socket
  sends them, which tells them from those of a case; and they come from ::, as the devices have no link-local
  address, which tells them from the copies that TEE makes.
- A rule with `ct state`, which no packet ever reaches, switches connection tracking on for the namespace.
"""

import subprocess

import nflog

LAST = 2147483647
BEFORE_ALL, BEFORE_RAW = -2000, -350


def ruleset(family, conntrack_on):
    table = "ip" if family == 4 else "ip6"
    lines = [
        f"table {table} recorder {{",
        "  chain entered {",
        f"    type filter hook prerouting priority {BEFORE_RAW};",
        f"    meta nftrace set 1 log group {nflog.ENTERED}",
        "  }",
        "  chain sent {",
        f"    type filter hook output priority {BEFORE_RAW};",
        f"    meta nftrace set 1 log group {nflog.SENT}",
        "  }",
        "  chain delivered {",
        f"    type filter hook input priority {LAST};",
        f"    log group {nflog.DELIVERED} drop",
        "  }",
        "  chain looping {",
        f"    type filter hook postrouting priority {LAST};",
        f'    oif "lo" log group {nflog.LOOPING}',
        "  }",
    ]
    if family == 6:
        lines += [
            "  chain silence {",
            f"    type filter hook output priority {BEFORE_ALL};",
            "    icmpv6 type { 130, 131, 132, 143 } meta skuid 0 accept",
            "    ip6 saddr :: icmpv6 type { 130, 131, 132, 143 } drop",
            "  }",
        ]
    if conntrack_on:
        lines += ["  chain unused {", "    ct state new", "  }"]
    return "\n".join(lines + ["}", ""])


def load(family, conntrack_on):
    text = ruleset(family, conntrack_on)
    done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("nft: " + done.stderr.strip())
