#!/usr/bin/env python3
"""record.py [--jobs N] [--slow SECONDS] [--strict] [FILE…]: runs cases through the kernel of this machine.

Cases come as JSON lines from the files or standard input and go to standard output, in the same order,
completed with what the kernel did. Needs root. See README.md beside this file.
"""

import argparse
import fileinput
import json
import multiprocessing
import os
import sys
import time

import case as one
import namespace

ATTEMPTS = 3
# Where no time passes on purpose, timeouts are told in whole seconds, rounded: less than one does not show.
UNTIMED_SLOW = 0.8
ANSWERS = ("counters", "ipset_after", "reject", "error")
_log_line = None


def _start_worker():
    global _log_line
    _log_line = namespace.LogLine()


def _bare(case):
    """The question without any earlier answer, but for the ports and cookies chosen (see aim.py)."""
    kept = {key: value for key, value in case.items() if key not in ANSWERS}
    kept["steps"] = []
    for step in case.get("steps", []):
        bare = {key: value for key, value in step.items() if key != "expect"}
        chosen = {key: step.get("expect", {}).get(key) for key in ("choices", "cookie")}
        if any(chosen.values()):
            bare["expect"] = {key: value for key, value in chosen.items() if value}
        kept["steps"].append(bare)
    return kept


def _work(item):
    """One line of input to (line of output, seconds lost if they are too many)."""
    line, tolerated, strict = item
    try:
        case = _bare(json.loads(line))
    except ValueError as error:
        return json.dumps({"error": f"not JSON: {error}"}), None
    if not one.is_timed(case):
        tolerated = max(tolerated, UNTIMED_SLOW)
    for _attempt in range(ATTEMPTS):
        try:
            result, drift = one.record(case, _log_line)
        except Exception as error:  # one bad case must not end the batch
            return json.dumps({**case, "error": f"{type(error).__name__}: {error}"}), None
        if drift <= tolerated:
            break
    if strict and drift > tolerated:
        result = {**case, "error": f"took {drift:.2f} s beyond its waits"}
    text = json.dumps(result, separators=(",", ":"), ensure_ascii=False)
    return text, drift if drift > tolerated else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cases at a time")
    parser.add_argument(
        "--slow",
        type=float,
        default=0.2,
        help="seconds that a case may take beyond its waits; slower ones are run again, then reported",
    )
    parser.add_argument(
        "--strict", action="store_true", help="a case that stayed too slow is an error without an answer"
    )
    parser.add_argument("files", nargs="*", help="JSON lines; standard input if none")
    options = parser.parse_args()
    lines = (line for line in fileinput.input(options.files) if line.strip())
    started = time.monotonic()
    count = 0
    with multiprocessing.Pool(options.jobs, _start_worker) as pool:
        for text, drift in pool.imap(_work, ((line, options.slow, options.strict) for line in lines)):
            print(text, flush=True)
            count += 1
            if drift is not None:
                name = json.loads(text).get("name")
                print(f"record: {name} took {drift:.2f} s beyond its waits", file=sys.stderr)
    print(f"record: {count} cases in {time.monotonic() - started:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
