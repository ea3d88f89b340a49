"""Programs under measurement, and what /proc tells of them."""

import os
import random
import signal
import socket
import subprocess
import time


class Program:
    """A running program with its children: started with a configuration, stopped by its process id."""

    def __init__(self, name, command, port, log):
        self.name = name
        self.port = port
        self._log = open(log, "w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            self._wait_for_port(log)
        except BaseException:
            self.stop()
            raise

    def _wait_for_port(self, log):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if is_listening(self.port):
                return
            time.sleep(0.02)
        with open(log) as text:
            raise SystemExit(f"{self.name} did not start:\n{text.read()}")

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

    def resident_kib(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as lines:
                total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        return total

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                # A proxy may wait for idle sessions; the second request is obeyed at once.
                self._process.wait(0.5)
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


def is_listening(port):
    """Whether somebody listens on the port of 127.0.0.1, without connecting to it."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    # Fields: number, local address, remote address, state; 0A is listening.
    return any(row[3] == "0A" and int(row[1].split(":")[1], 16) == port for row in rows)


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
