"""One case through the kernel."""

import select
import time

import aim
import conntrack
import devices
import hooks
import iptables
import kmsg
import listings
import masks
import namespace
import nflog
import trace

# What timeouts can be while time stands still, with the kernel's defaults (seconds; an hour: of SIP's sessions).
DEFAULT_TIMEOUTS = {3, 10, 30, 60, 120, 180, 210, 300, 600, 3600, 432000}
LOOP_PATIENCE = 0.05
PACE = 0.009
CLOCK_MONOTONIC_COARSE = 6  # Python has no name for it


class Unfit(Exception):
    """The case itself cannot be set up (bad address, route, set …)."""


def is_timed(case):
    """Whether time passes on purpose, or may run out."""
    waits = any("wait" in step for step in case.get("steps", []))
    settings = [case.get("sysctl", {})] + [step.get("sysctl", {}) for step in case.get("steps", [])]
    return waits or any("timeout" in name for names in settings for name in names)


def _next_tick():
    """Waits for the next jiffy: the coarse clock moves when jiffies do."""
    before = time.clock_gettime(CLOCK_MONOTONIC_COARSE)
    while time.clock_gettime(CLOCK_MONOTONIC_COARSE) == before:
        time.sleep(0.0002)


class Run:
    """A case in the namespace of the process; `record` returns it completed."""

    def __init__(self, case):
        self.case = case
        self.opened = []
        self.entries = []
        self.unnumbered = []
        self.drift = 0.0
        self.aim = aim.Aim()
        # The kernel tells whole seconds, rounded down. If time matters in this case, let a tick pass before
        # asking, then one more than it says is right; else snap to the values that can be.
        self.timed = is_timed(case)
        self.slow = case.get("pace") or "connlimit" in case["rules"]
        self.helpers = "--helper" in case["rules"]
        self.proxies = "SYNPROXY" in case["rules"] + str(case.get("steps"))

    def _seconds(self, whole):
        return whole if not self.timed and whole in DEFAULT_TIMEOUTS else whole + 1

    def _set_up(self):
        """Everything but the rules. The order matters: see hooks.py."""
        case = self.case
        namespace.apply_base(case["family"])
        self.network = self._keep(devices.Network(case))
        hooks.load(case["family"], case.get("conntrack") == "on")
        self.listener = self._keep(nflog.Listener())
        self.tracker = self._keep(conntrack.Tracker(case["family"], self._seconds))
        for name, value in case.get("sysctl", {}).items():
            namespace.sysctl(name, value)
        if case.get("ipset"):
            iptables.load_sets(case["ipset"])

    def _keep(self, resource):
        self.opened.append(resource)
        return resource

    def record(self):
        result = {key: value for key, value in self.case.items() if key != "steps"}
        try:
            self._set_up()
        except (RuntimeError, OSError) as error:
            raise Unfit(str(error)) from error
        asked = self.case.get("steps", [])
        error = iptables.restore(self.case["family"], self.case["rules"])
        if error is not None:
            steps = [{key: value for key, value in step.items() if key != "expect"} for step in asked]
            return {**result, "steps": steps, "reject": True, "error": error}
        self.messages = self._keep(kmsg.Messages()) if self.case.get("log") else None
        events = self._keep(listings.Events()) if self.case.get("listings") else None
        self.listener.read()
        self.network.left()
        started = time.monotonic()
        observed = [self._step(step) for step in asked]
        waits = sum(step.get("wait", PACE if self.slow else 0) for step in asked)
        self.drift = time.monotonic() - started - waits
        result["steps"] = observed
        result["counters"] = self._counters()
        self._number_rules(result["counters"])
        if events:
            result["listed"] = listings.listed(self.case["family"], self.case["rules"], events)
        if "ipset" in self.case:
            result["ipset_after"] = iptables.set_entries()
        return result

    def _counters(self):
        return iptables.counters(self.case["family"], self.case["rules"])

    def _number_rules(self, counters):
        """Rules have the numbers that they had when packets met them."""
        for expect in self.unnumbered:
            expect["trace"] = trace.readable(expect["trace"], counters)
        self.unnumbered = []

    def _change(self, step):
        """Settings or rules while the firewall runs; whether the command was refused."""
        for name, value in step.get("sysctl", {}).items():
            namespace.sysctl(name, value)
        if "iptables" not in step:
            return False
        self._number_rules(self._counters())
        return iptables.run(self.case["family"], step["iptables"])

    def _step(self, given):
        """The step, completed; its packet aimed at the ports and cookies that were really chosen."""
        named = given.get("expect", {})
        step = {key: value for key, value in given.items() if key != "expect"}
        packet = self.aim.packet(bytes.fromhex(step.get("hex", "")))
        if packet:
            step["hex"] = packet.hex()
        error = 0
        refused = False
        if "wait" in step:
            time.sleep(step["wait"])
        elif not packet:
            refused = self._change(step)
        elif step.get("local"):
            error = self.network.send(packet)
        else:
            self.network.arrive(step["in"], packet)
        events = self._settle()
        if self.slow:
            time.sleep(PACE)
        expect = self._observe(step, packet, events, error)
        self.unnumbered.append(expect)
        if refused:
            expect["refused"] = True
        self.aim.learn(named.get("choices", []), self.entries, expect.get("choices", []))
        self.aim.learn_cookie(packet, named.get("cookie"), expect.get("cookie"))
        return {**step, "expect": expect}

    def _settle(self):
        """All reports of the step. The kernel works inside the system call; only the loopback device
        may defer a packet, so wait for every one that has left for it."""
        events = self.listener.read()
        deadline = time.monotonic() + LOOP_PATIENCE
        while time.monotonic() < deadline:
            left = sum(event.group == nflog.LOOPING for event in events)
            back = sum(event.group == nflog.ENTERED and event.in_device == 1 for event in events)
            if left <= back:
                break
            select.select([self.listener], [], [], 0.005)
            events += self.listener.read()
        return events

    def _observe(self, step, packet, events, error):
        traversals = trace.Traversals(bool(step.get("local")))
        delivered, targets = [], []
        for event in events:
            traversals.see(event)
            if event.group == nflog.DELIVERED:
                delivered.append(self._delivery(event, packet))
            elif event.group in nflog.TARGETS:
                taken = masks.mask(event.packet, packet).hex()
                targets.append({"group": event.group, "prefix": event.prefix, "hex": taken})
        left = [
            {"dev": device, "hex": masks.mask(bytes_, packet).hex()} for device, bytes_ in self.network.left()
        ]
        expect = {"out": left, "delivered": delivered, "nflog": targets, "kernel_log": traversals.messages}
        if self.messages:
            lines = self.messages.read()
            expect["log"] = [{"level": level, "text": masks.mask_line(line, packet)} for level, line in lines]
        expect = {key: value for key, value in expect.items() if value}
        expect["trace"] = traversals.list
        if self.proxies:
            chosen = aim.cookie(packet, [event.packet for event in events if event.group == nflog.SENT])
            if chosen:
                expect["cookie"] = chosen
        self._tables(expect)
        if error not in (0, 1):
            expect["errno"] = error
        return expect

    def _delivery(self, event, packet):
        device = self.network.names.get(event.in_device, str(event.in_device))
        found = {"dev": device, "hex": masks.mask(event.packet, packet).hex()}
        if event.mark:
            found["mark"] = event.mark
        return found

    def _tables(self, expect):
        if self.timed:
            _next_tick()
        before = self.entries
        self.entries = self.tracker.entries()
        expect["conntrack"] = self.entries
        if self.helpers:
            expectations = self.tracker.expectations()
            if expectations:
                expect["expectations"] = expectations
        chosen = conntrack.choices(before, self.entries)
        if chosen:
            expect["choices"] = chosen

    def close(self):
        for resource in self.opened:
            resource.close()
        self.opened = []


def record(case, log_line):
    """The case completed with what the kernel did, in a namespace of its own; and the drift: the seconds
    that the steps took beyond their waits, which should have been none."""
    alone = bool(case.get("log"))
    log_line.acquire(alone)
    run = Run(case)
    try:
        namespace.enter_new()
        return run.record(), run.drift
    finally:
        run.close()
        log_line.release(alone)
