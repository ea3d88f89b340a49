"""Herald, haproxy and nginx on the same work, by turns in rounds: CPU time, throughput and latency."""

import contextlib
import statistics
from typing import NamedTuple

import report
from workloads import CONNECTIONS, Done, Work, announced_connections, bulk, connections, deferred_connections, requests

HTTP = (
    Work("requests", "request on a kept connection", "us", 1e6, requests),
    Work("connections", "connection with one request", "us", 1e6, connections),
    Work("deferred", "connection, deferred accept", "us", 1e6, deferred_connections),
    Work("announced", "connection, headers on both sides", "us", 1e6, announced_connections),
)
BULK = (
    Work("down-1", "GiB to one client", "ms", 1e3, bulk(1, True)),
    Work("up-1", "GiB from one client", "ms", 1e3, bulk(1, False)),
    Work("down-8", "GiB to eight clients", "ms", 1e3, bulk(8, True)),
    Work("up-8", "GiB from eight clients", "ms", 1e3, bulk(8, False)),
)
DIRECT = "direct"


class Run(NamedTuple):
    """One proxy at one work in one round; no CPU time where no proxy is between."""

    cpu_seconds: float
    # Of that, within the kernel.
    kernel_seconds: float
    done: Done


class Comparison:
    """All rounds of some works: what each proxy took, by work and proxy."""

    def __init__(self, works, threads):
        self.works = works
        self.threads = threads
        self.runs = {work.key: {} for work in works}

    def cost(self, work, proxy):
        """CPU time of the proxy for a unit of work, by round."""
        return [run.cpu_seconds / run.done.units * work.a_second for run in self.runs[work.key][proxy]]

    def kernel_cost(self, work, proxy):
        """The same of what the kernel does for it."""
        return [run.kernel_seconds / run.done.units * work.a_second for run in self.runs[work.key][proxy]]

    def kernel_table(self):
        """The kernel's part for each proxy; and Herald's, as a part of all that the better of the others takes."""
        names = list(self.costs(self.works[0]))
        lines = [report.row(["", *names, "herald's / all of the better's"]), report.rule(len(names) + 2)]
        for work in (work for work in self.works if work in HTTP):
            ours, costs = self.kernel_cost(work, "herald"), self.costs(work)
            best = report.better(costs)
            cells = [report.spread(self.kernel_cost(work, name), 1) for name in names]
            lines.append(report.row([f"{work.what}, {work.unit}", *cells, f"{report.ratio(ours, costs[best])} {best}"]))
        return "\n".join(lines)

    def costs(self, work):
        return {proxy: self.cost(work, proxy) for proxy in self.runs[work.key] if proxy != DIRECT}

    def cost_rows(self):
        return [(f"{work.what}, {work.unit}", self.costs(work), 1) for work in self.works]

    def cost_table(self):
        return report.table(self.cost_rows())

    def speed_table(self):
        """Throughput and latency: medians of the rounds."""
        names = list(self.runs[self.works[0].key])
        lines = [report.row(["", *names]), report.rule(len(names) + 1)]
        for work in self.works:
            cells = [self._speed(work, name) for name in names]
            if work in BULK:
                lines.append(report.row([f"{work.what}, GiB/s", *(f"{speed:.2f}" for speed, _ in cells)]))
                continue
            lines.append(report.row([f"{work.what}, a second", *(f"{speed:,.0f}" for speed, _ in cells)]))
            latencies = (" / ".join(f"{value / 1000:.1f}" for value in latency.values()) for _, latency in cells)
            lines.append(report.row(["its p50 / p99 / p99.9, ms", *latencies]))
        return "\n".join(lines)

    def _speed(self, work, name):
        done = [run.done for run in self.runs[work.key][name]]
        latency = {key: statistics.median(one.latency[key] for one in done) for key in done[0].latency}
        return statistics.median(one.units / one.seconds for one in done), latency

    def added_latency(self, work, percentile):
        """Microseconds above those without a proxy, by proxy."""
        _, direct = self._speed(work, DIRECT)
        names = [name for name in self.runs[work.key] if name != DIRECT]
        return {name: self._speed(work, name)[1][percentile] - direct[percentile] for name in names}

    def data(self):
        return {
            work.key: {
                "what": work.what,
                "threads": self.threads,
                "unit": work.unit,
                "cpu": self.costs(work),
                "kernel": {name: self.kernel_cost(work, name) for name in self.costs(work)},
                "ratios": report.ratios(self.costs(work)),
                "units_a_second": {
                    name: [run.done.units / run.done.seconds for run in runs]
                    for name, runs in self.runs[work.key].items()
                },
                "latency_us": {
                    name: [run.done.latency for run in runs]
                    for name, runs in self.runs[work.key].items()
                    if runs[0].done.latency
                },
            }
            for work in self.works
        }


class Rounds(NamedTuple):
    """How often each work is done: more often where less lies between the proxies."""

    of_http: int
    of_bulk: int

    def of(self, work):
        return self.of_bulk if work in BULK else self.of_http


def compare(bench, servers, works, rounds, seconds, threads=1, progress=print):
    """All three run all the time, and take turns at each work, so that what is compared lies seconds apart.

    Whoever comes first in one round comes last in the next. Every other round begins with new processes, and has clients
    without a proxy, too.
    """
    comparison = Comparison(works, threads)
    count = max(rounds.of(work) for work in works)
    for first in range(0, count, 2):
        with contextlib.ExitStack() as stack:
            starters = bench.proxies().items()
            programs = {name: stack.enter_context(start(servers, threads=threads)) for name, start in starters}
            for program in programs.values():
                connections(program.ports, 1, servers)
            for number in range(first, min(first + 2, count)):
                for work in works:
                    if number < rounds.of(work):
                        _take_turns(comparison, work, programs, number, seconds, servers)
                progress(f"{report.threads(threads)}: round {number + 1} of {count}")
    return comparison


def _take_turns(comparison, work, programs, number, seconds, servers):
    for name in list(programs)[:: 1 if number % 2 == 0 else -1]:
        program = programs[name]
        before, before_kernel = program.cpu_seconds(), program.kernel_seconds()
        done = _run(work, program.ports, seconds, servers, name)
        run = Run(program.cpu_seconds() - before, program.kernel_seconds() - before_kernel, done)
        _add(comparison, work, name, run)
    if comparison.threads == 1 and number % 2 == 0:
        _add(comparison, work, DIRECT, Run(0, 0, _run(work, servers, seconds, servers, DIRECT)))


def _run(work, ports, seconds, servers, name):
    # One second of bulk moves some GiB.
    seconds = 1 if work in BULK else seconds
    try:
        return work.run(ports, seconds, servers)
    except SystemExit as failure:
        raise SystemExit(f"{name}, {work.what}: {failure}") from None


def _add(comparison, work, name, run):
    comparison.runs[work.key].setdefault(name, []).append(run)


def how_often(rounds):
    return f"{rounds['of_http']} rounds, {rounds['of_bulk']} for bulk,"


def conditions():
    return (
        f"Herald and haproxy run the same configuration, with timeouts, a checked server and `send-proxy-v2`, Herald with "
        f"its admin endpoint; nginx's stream module sends version 1, as it knows no other. Behind is nginx with `listen ... "
        f"proxy_protocol`. Deferred accept is `defer-accept` for Herald and haproxy; nginx's stream module of this version has "
        f"no such thing. No proxy logs sessions. wrk has {CONNECTIONS} connections; bulk is iperf3's, without headers, haproxy "
        f"with `option splice-auto`, all with the buffers that are theirs by default. The clients, the servers and the proxy "
        f"share the machine's CPUs."
    )
