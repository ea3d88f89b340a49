"""What a connection costs Herald with 10, 1,000 and 10,000 servers to choose from, and how fast it starts with them.

All servers are one nginx, at ten addresses of loopback, so that the kernel has the same to do whatever the count. The
counts take turns in every round, and the ratio to the smallest is taken round by round.
"""

import contextlib
import statistics
import time

import report
from proxies import Ports
from workloads import connections

COUNTS = (10, 1000, 10_000)
BALANCES = ("roundrobin", "leastconn", "source", "random", "first")


def measure(bench, servers, balances, rounds, seconds, progress=print):
    figures = {"us": {}}
    for balance in balances:
        with contextlib.ExitStack() as stack:
            programs = {}
            for count in COUNTS:
                began = time.monotonic()
                programs[count] = stack.enter_context(bench.start_herald_of_many(servers, balance, count))
                figures["start_seconds"] = time.monotonic() - began
                _microseconds(programs[count], 1)
            figures["us"][balance] = _rounds(programs, rounds, seconds)
        progress(f"{', '.join(f'{count:,}' for count in COUNTS)} servers, {balance}: done")
    return figures


def _rounds(programs, rounds, seconds):
    figures = {count: [] for count in COUNTS}
    for number in range(rounds):
        for count in COUNTS[:: 1 if number % 2 == 0 else -1]:
            figures[count].append(_microseconds(programs[count], seconds))
    return figures


def _microseconds(program, seconds):
    before = program.cpu_seconds()
    done = connections(Ports(program.port, 0, 0), seconds, None)
    return (program.cpu_seconds() - before) / done.units * 1e6


def table(figures):
    heads = ["balance", *(f"{count:,} servers, us" for count in COUNTS), f"{COUNTS[-1]:,} / {COUNTS[0]}"]
    lines = [report.row(heads), report.rule(len(heads))]
    for balance, by_count in figures["us"].items():
        medians = [f"{statistics.median(by_count[count]):.1f}" for count in COUNTS]
        lines.append(report.row([balance, *medians, report.ratio(by_count[COUNTS[-1]], by_count[COUNTS[0]])]))
    return "\n".join(lines)
