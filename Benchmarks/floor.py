"""How near the proxies are to the least that a relay can do for a request on a kept connection, and for a connection."""

import contextlib
import os
import statistics
import subprocess

import report
from comparison import HTTP
from growth import rounds_of
from processes import Program, free_port

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor.c")
FLOOR = "the calls alone"
WORKS = HTTP[:2]


def measure(bench, servers, rounds, seconds, progress=print):
    """Microseconds of CPU for a unit of work, by work, program and round."""
    with contextlib.ExitStack() as stack:
        programs = {FLOOR: stack.enter_context(_start(bench, servers))}
        for name, start in bench.proxies().items():
            programs[name] = stack.enter_context(start(servers))
        figures = {work.key: rounds_of(programs, rounds, seconds, work.run) for work in WORKS}
    progress("the floor: done")
    return figures


def _start(bench, servers):
    binary, port = os.path.join(bench.directory, "floor"), free_port()
    # Of the Swift toolchain, as everything else that is built here.
    subprocess.run(["clang", "-O2", "-o", binary, SOURCE], check=True)
    command = [binary, str(port), str(servers.announced)]
    return Program("floor", command, port, os.path.join(bench.directory, "floor.log"))


def text(figures):
    names = list(figures[WORKS[0].key])
    heads = ["", *names, "the floor / Herald", "the floor / the better"]
    lines = [report.row(heads), report.rule(len(heads))]
    shares = []
    for work in WORKS:
        costs = figures[work.key]
        best = report.better({name: values for name, values in costs.items() if name != FLOOR})
        ratio = report.ratio(costs[FLOOR], costs[best])
        shares.append(f"{statistics.median(report.ratio_values(costs[FLOOR], costs[best])):.2f} of {best}'s for a {work.what}")
        cells = [report.spread(costs[name], 1) for name in names]
        lines.append(report.row([f"{work.what}, us", *cells, report.ratio(costs[FLOOR], costs["herald"]), f"{ratio} {best}"]))
    how = (
        f"The floor is a relay in C (Benchmarks/floor.c) that makes the calls which bytes and ends take, as few as Herald, and "
        f"does nothing else: no timeouts, no counts, no log, no back-pressure. It takes {' and '.join(shares)}: no relay that "
        f"accepts, connects, reads, writes and passes each side's end on can take much less."
    )
    return "\n".join(lines) + "\n\n" + report.wrapped(how)
