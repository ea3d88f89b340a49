"""How fast headers are read, and what memory that takes: by ParserBench, which does nothing else."""

import statistics
import subprocess

import callgrind
import report

HEADERS = {"v1": "version 1, TCP4", "v2": "version 2, TCP4", "v2-aws": "version 2, TCP4, with a TLV of AWS"}
RUNS = 3
COUNT = 2_000_000


def speeds(program):
    """Headers a second by header, of several runs."""
    return {key: [COUNT / _nanoseconds(program, key) * 1e9 for _ in range(RUNS)] for key in HEADERS}


def _nanoseconds(program, key):
    return int(subprocess.run([program, key, str(COUNT)], capture_output=True, text=True, check=True).stdout)


def counts(directory, program):
    """Instructions and allocations for one header, by header."""
    fewer, more = 1000, 11_000
    found = {}
    for key in HEADERS:
        runs = [callgrind.count_command(directory, [program, key, str(count)]) for count in (fewer, more)]
        found[key] = runs[1].per_unit(runs[0], more - fewer)
    return found


def table(speeds, counts):
    heads = ["header", "million a second", "instructions", "allocations"]
    lines = [report.row(heads), report.rule(len(heads))]
    for key, what in HEADERS.items():
        count = counts[key]
        speed = f"{statistics.median(speeds[key]) / 1e6:.1f}"
        lines.append(report.row([what, speed, f"{count.instructions:.0f}", f"{count.allocations:.2f}"]))
    return "\n".join(lines)


def data(speeds, counts):
    return {key: {"headers_a_second": speeds[key], **counts[key]._asdict()} for key in HEADERS}
