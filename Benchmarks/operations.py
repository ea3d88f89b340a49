"""What it costs Herald to be looked at: a line of the log for each session, and a reading of /metrics with many servers."""

import contextlib
import statistics
import time
import urllib.request

import report
from growth import rounds_of
from processes import free_port

LOGS = {
    "off": "sessions: off",
    "text": "sessions: all, format: text",
    "JSON": "sessions: all, format: json",
}
SERVERS = 1000
# A reading is given again for up to a second.
PAUSE_SECONDS = 1.1


def measure(bench, servers, rounds, seconds, readings, progress=print):
    logs = _logs(bench, servers, rounds, seconds)
    progress("the log of sessions: done")
    milliseconds, size = _metrics(bench, readings)
    progress("/metrics: done")
    return {"log_us": logs, "metrics_ms": milliseconds, "metrics_bytes": size}


def _logs(bench, servers, rounds, seconds):
    """Microseconds of CPU for a connection, by kind of log and round."""
    with contextlib.ExitStack() as stack:
        programs = {}
        for name, log in LOGS.items():
            port = free_port()
            web = f'web: {{ address: "127.0.0.1:{servers.announced}", send-proxy: v2 }}'
            programs[name] = stack.enter_context(bench.start_herald_by_yaml(_configuration(port, log, [web]), port))
        return rounds_of(programs, rounds, seconds)


def _metrics(bench, readings):
    """Milliseconds of CPU for each reading, and its bytes."""
    port, admin = free_port(), free_port()
    lines = [f's{number}: "127.0.0.1:9"' for number in range(SERVERS)]
    text = f'admin: {{ bind: "127.0.0.1:{admin}" }}\n' + _configuration(port, LOGS["off"], lines)
    figures = []
    with bench.start_herald_by_yaml(text, port) as program:
        for _ in range(readings + 1):
            time.sleep(PAUSE_SECONDS)
            before = program.cpu_seconds()
            with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as reply:
                size = len(reply.read())
            figures.append((program.cpu_seconds() - before) * 1000)
    # The first one runs code that has not run before.
    return figures[1:], size


def _configuration(port, log, servers):
    return (
        f"log: {{ {log} }}\n"
        f'frontends: {{ front: {{ bind: ["127.0.0.1:{port}"], default-backend: back }} }}\n'
        "backends:\n  back:\n    servers:\n      " + "\n      ".join(servers) + "\n"
    )


def text(figures):
    off = figures["log_us"]["off"]
    lines = [report.row(["log of sessions", "us a connection", "to none"]), report.rule(3)]
    for name, values in figures["log_us"].items():
        lines.append(report.row([name, f"{statistics.median(values):.1f}", report.ratio(values, off)]))
    readings = figures["metrics_ms"]
    return "\n".join(lines) + (
        f"\n\nOne reading of /metrics with {SERVERS:,} servers ({figures['metrics_bytes'] / 1e6:.1f} MB) takes "
        f"{statistics.median(readings):.1f} ms of CPU ({min(readings):.1f} to {max(readings):.1f})."
    )
