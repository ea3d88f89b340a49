"""What Herald is held to, against whichever of haproxy and nginx took less, and where it stands."""

from statistics import median

import comparison
import growth
import instructions
import report

# The most that Herald may take of what the better takes.
OF_THE_BETTER = {
    "requests": 0.85,
    "connections": 0.85,
    "deferred": 0.85,
    "announced": 0.85,
    **{work.key: 0.70 for work in comparison.BULK},
}
LATENCY = 1.0
IDLE_SESSION, IDLE_SESSION_KIB = 0.5, 2
AT_START, AT_START_MIB = 0.75, 12
# How many times the work of one thread two are to do, at least.
TWO_THREADS = 1.8
# A connection with more servers, beside idle sessions, and after many others, to one without.
GROWTH = 1.10
QUIET_PERCENT = 0.2


def table(one, two, memory, quiet, many, aged, counts):
    """`aged` and `counts` are empty in a quick run."""
    rows = [
        *(*_costs(one), *_latencies(one), *_memory(memory), *_threads(one, two, counts)),
        *(*_growth(many, aged), *_quiet(quiet)),
    ]
    lines = [report.row(["", "goal", "measured", ""]), report.rule(4)]
    lines += [report.row([what, goal, measured, "good" if is_good else "not reached"]) for what, goal, measured, is_good in rows]
    return "\n".join(lines)


def _costs(one):
    for work in one.works:
        figures = one.costs(work)
        best = report.better(figures)
        ratio = median(report.ratio_values(figures["herald"], figures[best]))
        limit = OF_THE_BETTER[work.key]
        yield f"CPU for a {work.what}", f"{limit:.2f} of the better", f"{ratio:.2f} of {best}'s", round(ratio, 2) <= limit


def _latencies(one):
    for work in one.works:
        if work not in comparison.HTTP:
            continue
        added = one.added_latency(work, "p99")
        best = min(added[name] for name in added if name != "herald")
        measured = f"{added['herald'] / best:.2f}" if best > 0 else f"{added['herald']:.0f} us, where the better adds none"
        is_good = added["herald"] <= LATENCY * max(best, 0)
        yield f"p99 above direct, {work.what}", f"{LATENCY:.2f} of the better", measured, is_good


def _memory(memory):
    def of(pick):
        return {name: median(pick(one) for one in rounds) for name, rounds in memory.items()}

    count = max(memory["herald"][0]["sessions"])
    for what, figures, limit, most, unit in (
        (
            f"an idle session of {count:,}", of(lambda one: one["sessions"][count]["resident"]),
            *(IDLE_SESSION, IDLE_SESSION_KIB, "KiB"),
        ),
        ("resident at the start", of(lambda one: one["start"]["resident"] / 1024), *(AT_START, AT_START_MIB, "MiB")),
    ):
        ours = figures.pop("herald")
        ratio = ours / min(figures.values())
        goal = f"{limit:.2f} of the better, {most} {unit}"
        yield what, goal, f"{ratio:.2f}, {ours:.2f} {unit}", ratio <= limit and ours <= most


def _threads(one, two, counts):
    """By CPU time for a unit, and by instructions: who drives the load has not the cores to keep two threads busy."""
    by_time = {work.key: 2 * median(one.cost(work, "herald")) / median(two.cost(work, "herald")) for work in two.works}
    by_instructions = instructions.times(counts)
    for work in two.works:
        told = {"CPU time": by_time[work.key], "instructions": by_instructions.get(work.key)}
        for by, times in told.items():
            if times:
                what, goal = f"two threads, {work.what}, by {by}", f"{TWO_THREADS} times one"
                yield what, goal, f"{times:.2f} times", round(times, 2) >= TWO_THREADS


def _growth(many, aged):
    ratios = {
        f"a connection with {growth.COUNTS[-1]:,} servers, {balance}, to {growth.COUNTS[0]}": (
            by_count[growth.COUNTS[-1]], by_count[growth.COUNTS[0]]
        )
        for balance, by_count in many["us"].items()
    }
    if aged:
        words = {
            "beside idle sessions": "a connection beside idle sessions, to without",
            "in service": "a connection after many others, to the first ones",
        }
        ratios |= {words[key]: (values, aged["us"]["fresh"]) for key, values in aged["us"].items() if key in words}
    for what, (grown, small) in ratios.items():
        ratio = median(report.ratio_values(grown, small))
        yield what, f"{GROWTH:.2f}", f"{ratio:.2f}", round(ratio, 2) <= GROWTH


def _quiet(quiet):
    for when, percent in quiet["percent"].items():
        share = percent["herald"]
        yield f"CPU when nothing happens, {when}", f"{QUIET_PERCENT} percent of a core", f"{share:.3f}", share <= QUIET_PERCENT


def why():
    """What keeps the costs of HTTP from falling further; shares as `perf record` samples them, segments as SegmentTests counts."""
    return (
        "Of a request, two sends are three quarters, the same for all three proxies: the kernel brings a segment all the way to "
        "its receiver within them. A connection is 17 such segments, where it would be 20 without a header that leaves with the "
        "client's first bytes and ends the handshake, and a FIN that leaves with the server's last; nine tenths of its time are "
        "the kernel's, as is told below. nginx, as it is set by default, leaves something out: it closes both sides as soon as "
        "one of them ends, where Herald and haproxy pass each side's end on. What Herald's calls of the kernel take by "
        "themselves is measured below."
    )
