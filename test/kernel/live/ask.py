#!/usr/bin/env python3
"""ask.py [options] STEP…: one question to the kernel, without writing a case by hand.

STEP is DEVICE=HEX (a packet arrives), local=HEX (the box sends one) or wait=SECONDS. Rules come from
--rules or standard input. Prints what the kernel did, step by step.
"""

import argparse
import json
import sys

import case as one
import namespace

NETWORK = {
    4: {
        "interfaces": {"lan0": ["10.6.0.1/16"], "wan0": ["203.0.113.1/24"], "dmz0": ["192.168.50.1/24"]},
        "routes": ["default via 203.0.113.254 dev wan0"],
    },
    6: {
        "interfaces": {
            "lan0": ["2001:db8:6::1/64"],
            "wan0": ["2001:db8:ffff::1/64"],
            "dmz0": ["2001:db8:50::1/64"],
        },
        "routes": ["default via 2001:db8:ffff::fe dev wan0"],
    },
}


def _step(text):
    place, _, value = text.partition("=")
    if place == "wait":
        return {"wait": float(value)}
    if place == "local":
        return {"local": True, "hex": value}
    return {"in": place, "hex": value}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", help="iptables-restore text; standard input if not given")
    parser.add_argument("--family", type=int, choices=(4, 6), default=4)
    parser.add_argument("--auto", action="store_true", help="track connections only if a rule needs it")
    parser.add_argument("--log", action="store_true", help="LOG lines, too")
    parser.add_argument("--sysctl", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", action="store_true", help="print the recorded case as one line")
    parser.add_argument("steps", nargs="*", type=_step, metavar="STEP")
    options = parser.parse_args()
    with open(options.rules) if options.rules else sys.stdin as file:
        rules = file.read()
    case = {
        "name": "question",
        "family": options.family,
        **NETWORK[options.family],
        "conntrack": "auto" if options.auto else "on",
        "sysctl": dict(setting.split("=", 1) for setting in options.sysctl),
        "log": options.log,
        "rules": rules,
        "steps": options.steps,
    }
    result, _drift = one.record(case, namespace.LogLine())
    if options.json:
        print(json.dumps(result))
    elif result.get("reject"):
        print("rejected:", result["error"])
    else:
        for number, step in enumerate(result["steps"]):
            print(number, {key: value for key, value in step.items() if key != "expect"})
            for key, value in step["expect"].items():
                for entry in value if isinstance(value, list) else [value]:
                    print("   ", key, entry)
        print("counters", json.dumps(result["counters"]))


if __name__ == "__main__":
    main()
