"""The real tools: rules in, counters out, address sets in and out."""

import shlex
import subprocess

_BINARY = {4: ("iptables-restore", "iptables-save"), 6: ("ip6tables-restore", "ip6tables-save")}
MULTI = "/usr/sbin/xtables-legacy-multi"


def _run(arguments, text="", executable=None):
    return subprocess.run(arguments, executable=executable, input=text, capture_output=True, text=True)


def restore(family, rules):
    """Loads the rules; returns what the tool had to say if it refused, else None."""
    done = _run([_BINARY[family][0]], rules, MULTI)
    return done.stderr.strip() if done.returncode else None


def output(family, *arguments):
    """What a command prints."""
    return _run(["iptables" if family == 4 else "ip6tables", *arguments], executable=MULTI).stdout.strip()


def run(family, words):
    """One command as typed, without the name of the program; whether it was refused."""
    return _run(["iptables" if family == 4 else "ip6tables", *shlex.split(words)], executable=MULTI).returncode != 0


def _pair(text):
    packets, octets = text.strip("[]").split(":")
    return [int(packets), int(octets)]


def tables_of(rules):
    return [line[1:].strip() for line in rules.splitlines() if line.startswith("*")]


def counters(family, rules):
    """Counters of every chain of the tables that the rules mention."""
    wanted = set(tables_of(rules))
    done = _run([_BINARY[family][1], "-c"], executable=MULTI)
    if done.returncode:
        raise RuntimeError("iptables-save: " + done.stderr.strip())
    found, table = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("*"):
            table = found.setdefault(line[1:], {})
        elif line.startswith(":"):
            chain, policy, pair = line[1:].split(" ")
            table[chain] = {"rules": []}
            if policy != "-":
                table[chain]["policy"] = _pair(pair)
        elif line.startswith("["):
            pair, _append, chain = line.split(" ", 3)[:3]
            table[chain]["rules"].append(_pair(pair))
    return {name: chains for name, chains in found.items() if name in wanted}


def load_sets(text):
    done = _run(["ipset", "restore"], text)
    if done.returncode:
        raise RuntimeError("ipset: " + done.stderr.strip())


def set_entries():
    done = _run(["ipset", "save", "-sorted"])
    return sorted(line for line in done.stdout.splitlines() if line.startswith("add "))
