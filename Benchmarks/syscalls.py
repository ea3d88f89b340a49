"""What each proxy asks the kernel for, for one connection with one request: system calls, counted by strace."""

import os
import subprocess
import tempfile
import time

import report
from workloads import connections

# Why Herald needs each of them, and how often.
REASONS = {
    "accept4": "takes the client in, and says who it is",
    "socket": "the server's",
    "setsockopt": "TCP_QUICKACK off and on, so that the header carries the handshake's end",
    "connect": "to the server",
    "getsockname": "the address that the client dialled, for the header",
    "epoll_ctl": "both sockets in; they are taken out by being closed",
    "recvfrom": "the request, the answer, the client's end; and a look for the server's, where the poll has not told of it",
    "sendmsg": "the header and the request",
    "sendto": "the answer",
    "shutdown": "the server's end, passed on with the answer",
    "close": "both sockets",
    "epoll_wait": "for all that is ready at one time",
}
# Fewer than this a connection are others' or the clock's.
LEAST = 0.02


def measure(bench, servers, progress=print):
    """Calls a connection, by proxy and name; nothing where strace may not look."""
    figures = {}
    for name, start in bench.proxies().items():
        with start(servers) as program:
            counts = _trace(program, servers)
        if counts is None:
            progress("system calls: not counted, as strace may not trace here")
            return {}
        figures[name] = counts
    progress("system calls: done")
    return figures


def _trace(program, servers):
    with tempfile.NamedTemporaryFile("r") as output:
        command = ["strace", "-f", "-c", "-o", output.name]
        for pid in program.pids():
            command += ["-p", str(pid)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tracer:
            time.sleep(0.5)
            if tracer.poll() is not None:
                return None
            try:
                done = connections(program.ports, 1, servers)
            finally:
                tracer.terminate()
        rows = [line.split() for line in output.read().splitlines()]
    # Share, seconds, microseconds a call, calls, errors where there are any, name.
    calls = {row[-1]: int(row[3]) / done.units for row in rows if len(row) > 4 and row[3].isdigit() and row[-1] != "total"}
    return {name: count for name, count in calls.items() if count >= LEAST}


def text(figures):
    if not figures:
        return "Not counted: strace may not trace here."
    heads = ["", *figures, "what for, at Herald"]
    lines = [report.row(heads), report.rule(len(heads))]
    names = sorted({name for calls in figures.values() for name in calls}, key=lambda name: -figures["herald"].get(name, 0))
    for name in names:
        cells = [f"{calls[name]:.1f}" if name in calls else "" for calls in figures.values()]
        lines.append(report.row([name, *cells, REASONS.get(name, "")]))
    lines.append(report.row(["all", *(f"{sum(calls.values()):.1f}" for calls in figures.values()), ""]))
    return "\n".join(lines)
