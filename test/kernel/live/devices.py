"""The network of a case: TUN devices, addresses, routes, and raw sockets for what the box sends itself."""

import errno
import fcntl
import ipaddress
import os
import socket
import struct
import subprocess
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# What lo has anyway.
LOOPBACK = ("127.0.0.1/8", "::1/128")
RTF_LOCAL, RTF_ANYCAST = 0x80000000, 0x00100000


def _open_tun(name):
    """A layer-3 point-to-point device; the descriptor is its other end."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI)
    fcntl.ioctl(descriptor, TUNSETIFF, request)
    return descriptor


def _await_local6(addresses):
    """IPv6 makes an address local (and the subnet's anycast address) some time after it was added."""
    wanted = set()
    for address in addresses:
        interface = ipaddress.ip_interface(address)
        wanted.add(interface.ip.packed.hex())
        if interface.network.prefixlen < 127:
            wanted.add(interface.network.network_address.packed.hex())
    deadline = time.monotonic() + 5
    while True:
        with open("/proc/net/ipv6_route") as table:
            routes = [line.split() for line in table]
        # destination, prefix length, …, flags, device
        here = {fields[0] for fields in routes if int(fields[8], 16) & (RTF_LOCAL | RTF_ANYCAST)}
        if wanted <= here:
            return
        if time.monotonic() > deadline:
            raise RuntimeError("IPv6 addresses do not become local")
        time.sleep(0.001)


class Network:
    """The devices of one case, up and with addresses and routes."""

    def __init__(self, case):
        self.family = case["family"]
        self.descriptors = {}
        self.sockets = []
        try:
            for name in case["interfaces"]:
                if name != "lo":
                    self.descriptors[name] = _open_tun(name)
            self._configure(case)
        except BaseException:
            self.close()
            raise
        self.names = {socket.if_nametoindex(name): name for name in self.descriptors}
        self.names[1] = "lo"
        self.raw = self._raw_socket()

    def _configure(self, case):
        lines = ["link set lo up"]
        for name in self.descriptors:
            unusual = case.get("devices", {}).get(name, {})
            mtu, group = unusual.get("mtu", 1500), unusual.get("group", 0)
            lines.append(f"link set dev {name} mtu {mtu} group {group} up")
        for name, addresses in case["interfaces"].items():
            for address in addresses:
                if address in LOOPBACK:
                    continue
                nodad = " nodad" if ":" in address else ""
                lines.append(f"addr add {address} dev {name}{nodad}")
        for route in case.get("routes", []):
            lines.append(f"route add {route}")
        text = "\n".join(lines) + "\n"
        command = ["ip", "-6" if self.family == 6 else "-4", "-batch", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("ip: " + done.stderr.strip())
        if self.family == 6:
            addresses = [address for many in case["interfaces"].values() for address in many]
            _await_local6(addresses)
            if any(address.startswith("fe80:") for address in addresses):
                self._await_reports()

    def _await_reports(self):
        """Devices with a link-local address report their groups twice on their own account; see namespace.py."""
        time.sleep(0.1)
        self.left()

    def _raw_socket(self):
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sockets.append(raw)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if self.family == 4:
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        return raw

    def arrive(self, device, packet):
        """A packet comes in. What the kernel refuses on the spot (no IP version) has simply vanished."""
        try:
            os.write(self.descriptors[device], packet)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EIO):
                raise

    def send(self, packet):
        """The box sends a packet; returns the error number, 0 for none."""
        if self.family == 4:
            target = (socket.inet_ntop(socket.AF_INET, packet[16:20].ljust(4, b"\0")), 0)
        else:
            target = (socket.inet_ntop(socket.AF_INET6, packet[24:40].ljust(16, b"\0")), 0, 0, 0)
        try:
            self.raw.sendto(packet, target)
        except OSError as error:
            return error.errno
        return 0

    def left(self):
        """Packets that left on devices since the last call: [(device, packet)], device by device."""
        found = []
        for name, descriptor in self.descriptors.items():
            while True:
                try:
                    found.append((name, os.read(descriptor, 1 << 17)))
                except BlockingIOError:
                    break
        return found

    def close(self):
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        for opened in self.sockets:
            opened.close()
        self.descriptors = {}
        self.sockets = []
