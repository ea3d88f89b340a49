"""What Herald is held to, against whichever of haproxy and nginx took less, and where it stands."""

from statistics import median

import comparison
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


def table(one, two, memory):
    rows = [*_costs(one), *_latencies(one), *_memory(memory), *_threads(one, two)]
    lines = [report.row(["", "goal", "measured", ""]), report.rule(4)]
    lines += [report.row([what, goal, measured, "good" if is_good else "not reached"]) for what, goal, measured, is_good in rows]
    return "\n".join(lines)


def _costs(one):
    for work in one.works:
        figures = one.costs(work)
        best = report.better(figures)
        ratio = median(report.ratio_values(figures["herald"], figures[best]))
        limit = OF_THE_BETTER[work.key]
        yield f"CPU for a {work.what}", f"{limit:.2f} of the better", f"{ratio:.2f} of {best}'s", ratio <= limit


def _latencies(one):
    for work in one.works:
        if work not in comparison.HTTP:
            continue
        added = one.added_latency(work, "p99")
        best = min(added[name] for name in added if name != "herald")
        ratio = added["herald"] / best if best > 0 else 1
        yield f"p99 above direct, {work.what}", f"{LATENCY:.2f} of the better", f"{ratio:.2f}", ratio <= LATENCY


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


def _threads(one, two):
    """By CPU time for a unit: who drives the load has not the cores to keep two threads busy."""
    for work in two.works:
        times = 2 * median(one.cost(work, "herald")) / median(two.cost(work, "herald"))
        yield f"two threads, {work.what}", f"{TWO_THREADS} times one", f"{times:.2f} times", times >= TWO_THREADS


def why():
    """What keeps the costs of HTTP from falling further."""
    return (
        "Of a request, two sends are seven tenths, the same for all three proxies: the kernel brings a segment all the way to "
        "its receiver within them. A connection is 17 such segments, where it would be 20 without a header that leaves with the "
        "client's first bytes and ends the handshake, and a FIN that leaves with the server's last; nine tenths of its time are "
        "the kernel's, as is told below. nginx leaves something out: it closes both sides as soon as one of them ends, where "
        "Herald and haproxy pass each side's end on. A relay that makes these calls and does nothing else is measured below, as "
        "the least that one can do."
    )
