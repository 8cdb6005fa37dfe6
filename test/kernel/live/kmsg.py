"""LOG lines from the kernel's message buffer."""

import os
import re

_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


class Messages:
    """Reads what has been printed since it was opened."""

    def __init__(self):
        self.descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self.descriptor, 0, os.SEEK_END)

    def read(self):
        """[(level, text)] of the lines that look like netfilter's."""
        found = []
        while True:
            try:
                record = os.read(self.descriptor, 8192)
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue  # the buffer has overrun us; reading on gives the oldest line left
            head, _, text = record.partition(b";")
            text = text.split(b"\n")[0]
            text = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)
            priority = int(head.split(b",")[0])
            if b"IN=" in text and b"OUT=" in text:
                found.append((priority & 7, text.decode("utf-8", "replace")))

    def close(self):
        os.close(self.descriptor)
