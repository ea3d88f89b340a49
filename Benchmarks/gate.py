#!/usr/bin/env python3
"""Fails where Herald has come to cost more than thresholds.json allows, by figures that no busy machine changes.

Instructions and allocations are counted by valgrind, memory and size weighed; never time.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from typing import NamedTuple

sys.dont_write_bytecode = True

import bench
import callgrind
import parser
import report
from proxies import Bench
from workloads import close_sessions, open_sessions

THRESHOLDS = os.path.join(bench.HERE, "thresholds.json")
# What a figure may be above what it was when the thresholds were written.
ROOM = 0.1
# Below this it is nothing: the counts of two runs may differ by something that happens once.
NOTHING = 0.01
SESSIONS = 2000
WARM_UP_SESSIONS = 50


class Figure(NamedTuple):
    what: str
    unit: str
    value: float
    # Whether it is another figure on another kind of processor.
    is_of_machine: bool = True


class Verdict(NamedTuple):
    limit: str
    word: str
    is_failure: bool = False


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="herald-gate-") as directory:
        os.chmod(directory, 0o755)
        programs = Bench(directory, options.herald)
        with programs.web_server() as web:
            figures = measure(programs, web.ports, options)
    if options.update:
        write(figures)
    thresholds = read()
    verdicts = {key: judge(figure, key, thresholds) for key, figure in figures.items()}
    print(report.aligned(table(figures, verdicts)))
    if any(verdict.is_failure for verdict in verdicts.values()):
        raise SystemExit(
            f"\nA figure is above its limit, {ROOM:.0%} more than {os.path.relpath(THRESHOLDS)} has it at. Where that is the "
            f"price of something wanted, say so in the commit that has the new file: make bench-gate UPDATE=1"
        )


def arguments():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--update", action="store_true", help="write what is measured as the new thresholds")
    options.add_argument("--herald", default=os.path.join(bench.BUILT, "herald"), help="the binary to measure")
    options.add_argument("--parser", default=os.path.join(bench.BUILT, "ParserBench"), help="the program that reads headers")
    return options.parse_args()


def measure(programs, servers, options):
    request = callgrind.request(programs, servers)
    connection = callgrind.connection(programs, servers)
    announced = callgrind.announced_connection(programs, servers)
    spliced = callgrind.spliced(programs, servers)
    headers = parser.counts(programs.directory, options.parser)
    start, session = anonymous_memory(programs, servers)
    figures = {
        "connection_instructions": Figure("a connection with one request", "instructions", connection.instructions),
        "connection_allocations": Figure("a connection with one request", "allocations", connection.allocations, False),
        "announced_instructions": Figure("a connection, headers on both sides", "instructions", announced.instructions),
        "announced_allocations": Figure("a connection, headers on both sides", "allocations", announced.allocations, False),
        "request_instructions": Figure("a request on a kept connection", "instructions", request.instructions),
        # A request is a chunk, and its reply is another.
        "chunk_allocations": Figure("a relayed chunk", "allocations", request.allocations / 2, False),
        "spliced_mebibyte_allocations": Figure("a spliced MiB", "allocations", spliced.allocations, False),
    }
    for key, count in headers.items():
        what = f"a header read: {parser.HEADERS[key]}"
        figures[f"header_{key}_instructions"] = Figure(what, "instructions", count.instructions)
        figures[f"header_{key}_allocations"] = Figure(what, "allocations", count.allocations, False)
    return figures | {
        "session_bytes": Figure(f"one of {SESSIONS:,} idle sessions, RssAnon", "bytes", session * 1024),
        "start_kib": Figure("at the start, RssAnon", "KiB", start),
        "binary_bytes": Figure("the binary, static, stripped", "bytes", report.stripped_size(options.herald)),
    }


def anonymous_memory(programs, servers):
    """KiB at the start, and for an idle session."""
    with programs.start_herald(servers) as program:
        start = program.settled_memory().anonymous
        close_sessions(open_sessions(program, WARM_UP_SESSIONS))
        before = program.settled_memory().anonymous
        sessions = open_sessions(program, SESSIONS)
        grown = program.settled_memory().anonymous - before
        close_sessions(sessions)
    return start, grown / SESSIONS


def judge(figure, key, thresholds):
    if key not in thresholds["figures"]:
        return Verdict("none", "NO LIMIT: make bench-gate UPDATE=1", True)
    limit = max(thresholds["figures"][key] * (1 + ROOM), NOTHING)
    told = number(limit)
    if figure.is_of_machine and thresholds["processor"] != platform.machine():
        return Verdict(told, f"not judged: limits are for {thresholds['processor']}")
    if figure.value > limit:
        return Verdict(told, "TOO MUCH", True)
    if figure.value < thresholds["figures"][key] * (1 - ROOM):
        return Verdict(told, "good, and better: UPDATE=1 keeps it so")
    return Verdict(told, "good")


def table(figures, verdicts):
    lines = [report.row(["figure", "unit", "measured", "limit", "verdict"]), report.rule(5)]
    for key, figure in figures.items():
        verdict = verdicts[key]
        lines.append(report.row([figure.what, figure.unit, number(figure.value), verdict.limit, verdict.word]))
    return "\n".join(lines)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def read():
    try:
        with open(THRESHOLDS) as file:
            return json.load(file)
    except FileNotFoundError:
        raise SystemExit(f"{THRESHOLDS} is missing; make bench-gate UPDATE=1 writes it") from None


def write(figures):
    thresholds = {
        "note": f"What was measured; make bench-gate allows {ROOM:.0%} more. UPDATE=1 rewrites this.",
        "processor": platform.machine(),
        "figures": {key: round(figure.value, 2) for key, figure in figures.items()},
    }
    with open(THRESHOLDS, "w") as file:
        file.write(json.dumps(thresholds, indent=2) + "\n")


if __name__ == "__main__":
    main()
