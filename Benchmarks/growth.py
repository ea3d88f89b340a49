#!/usr/bin/env python3
"""What a connection costs Herald with 10, 1,000 and 10,000 servers to choose from, and how fast it starts with them.

All servers are one nginx, at ten addresses of loopback, so that the kernel has the same to do whatever the count. The
counts take turns in every round, and the ratio to the smallest is taken round by round.
"""

import os
import resource
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import bench
import report
from proxies import Bench
from workloads import connections_microseconds

COUNTS = (10, 1000, 10_000)
BALANCES = ("roundrobin", "leastconn", "source", "random", "first")


def main():
    options = bench.arguments("growth.md")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rounds, seconds, balances = (3, 1, BALANCES[:2]) if options.quick else (7, 2, BALANCES)
    with tempfile.TemporaryDirectory(prefix="herald-growth-") as directory:
        os.chmod(directory, 0o755)
        programs = Bench(directory, options.herald)
        with programs.web_server(address="0.0.0.0") as web:
            lines = [line for balance in balances for line in measure(programs, web.port, balance, rounds, seconds)]
            ready = start_seconds(programs, web.port)
    text = f"""# What more servers cost

Measured by `Benchmarks/growth.py` on {report.machine()}. CPU of one thread for a connection with one request,
send-proxy-v2, over {rounds} rounds of {seconds} s: median, and the median of the rounds' ratios to {COUNTS[0]} servers
(least to most).

| balance | servers | us a connection | ratio to {COUNTS[0]} |
| --- | --- | --- | --- |
{chr(10).join(lines)}

From the start to the first client with {COUNTS[-1]:,} servers: {ready:.2f} s.
"""
    print(text)
    with open(options.output, "w") as file:
        file.write(text)


def measure(programs, server, balance, rounds, seconds):
    """A row of the table for each count."""
    figures = {count: [] for count in COUNTS}
    for number in range(rounds):
        for count in COUNTS[:: 1 if number % 2 == 0 else -1]:
            with programs.start_herald(server, balance=balance, servers=count) as herald:
                connections_microseconds(herald, 1)
                figures[count].append(connections_microseconds(herald, seconds))
        print(f"{balance}: round {number + 1} of {rounds}", file=sys.stderr)
    for count, values in figures.items():
        ratios = [value / base for value, base in zip(values, figures[COUNTS[0]])]
        yield (
            f"| {balance} | {count:,} | {statistics.median(values):.1f} "
            f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )


def start_seconds(programs, server):
    began = time.monotonic()
    with programs.start_herald(server, servers=COUNTS[-1]):
        return time.monotonic() - began


if __name__ == "__main__":
    main()
