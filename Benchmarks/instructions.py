"""What of a request and of a connection is Herald's own code: instructions and allocations, counted by valgrind."""

import callgrind
import report
from comparison import HTTP

KINDS = {"requests": callgrind.request, "connections": callgrind.connection}
THREADS = (1, 2)


def measure(bench, servers, progress=print):
    """Counts by work and number of threads."""
    counts = {key: {threads: count(bench, servers, threads) for threads in THREADS} for key, count in KINDS.items()}
    progress("instructions: done")
    return counts


def times(counts):
    """How many times the work of one thread two do with as many instructions on each, by work."""
    return {key: 2 * by_threads[1].instructions / by_threads[2].instructions for key, by_threads in counts.items()}


def text(counts):
    lines = [report.row(["", *map(report.threads, THREADS), "allocations"]), report.rule(4)]
    for work in HTTP:
        if work.key in counts:
            cells = [f"{counts[work.key][threads].instructions:,.0f}" for threads in THREADS]
            lines.append(report.row([work.what, *cells, f"{counts[work.key][1].allocations:.1f}"]))
    return "\n".join(lines)


def data(counts):
    return {
        key: {report.threads(threads): count._asdict() for threads, count in by_threads.items()}
        for key, by_threads in counts.items()
    }
