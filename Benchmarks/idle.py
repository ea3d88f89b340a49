"""What sessions take that nothing happens on, and what a proxy takes that nothing happens to."""

import contextlib
import time
from statistics import median

import report
from workloads import close_sessions, open_sessions

COUNTS = (1000, 4000, 9000)
# Programs give memory back now and then.
GIVING_BACK_SECONDS = 2
# Sessions that come and go before anything is measured: code that runs for the first time is not taken for theirs.
WARM_UP_SESSIONS = 50
QUIET_SESSIONS = 1000


def memory(bench, servers, counts, rounds, progress=print):
    """By proxy, a list by round of what `_memory` tells; as many sessions as the limit on open files allows for."""
    counts = [count for count in counts if count <= bench.maximum_sessions]
    if not counts:
        raise SystemExit(f"a limit on open files that allows for {min(COUNTS):,} sessions is needed (ulimit -n)")
    starters = bench.proxies()
    figures = {name: [] for name in starters}
    for number in range(rounds):
        for name in list(starters)[:: 1 if number % 2 == 0 else -1]:
            with starters[name](servers) as program:
                figures[name].append(_memory(program, counts))
        progress(f"memory: round {number + 1} of {rounds}")
    return figures


def _memory(program, counts):
    """KiB: at the start; with so many sessions, for each of them; and what is left of that once they have ended.

    "kernel" is what one session takes in the kernel: half of what its four sockets take, as the client's and the server's
    are here, too.
    """
    at_start = program.memory()
    close_sessions(open_sessions(program, WARM_UP_SESSIONS))
    before, slab_before = program.settled_memory(), _slab_kib()
    sessions, by_count = [], {}
    for count in counts:
        sessions += open_sessions(program, count - len(sessions))
        now = program.settled_memory()
        by_count[count] = {
            "resident": (now.resident - before.resident) / count,
            "anonymous": (now.anonymous - before.anonymous) / count,
            "proportional": (now.proportional - before.proportional) / count,
        }
    kernel = (_slab_kib() - slab_before) / len(sessions) / 2
    close_sessions(sessions)
    time.sleep(GIVING_BACK_SECONDS)
    after = program.settled_memory()
    taken = now.resident - before.resident
    return {
        "start": at_start._asdict(),
        "sessions": by_count,
        "kernel": kernel,
        "left": after.resident - before.resident,
        "given_back": (now.resident - after.resident) / taken if taken else 1,
    }


def _slab_kib():
    with open("/proc/meminfo") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Slab:"))


def memory_rows(figures):
    """Rows of a table."""

    def of(pick):
        return {name: [pick(one) for one in rounds] for name, rounds in figures.items()}

    rows = [
        ("resident at the start, MiB", of(lambda one: one["start"]["resident"] / 1024), 1),
        ("of that its own (RssAnon), MiB", of(lambda one: one["start"]["anonymous"] / 1024), 1),
        ("with its share of common pages (Pss), MiB", of(lambda one: one["start"]["proportional"] / 1024), 1),
    ]
    for count in figures["herald"][0]["sessions"]:
        rows.append((
            f"one of {count:,} idle sessions, KiB", of(lambda one, count=count: one["sessions"][count]["resident"]), 2
        ))
        rows.append((
            "of that its own (RssAnon), KiB", of(lambda one, count=count: one["sessions"][count]["anonymous"]), 2
        ))
    return rows


def given_back_text(figures):
    shares = ", ".join(
        f"{name} {median(one['given_back'] for one in rounds):.0%} (keeps {median(one['left'] for one in rounds):,.0f} KiB)"
        for name, rounds in figures.items()
    )
    return f"Of what those sessions took, given back within seconds of their end: {shares}."


def quiet(bench, servers, seconds, progress=print):
    """Percent of a core that each proxy takes when nothing happens, all in the same seconds: alone, and with sessions."""
    figures = {}
    with contextlib.ExitStack() as stack:
        programs = {name: stack.enter_context(start(servers)) for name, start in bench.proxies().items()}
        time.sleep(1)
        figures["without sessions"] = _percent(programs, seconds)
        sessions = [session for program in programs.values() for session in open_sessions(program, QUIET_SESSIONS)]
        time.sleep(2)
        figures[f"with {QUIET_SESSIONS:,} idle sessions"] = _percent(programs, seconds)
        resident = {name: program.memory().resident / 1024 for name, program in programs.items()}
        close_sessions(sessions)
    progress("nothing happens: done")
    return {"percent": figures, "resident_mib": resident, "seconds": seconds}


def _percent(programs, seconds):
    before = {name: program.cpu_seconds() for name, program in programs.items()}
    began = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {name: (program.cpu_seconds() - before[name]) / took * 100 for name, program in programs.items()}


def quiet_table(figures):
    names = list(figures["resident_mib"])
    lines = [report.row(["", *names]), report.rule(len(names) + 1)]
    for when, percent in figures["percent"].items():
        lines.append(report.row([f"percent of a core {when}", *(f"{percent[name]:.3f}" for name in names)]))
    lines.append(report.row(["resident then, MiB", *(f"{figures['resident_mib'][name]:.1f}" for name in names)]))
    return "\n".join(lines)
