"""What the proxies are made to do, and what it costs them."""

import re
import socket
import subprocess
import time

CONNECTIONS = 64
IDLE_SESSIONS = 1000
WARM_UP_SESSIONS = 50


def requests_microseconds(program, seconds):
    """CPU time of the proxy for one HTTP request on connections that are kept."""
    return _wrk(program, seconds, [])


def connections_microseconds(program, seconds):
    """CPU time of the proxy for one connection with one request on it."""
    return _wrk(program, seconds, ["-H", "Connection: close"])


def _wrk(program, seconds, options):
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", *options]
    before = program.cpu_seconds()
    result = subprocess.run(
        [*command, f"http://127.0.0.1:{program.port}/"], capture_output=True, text=True, timeout=seconds + 30
    )
    spent = program.cpu_seconds() - before
    answered = re.search(r"(\d+) requests in", result.stdout)
    if result.returncode != 0 or answered is None or int(answered.group(1)) == 0:
        raise SystemExit(f"wrk through {program.name}: {result.stdout}{result.stderr}")
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", result.stdout)
    if failed:
        raise SystemExit(f"wrk through {program.name}: {failed.group(0)}")
    return spent / int(answered.group(1)) * 1e6


def idle_session_bytes(program):
    """Memory that one idle session adds, over many; and what the program takes at start, in KiB.

    Each session carries one request first: one that never was busy may look smaller than it is. Some sessions come and
    go before that, so that code which runs for the first time is not taken for theirs.
    """
    at_start = program.resident_kib()
    _close(_open(program, WARM_UP_SESSIONS))
    time.sleep(0.5)
    before = program.resident_kib()
    sessions = _open(program, IDLE_SESSIONS)
    time.sleep(0.5)
    grown = program.resident_kib() - before
    _close(sessions)
    return grown * 1024 / IDLE_SESSIONS, at_start


def _open(program, count):
    sessions = []
    for _ in range(count):
        session = socket.create_connection(("127.0.0.1", program.port), timeout=10)
        sessions.append(session)
        session.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
        if not session.recv(4096):
            raise SystemExit(f"{program.name} closed an idle session")
    return sessions


def _close(sessions):
    for session in sessions:
        session.close()
