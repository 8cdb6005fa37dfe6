"""From the stream of reports to traversals."""

import re

import nflog

_LINE = re.compile(r"TRACE: ([^:]*):(.*):(rule|return|policy):(\d+) ?$")


class Traversals:
    """Collects the paths of the packets of one step.

    Every packet that arrives (from a device or looped back) starts a traversal; of what goes through
    OUTPUT only the packet that the step itself sends: anything else there is an answer of the box, whose
    way is appended to the path of its cause.
    """

    def __init__(self, local):
        self.list = []
        self.waiting_for_local = local
        self.messages = []

    def see(self, event):
        if event.group == nflog.ENTERED:
            self.list.append({"path": []})
        elif event.group == nflog.SENT:
            if self.waiting_for_local or not self.list:
                self.list.append({"path": []})
            self.waiting_for_local = False
        elif event.group == nflog.KERNEL:
            self._line(event)

    def _line(self, event):
        found = _LINE.match(event.prefix)
        if not found:
            self.messages.append(event.prefix.rstrip())
            return
        table, chain, kind, number = found.groups()
        if not self.list:
            self.list.append({"path": []})
        traversal = self.list[-1]
        traversal["path"].append((table, chain, kind, int(number)))
        traversal["mark"] = event.mark


def readable(traversals, counters):
    """Paths as text.

    The kernel calls any unconditional ACCEPT, DROP or RETURN rule "policy" or "return"; the number tells
    it from the real end of the chain.
    """
    result = []
    for traversal in traversals:
        path = []
        for table, chain, kind, number in traversal["path"]:
            rules = counters.get(table, {}).get(chain, {}).get("rules", [])
            path.append(f"{table}:{chain}:{number if number <= len(rules) else kind}")
        entry = {"path": path}
        if traversal.get("mark"):
            entry["mark"] = traversal["mark"]
        result.append(entry)
    # a step in which no table was reached at all is recorded as no traversal
    return result if any(entry["path"] for entry in result) else []
