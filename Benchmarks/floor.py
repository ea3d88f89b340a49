"""How near the proxies are to the least that a relay can do for a request on a kept connection."""

import contextlib
import os
import statistics
import subprocess

import report
from growth import rounds_of
from processes import Program, free_port
from workloads import requests

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor.c")
FLOOR = "recv and send alone"


def measure(bench, servers, rounds, seconds, progress=print):
    """Microseconds of CPU for a request, by program and round."""
    with contextlib.ExitStack() as stack:
        programs = {FLOOR: stack.enter_context(_start(bench, servers))}
        for name, start in bench.proxies().items():
            programs[name] = stack.enter_context(start(servers))
        figures = rounds_of(programs, rounds, seconds, requests)
    progress("the floor: done")
    return figures


def _start(bench, servers):
    binary, port = os.path.join(bench.directory, "floor"), free_port()
    # Of the Swift toolchain, as everything else that is built here.
    subprocess.run(["clang", "-O2", "-o", binary, SOURCE], check=True)
    command = [binary, str(port), str(servers.announced)]
    return Program("floor", command, port, os.path.join(bench.directory, "floor.log"))


def text(figures):
    lines = [report.row(["", "us a request", "the floor / it"]), report.rule(3)]
    for name, values in figures.items():
        lines.append(report.row([name, report.spread(values, 1), report.ratio(figures[FLOOR], values)]))
    best = report.better({name: values for name, values in figures.items() if name != FLOOR})
    share = statistics.median(report.ratio_values(figures[FLOOR], figures[best]))
    how = (
        f"The floor is a relay in C (Benchmarks/floor.c) that receives each arrival once, sends it once, and does nothing else: "
        f"no timeouts, no counts, no back-pressure. It takes {share:.2f} of {best}'s CPU time, so that no relay that reads and "
        f"writes can take much less."
    )
    return "\n".join(lines) + "\n\n" + report.wrapped(how)
