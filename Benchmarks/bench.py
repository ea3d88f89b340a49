#!/usr/bin/env python3
"""Herald, haproxy and nginx on the same work, in turn, on one machine: what each costs.

All traffic stays on loopback. A whole run writes results.md, results.json and results.svg, and the table in the README; a
quick one writes beside the build. With another folder for the results the README stays as it is.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import date
from typing import NamedTuple

sys.dont_write_bytecode = True

import capacity
import checks
import comparison
import floor
import goals
import growth
import idle
import instructions
import operations
import parser
import picture
import readme
import report
import syscalls
from processes import raise_open_files
from proxies import Bench

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILT = os.path.join(ROOT, ".build/static/release")


class Extent(NamedTuple):
    """How much is measured."""

    rounds: comparison.Rounds
    # Of one run of HTTP.
    seconds: int
    works: tuple
    works_of_two: tuple
    rounds_of_two: comparison.Rounds
    session_counts: tuple
    memory_rounds: int
    quiet_seconds: int
    balances: tuple
    growth_rounds: int
    age_rounds: int
    kinds_of_checks: tuple
    checks_rounds: int
    log_rounds: int
    readings: int
    floor_rounds: int
    # Whether there is time for what is the same from day to day, too.
    is_whole: bool


WHOLE = Extent(
    rounds=comparison.Rounds(of_http=9, of_bulk=3),
    seconds=1,
    works=comparison.HTTP + comparison.BULK,
    works_of_two=comparison.HTTP[:2] + comparison.BULK[2:3],
    rounds_of_two=comparison.Rounds(of_http=5, of_bulk=3),
    session_counts=idle.COUNTS,
    memory_rounds=1,
    quiet_seconds=10,
    balances=growth.BALANCES,
    growth_rounds=5,
    age_rounds=5,
    kinds_of_checks=tuple(checks.KINDS),
    checks_rounds=2,
    log_rounds=3,
    readings=8,
    floor_rounds=3,
    is_whole=True,
)
QUICK = Extent(
    rounds=comparison.Rounds(2, 2),
    seconds=1,
    works=comparison.HTTP + comparison.BULK[2:3],
    works_of_two=comparison.HTTP[1:2] + comparison.BULK[2:3],
    rounds_of_two=comparison.Rounds(1, 1),
    session_counts=idle.COUNTS[:1],
    memory_rounds=1,
    quiet_seconds=3,
    balances=growth.BALANCES[:1],
    growth_rounds=1,
    age_rounds=0,
    kinds_of_checks=tuple(checks.KINDS)[:1],
    checks_rounds=1,
    log_rounds=1,
    readings=1,
    floor_rounds=0,
    is_whole=False,
)


NOT_QUICKLY = "Not measured in a quick run."


class Section(NamedTuple):
    """A part of the results: as Markdown, and for results.json."""

    title: str
    text: str
    data: dict


def main():
    options = arguments()
    extent = QUICK if options.quick else WHOLE
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="herald-bench-") as directory:
        os.chmod(directory, 0o755)
        results = measure(Bench(directory, options.herald), options, extent)
    seconds = time.monotonic() - began
    print(report.aligned("\n".join(f"\n{section.title}\n{section.text}" for section in results.sections)))
    write(results, options, extent, seconds)
    print(f"\n{seconds:.0f} s; written to {os.path.relpath(options.output)}/results.{{md,json,svg}}")


def arguments():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    options.add_argument("--herald", default=os.path.join(BUILT, "herald"), help="the binary to measure")
    options.add_argument("--parser", default=os.path.join(BUILT, "ParserBench"), help="the program that reads headers")
    options.add_argument("--output", help="folder of the results (Benchmarks; for a quick run, .build/bench)")
    options = options.parse_args()
    options.output = options.output or (os.path.join(ROOT, ".build/bench") if options.quick else HERE)
    return options


class Results(NamedTuple):
    sections: list
    one: comparison.Comparison
    two: comparison.Comparison
    memory: dict
    size: int


def measure(bench, options, extent):
    # First of all: what is missing is told before there is anything to lose.
    binary = floor.build(bench) if extent.is_whole else None
    with bench.web_server() as web:
        servers = web.ports
        # Before the rest leaves ended connections by the thousand, whose memory would be taken for sessions'.
        memory = idle.memory(bench, servers, extent.session_counts, extent.memory_rounds, progress)
        quiet = idle.quiet(bench, servers, extent.quiet_seconds, progress)
        one = comparison.compare(bench, servers, extent.works, extent.rounds, extent.seconds, 1, progress)
        two = comparison.compare(bench, servers, extent.works_of_two, extent.rounds_of_two, extent.seconds, 2, progress)
        looked_at = operations.measure(bench, servers, extent.log_rounds, extent.seconds, extent.readings, progress)
        asked = syscalls.measure(bench, servers, progress) if extent.is_whole else {}
        alone = floor.measure(bench, binary, servers, extent.floor_rounds, extent.seconds, progress) if binary else {}
        ours = instructions.measure(bench, servers, progress) if extent.is_whole else {}
        many = growth.measure(bench, servers, extent.balances, extent.growth_rounds, 1, progress)
        aged = growth.measure_age(bench, servers, extent.age_rounds, 1, progress=progress) if extent.is_whole else {}
    checked = checks.measure(bench, extent.kinds_of_checks, extent.checks_rounds, 2 * checks.INTERVAL_SECONDS, progress)
    speeds, counts = parser.speeds(options.parser), parser.counts(bench.directory, options.parser)
    size = report.stripped_size(options.herald)
    sections = [
        Section("Goals", goals_text(one, two, memory, quiet, many, aged, ours), {}),
        Section("CPU time, one thread", one.cost_table(), one.data()),
        Section("Of that, the kernel's, one thread", kernel_text(one), {}),
        Section("CPU time, two threads", two.cost_table(), two.data()),
        Section("Throughput and latency, one thread", one.speed_table(), {}),
        Section("Throughput and latency, two threads", two.speed_table(), {}),
        Section("System calls of a connection", syscalls.text(asked) if extent.is_whole else NOT_QUICKLY, asked),
        Section("What those calls take alone", floor.text(alone) if extent.is_whole else NOT_QUICKLY, alone),
        Section("Herald's own instructions", instructions_text(ours) if extent.is_whole else NOT_QUICKLY, instructions.data(ours)),
        Section("Memory", memory_text(memory, size), {"rounds": memory, "binary_bytes": size}),
        Section("When nothing happens", quiet_text(quiet), quiet),
        Section("More servers", growth_text(many), many),
        Section("More sessions, and more of them", growth.age_table(aged) if aged else NOT_QUICKLY, aged or {}),
        Section("Health checks", checks_text(checked), checked),
        Section("Being looked at", operations.text(looked_at), looked_at),
        Section("Reading headers", parser.table(speeds, counts), parser.data(speeds, counts)),
        Section("How far it goes", capacity.text(one, two, memory, raise_open_files()), {}),
    ]
    return Results(sections, one, two, memory, size)


def goals_text(one, two, memory, quiet, many, aged, counts):
    return f"{goals.table(one, two, memory, quiet, many, aged, counts)}\n\n{report.wrapped(goals.why())}"


def instructions_text(counts):
    how = (
        "Counted by valgrind, one client after the other. The largest part of a connection's, about a quarter, is retaining and "
        "releasing objects; the rest is spread over accepting, choosing, timeouts, counts and the announcement."
    )
    return f"{instructions.text(counts)}\n\n{report.wrapped(how)}"


def kernel_text(one):
    how = (
        "What Herald has the kernel do is what a proxy without any code of its own would still take, as long as it does the "
        "same: it accepts, connects, passes each side's end on, and closes. The last column is how near that would come to the "
        "better of the others, with the code of those."
    )
    return f"{one.kernel_table()}\n\n{report.wrapped(how)}"


def memory_text(memory, size):
    return (
        f"{report.table(idle.memory_rows(memory))}\n\n{idle.given_back_text(memory)}\n\n"
        f"The binary with the Swift runtime in it, stripped: {size / 1e6:.1f} MB."
    )


def quiet_text(quiet):
    how = (
        f"All three in the same {quiet['seconds']} s, with timeouts; Herald and haproxy check a server every 2 s, nginx has no "
        f"checks. Herald is to stay below 0.2 percent."
    )
    return f"{idle.quiet_table(quiet)}\n\n{how}"


def checks_text(checked):
    return (
        f"CPU time for {checks.SERVERS:,} servers that are checked every {checks.INTERVAL_SECONDS} s, both proxies in the same "
        f"seconds; one thread.\n\n{report.table(checks.rows(checked))}"
    )


def growth_text(many):
    return (
        f"CPU time of Herald for a connection with one request, one thread.\n\n{growth.table(many)}\n\n"
        f"From the start until it listens, with {growth.COUNTS[-1]:,} servers: {many['start_seconds']:.2f} s."
    )


def progress(text):
    print(text, file=sys.stderr, flush=True)


def write(results, options, extent, seconds):
    os.makedirs(options.output, exist_ok=True)
    conditions = {
        "date": date.today().isoformat(),
        "command": "make bench QUICK=1" if options.quick else "make bench",
        "machine": report.machine(),
        "haproxy": report.version(["haproxy", "-v"]),
        "nginx": report.version(["nginx", "-v"]),
        "rounds": extent.rounds._asdict(),
        "seconds": extent.seconds,
        "minutes_in_all": round(seconds / 60, 1),
    }
    texts = {
        "results.md": markdown(results, conditions),
        "results.json": json.dumps(
            conditions | {section.title: report.rounded(section.data) for section in results.sections if section.data},
            indent=1,
        ),
        "results.svg": picture.svg([results.one, results.two], f"{conditions['machine'].split(',')[0]}, loopback"),
    }
    for name, text in texts.items():
        with open(os.path.join(options.output, name), "w") as file:
            file.write(text.rstrip() + "\n")
    if extent.is_whole and os.path.realpath(options.output) == HERE:
        readme.update(os.path.join(ROOT, "README.md"), results.one, results.memory, results.size, conditions)


def markdown(results, conditions):
    programs = (
        f"Measured on {conditions['date']} by `{conditions['command']}` in {conditions['minutes_in_all']} minutes on "
        f"{conditions['machine']}. {conditions['haproxy']}; "
        f"{conditions['nginx']}. Everything is on loopback. {comparison.conditions()}"
    )
    reading = (
        f"{comparison.how_often(conditions['rounds'])} of {conditions['seconds']} s, in which the proxies take turns (fewer "
        f"for what is not CPU time of one thread): median (least to most). CPU time is that of all of a proxy's threads and "
        f"processes. Ratios are the medians of the rounds' own; below 1 Herald takes less. \"The better\" is whichever of "
        f"haproxy and nginx took less. *Direct* is the same without a proxy between."
    )
    head = ["# What Herald costs", report.wrapped(programs), report.wrapped(reading), "![ratios of CPU time](results.svg)"]
    return "\n\n".join([*head, *(f"## {section.title}\n\n{section.text}" for section in results.sections)])


if __name__ == "__main__":
    main()
