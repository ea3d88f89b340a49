#!/usr/bin/env python3
"""Herald, haproxy and nginx on the same work, in turn, on one machine: what each costs.

All traffic stays on loopback. Each proxy runs on one thread and announces its clients to nginx (Herald and haproxy by
PROXY version 2, nginx by version 1). Proxies take turns in every round, and the ratio is taken round by round.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date

sys.dont_write_bytecode = True

import report
from proxies import Bench
from workloads import CONNECTIONS, IDLE_SESSIONS, connections_microseconds, idle_session_bytes, requests_microseconds

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    options = arguments("results.md")
    # Every idle session is a descriptor here, and two in a proxy.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rounds, seconds = (3, 1) if options.quick else (7, 3)
    with tempfile.TemporaryDirectory(prefix="herald-bench-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(directory, options.herald)
        with bench.web_server() as web:
            rows = measure(bench, web.port, rounds, seconds)
    size = stripped_size(options.herald)
    text = markdown(rows, size, rounds, seconds, options)
    print(report.aligned(report.table(rows)))
    print(f"\nherald with the Swift runtime in it, stripped: {size / 1e6:.1f} MB")
    with open(options.output, "w") as file:
        file.write(text)
    print(f"written to {os.path.relpath(options.output)}")


def arguments(output):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--herald", default=os.path.join(ROOT, ".build/static/release/herald"), help="the binary to measure")
    parser.add_argument("--output", default=os.path.join(ROOT, "Benchmarks", output), help="where the table goes")
    return parser.parse_args()


def measure(bench, server, rounds, seconds):
    """Rows of the table: what, values of each proxy by round, digits."""
    starters = bench.proxies()
    work = {"requests": requests_microseconds, "connections": connections_microseconds}
    figures = {name: {proxy: [] for proxy in starters} for name in [*work, "idle", "start"]}
    for number in range(rounds):
        # Whoever comes first in one round comes last in the next.
        order = list(starters)[:: 1 if number % 2 == 0 else -1]
        for proxy in order:
            with starters[proxy](server) as program:
                idle, start = idle_session_bytes(program)
                figures["idle"][proxy].append(idle / 1024)
                figures["start"][proxy].append(start / 1024)
            for name, run in work.items():
                with starters[proxy](server) as program:
                    run(program, 1)
                    figures[name][proxy].append(run(program, seconds))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return [
        ("CPU for a request on a kept connection, us", figures["requests"], 1),
        ("CPU for a connection with one request, us", figures["connections"], 1),
        ("memory at start, MiB", figures["start"], 1),
        (f"memory for an idle session (of {IDLE_SESSIONS}), KiB", figures["idle"], 2),
    ]


def stripped_size(binary):
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "stripped")
        shutil.copy(binary, copy)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def markdown(rows, size, rounds, seconds, options):
    command = "make bench QUICK=1" if options.quick else "make bench"
    return f"""# What Herald costs

Measured on {date.today().isoformat()} by `{command}` on {report.machine()}.
{report.version(["haproxy", "-v"])}; {report.version(["nginx", "-v"])}. One thread each, everything on loopback,
wrk with {CONNECTIONS} connections, nginx with `listen ... proxy_protocol` behind; Herald and haproxy run the same
configuration with `send-proxy-v2`, nginx sends version 1. {rounds} rounds of {seconds} s in which the proxies take
turns: median (least to most). The last column is the median of the rounds' own ratios; below 1 Herald takes less.

{report.table(rows)}

The binary with the Swift runtime in it, stripped: {size / 1e6:.1f} MB.
"""


if __name__ == "__main__":
    main()
