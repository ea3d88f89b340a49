"""What the measured figures come to on more cores and machines, and what ends first."""

from statistics import median

import report

CORES = 16
MEMORY_GIB = 64
MACHINES = 100
# `Limits.maximumSessions` of one process.
MAXIMUM_SESSIONS = 1_000_000
DESCRIPTORS_A_SESSION = 2
# Linux's own, for what is not this machine's to tell: seconds that an ended connection keeps its port, and that
# connection tracking keeps it, and how many that tracks.
TIME_WAIT_SECONDS = 60
TRACKED_TIME_WAIT_SECONDS = 120
TRACKED = 262_144
USUAL_OPEN_FILES = 1_048_576


def text(one, two, memory, open_files):
    """`one` and `two` are comparisons at one and two threads, `two` with fewer works; `memory` is of idle.memory."""
    costs = {work.key: median(one.cost(work, "herald")) / work.a_second for work in one.works}
    costs_of_many = costs | {work.key: median(two.cost(work, "herald")) / work.a_second for work in two.works}
    kib, kernel_kib = _session_kib(memory)
    room = int(MEMORY_GIB * 2**20 / (kib + kernel_kib))
    machine_sessions = min(room, MAXIMUM_SESSIONS)
    rows = [
        _row("connections with one request, a second", costs, costs_of_many, "connections", "{:,.0f}"),
        _row("requests on kept connections, a second", costs, costs_of_many, "requests", "{:,.0f}"),
        _row("GiB a second, to eight clients", costs, costs_of_many, "down-8", "{:,.1f}"),
        [
            "idle sessions, at its share of the memory",
            *(f"{count:,}" for count in (room // CORES, machine_sessions, machine_sessions * MACHINES)),
        ],
    ]
    heads = ["", "a core", f"a machine of {CORES} cores and {MEMORY_GIB} GiB", f"{MACHINES} machines"]
    table = "\n".join([report.row(heads), report.rule(4), *(report.row(row) for row in rows)])
    intro = (
        f"Reckoned, not measured: the CPU time and memory above, with all of a core for Herald and its part of the kernel's "
        f"work. Loops share nothing but the counters of servers, so a machine is {CORES} times what each of two threads has "
        f"done here, and machines share nothing at all. A session is {kib:.1f} KiB of Herald and {kernel_kib:.1f} KiB of the "
        f"kernel (two idle sockets)."
    )
    ends = "\n".join(report.wrapped(f"- {end}") for end in _ends(costs, machine_sessions, open_files))
    return f"{report.wrapped(intro)}\n\n{table}\n\nWhat ends first:\n\n{ends}"


def _session_kib(memory):
    rounds = memory["herald"]
    count = max(rounds[0]["sessions"])
    kib = median(one["sessions"][count]["resident"] for one in rounds)
    return kib, median(one["kernel"] for one in rounds)


def _row(what, costs, costs_of_many, key, form):
    machine = CORES / costs_of_many[key]
    return [what, form.format(1 / costs[key]), form.format(machine), form.format(machine * MACHINES)]


def _ends(costs, machine_sessions, open_files):
    ports = _ephemeral_ports()
    tracked = TRACKED // 2
    yield (
        f"**Ports**, by far: {ports:,} between one address of Herald's and one server's address and port "
        f"(`ip_local_port_range`), so that many sessions to each server; {machine_sessions:,} sessions need "
        f"{-(-machine_sessions // ports)} servers. Where the client ends first, the port rests for {TIME_WAIT_SECONDS} s: "
        f"{ports // TIME_WAIT_SECONDS} connections a second for each server, where a core could serve "
        f"{1 / costs['connections']:,.0f}. `net.ipv4.tcp_tw_reuse=1` makes that one second; more server addresses, or a wider "
        f"range, add to both."
    )
    yield (
        f"**Descriptors**: {DESCRIPTORS_A_SESSION} a session. A limit of {open_files:,}, as here, is "
        f"{open_files // DESCRIPTORS_A_SESSION:,} sessions less what is kept back for checks; the usual "
        f"{USUAL_OPEN_FILES:,} of containers {USUAL_OPEN_FILES // DESCRIPTORS_A_SESSION:,}. Herald raises its own limit to the "
        f"hard one, and leaves further clients in the backlog."
    )
    yield (
        f"**Connection tracking**, where the host has any rule that needs it: two entries a session, {TRACKED:,} by default: "
        f"{tracked:,} sessions, or {tracked // TRACKED_TIME_WAIT_SECONDS:,} short connections a second, as ended ones stay for "
        f"{TRACKED_TIME_WAIT_SECONDS} s. Exempt the ports (`notrack`) or raise `nf_conntrack_max`."
    )
    yield f"**Memory**: the table's last row; Herald takes {MAXIMUM_SESSIONS:,} sessions at most, whatever there is."
    yield (
        f"**Health checks** don't share: {MACHINES} machines that check every 2 s are {MACHINES // 2} checks a second for each "
        f"server."
    )


def _ephemeral_ports():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first, last = map(int, file.read().split())
    return last - first + 1
