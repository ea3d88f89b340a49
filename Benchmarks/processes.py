"""Programs under measurement, and what /proc tells of them."""

import os
import random
import resource
import signal
import socket
import subprocess
import time
from typing import NamedTuple


class Memory(NamedTuple):
    """KiB of a program with its children: resident; of that, its own anonymous pages; and its share of common pages."""

    resident: int
    anonymous: int
    proportional: int


class Program:
    """A running program with its children: started with a configuration, stopped by its process id.

    `port` is where clients are taken in; `ports` are all of them where there are several, by name.
    """

    def __init__(self, name, command, port, log, ports=None, patience=10):
        self.name = name
        self.port = port
        self.ports = ports
        self._log = open(log, "w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            self._wait_for_ports(log, patience)
        except BaseException:
            self.stop()
            raise

    def _wait_for_ports(self, log, patience):
        wanted = {self.port, *(self.ports or ())}
        deadline = time.monotonic() + patience
        while not are_listening(wanted):
            if self._process.poll() is not None:
                why = f"exit code {self._process.returncode}"
            elif time.monotonic() > deadline:
                why = f"not all of {sorted(wanted)} are listened on after {patience} s"
            else:
                time.sleep(0.02)
                continue
            with open(log) as text:
                raise SystemExit(f"{self.name} did not start, {why}:\n{text.read()}")

    def pids(self):
        """The process and its descendants, e.g. nginx's worker."""
        found = [self._process.pid]
        for pid in found:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as children:
                    found += [int(child) for child in children.read().split()]
        return found

    def cpu_seconds(self):
        """Time on a CPU since the start, all processes and threads together, in the scheduler's nanoseconds."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as line:
                    total += int(line.read().split()[0])
        return total / 1e9

    def kernel_seconds(self):
        """Of that, the time within the kernel: in ticks, by which the scheduler divides what it has measured."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as line:
                total += int(line.read().rpartition(")")[2].split()[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self):
        return Memory(
            self._kib("status", "VmRSS:"), self._kib("status", "RssAnon:"), self._kib("smaps_rollup", "Pss:")
        )

    def _kib(self, file, field):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/{file}") as lines:
                total += sum(int(line.split()[1]) for line in lines if line.startswith(field))
        return total

    def settled_memory(self, patience=10):
        """The memory once it has stayed the same for half a second, or as it is when patience ends."""
        deadline = time.monotonic() + patience
        last, since = self.memory(), time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - since < 0.5:
            time.sleep(0.1)
            now = self.memory()
            if abs(now.resident - last.resident) > 16:
                last, since = now, time.monotonic()
        return last

    def stop(self, patience=0.5):
        """A proxy may wait for idle sessions: it is asked again after `patience` seconds, and obeys at once then."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGTERM)
                try:
                    self._process.wait(2)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def are_listening(ports):
    """Whether somebody listens on each of the ports, without connecting to them."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    # Fields: number, local address, remote address, state; 0A is listening.
    return ports <= {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A"}


def free_port():
    """A port that is free now; below those that the kernel hands to outgoing connections."""
    while True:
        port = random.randint(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def raise_open_files():
    """Every session is a descriptor here, and two in a proxy. Returns how many one process may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
