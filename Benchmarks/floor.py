"""What Herald's calls of the kernel take by themselves, for a request on a kept connection and for a connection."""

import contextlib
import os
import subprocess
from statistics import median

import report
from comparison import HTTP
from growth import rounds_of
from processes import Program, free_port

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floor.c")
FLOOR = "the calls alone"
HALF_CLOSE = "nginx, half_close"
WORKS = HTTP[:2]


def build(bench):
    """Of the Swift toolchain, as everything else that is built here: its compiler lies beside `swift`."""
    binary = os.path.join(bench.directory, "floor")
    try:
        subprocess.run(["clang", "-O2", "-o", binary, SOURCE], check=True)
    except FileNotFoundError:
        raise SystemExit("clang is not on the PATH; it comes with Swift") from None
    return binary


def measure(bench, binary, servers, rounds, seconds, progress=print):
    """Microseconds of CPU for a unit of work, by work, program and round."""
    port = free_port()
    command = [binary, str(port), str(servers.announced)]
    with contextlib.ExitStack() as stack:
        programs = {FLOOR: stack.enter_context(Program("floor", command, port, os.path.join(bench.directory, "floor.log")))}
        for name, start in (bench.proxies() | {HALF_CLOSE: bench.start_nginx_with_half_close}).items():
            programs[name] = stack.enter_context(start(servers))
        figures = {work.key: rounds_of(programs, rounds, seconds, work.run) for work in WORKS}
    progress("the calls alone: done")
    return figures


def text(figures):
    names = list(figures[WORKS[0].key])
    heads = ["", *names, f"{FLOOR} / herald", f"{FLOOR} / the better"]
    lines = [report.row(heads), report.rule(len(heads))]
    shares = []
    for work in WORKS:
        costs = figures[work.key]
        best = report.better({name: values for name, values in costs.items() if name not in (FLOOR, HALF_CLOSE)})
        shares.append(f"{median(report.ratio_values(costs[FLOOR], costs[best])):.2f} of {best}'s time for a {work.what}")
        cells = [report.spread(costs[name], 1) for name in names]
        ratios = [report.ratio(costs[FLOOR], costs["herald"]), f"{report.ratio(costs[FLOOR], costs[best])} {best}"]
        lines.append(report.row([f"{work.what}, us", *cells, *ratios]))
    how = (
        f"The first is a relay in C (Benchmarks/floor.c) that makes Herald's calls and does nothing else: no timeouts, no counts, "
        f"no log, no back-pressure. It takes {' and '.join(shares)}; with these calls, no relay takes less, but for "
        f"what rounds differ by. The last nginx has `proxy_half_close on`, and so passes each side's end on, as the others do."
    )
    return "\n".join(lines) + "\n\n" + report.wrapped(how)
