"""What a connection costs Herald with more servers to choose from, beside idle sessions, and after many others; and how
fast it starts with many servers.

All servers are one nginx, at ten addresses of loopback, so that the kernel has the same to do whatever the count. What is
compared takes turns in every round, and ratios are taken round by round.
"""

import contextlib
import statistics
import time

import report
from proxies import Ports
from workloads import close_sessions, connections, open_sessions

COUNTS = (10, 1000, 10_000)
BALANCES = ("roundrobin", "leastconn", "source")
IDLE_SESSIONS = 4000
SECONDS_OF_SERVICE = 10


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
            figures["us"][balance] = rounds_of(programs, rounds, seconds)
        progress(f"{', '.join(f'{count:,}' for count in COUNTS)} servers, {balance}: done")
    return figures


def measure_age(bench, servers, rounds, seconds, service=SECONDS_OF_SERVICE, progress=print):
    """Microseconds for a connection, by what a process carries and by round."""
    with contextlib.ExitStack() as stack:
        programs = {
            name: stack.enter_context(bench.start_herald(servers)) for name in ("fresh", "beside idle sessions", "in service")
        }
        for program in programs.values():
            _microseconds(program, 1)
        count = min(IDLE_SESSIONS, bench.maximum_sessions - 500)
        sessions = open_sessions(programs["beside idle sessions"], count)
        served = connections(Ports(programs["in service"].port, 0, 0, 0), service, None).units
        figures = rounds_of(programs, rounds, seconds)
        close_sessions(sessions)
    progress("idle sessions, time of service: done")
    return {"us": figures, "idle_sessions": count, "served": served}


def rounds_of(programs, rounds, seconds, work=connections):
    figures = {key: [] for key in programs}
    for number in range(rounds):
        for key in list(programs)[:: 1 if number % 2 == 0 else -1]:
            figures[key].append(_microseconds(programs[key], seconds, work))
    return figures


def _microseconds(program, seconds, work=connections):
    before = program.cpu_seconds()
    done = work(Ports(program.port, 0, 0, 0), seconds, None)
    return (program.cpu_seconds() - before) / done.units * 1e6


def table(figures):
    heads = ["balance", *(f"{count:,} servers, us" for count in COUNTS), f"{COUNTS[-1]:,} / {COUNTS[0]}"]
    lines = [report.row(heads), report.rule(len(heads))]
    for balance, by_count in figures["us"].items():
        medians = [f"{statistics.median(by_count[count]):.1f}" for count in COUNTS]
        lines.append(report.row([balance, *medians, report.ratio(by_count[COUNTS[-1]], by_count[COUNTS[0]])]))
    return "\n".join(lines)


def age_table(figures):
    by_age = figures["us"]
    heads = ["a process", "us", "to a fresh one"]
    lines = [report.row(heads), report.rule(len(heads))]
    words = {
        "fresh": "fresh",
        "beside idle sessions": f"with {figures['idle_sessions']:,} idle sessions",
        "in service": f"that has served {figures['served']:,} connections",
    }
    for key, values in by_age.items():
        lines.append(report.row([words[key], f"{statistics.median(values):.1f}", report.ratio(values, by_age["fresh"])]))
    return "\n".join(lines)
