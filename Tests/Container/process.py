"""What /proc tells of a container's process."""

import os
import threading
import time


def status(pid):
    """The fields of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as lines:
        return {name: text.strip() for name, text in (line.split(":", 1) for line in lines)}


def resident_mib(pid):
    return int(status(pid)["VmRSS"].split()[0]) / 1024


class StartWatch:
    """Measures the time from a program's exec until it is ready, while somebody else starts it."""

    def __init__(self, pid, program, is_ready, seconds=30):
        """`pid` waits for its start, with another program in it."""
        self.milliseconds = None
        self._thread = threading.Thread(target=self._watch, args=(pid, program, is_ready, time.monotonic() + seconds))
        self._thread.start()

    def _watch(self, pid, program, is_ready, deadline):
        while not runs(pid, program):
            if time.monotonic() > deadline:
                return
            time.sleep(0.0005)
        start = time.monotonic()
        while not is_ready():
            if time.monotonic() > deadline:
                return
            time.sleep(0.0005)
        self.milliseconds = (time.monotonic() - start) * 1000

    def result(self):
        self._thread.join()
        return self.milliseconds


def runs(pid, program):
    try:
        return os.readlink(f"/proc/{pid}/exe") == program
    except FileNotFoundError:
        return False
