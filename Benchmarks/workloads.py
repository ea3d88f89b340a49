"""What the proxies are made to do."""

import json
import os
import socket
import subprocess
import time
from typing import NamedTuple

from processes import are_listening

CONNECTIONS = 64
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk.lua")
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"


class Done(NamedTuple):
    """What was done in one run: units of work (requests, connections or GiB), and how fast, in seconds."""

    units: float
    seconds: float
    # Microseconds by percentile ("p50", "p99", "p99.9"); empty for bulk.
    latency: dict


class Work(NamedTuple):
    key: str
    # One unit of it.
    what: str
    # In which its cost is told, and how many of them a second has.
    unit: str
    a_second: float
    # Takes the ports of who is asked, seconds, and the ports of the servers behind.
    run: callable


def requests(ports, seconds, _):
    """Requests on connections that are kept."""
    return _wrk(ports.plain, seconds, [])


def connections(ports, seconds, _):
    """One connection for each request."""
    return _wrk(ports.plain, seconds, ["-H", "Connection: close"])


def deferred_connections(ports, seconds, _):
    """The same, taken in once the client has said something."""
    return _wrk(ports.deferred, seconds, ["-H", "Connection: close"])


def announced_connections(ports, seconds, _):
    """The same from a client that sends a PROXY header of version 2."""
    return _wrk(ports.announced, seconds, ["-H", "Connection: close"], "v2")


def _wrk(port, seconds, options, *arguments):
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", SCRIPT, *options]
    result = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/", "--", *arguments], capture_output=True, text=True, timeout=seconds + 30
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or len(lines) != 1:
        raise SystemExit(f"wrk: {result.stdout}{result.stderr}")
    counted = json.loads(lines[0])
    # A proxy that takes a while to begin may leave a few clients without an answer; more than that is no measurement.
    if counted["errors"] > counted["answered"] / 1000 or counted["answered"] == 0:
        raise SystemExit(f"wrk: {counted['errors']} errors in {counted['answered']} requests")
    latency = {name: counted[name] for name in ("p50", "p99", "p99.9")}
    return Done(counted["answered"], counted["microseconds"] / 1e6, latency)


def bulk(streams, is_down):
    """Bytes one way, in GiB: `is_down` is from the server to the client."""
    return lambda ports, seconds, servers: _iperf(ports.bulk, seconds, servers.bulk, streams, is_down)


def _iperf(port, seconds, server, streams, is_down):
    # A server that serves one test and ends: one that stays may still be busy with the last client.
    with subprocess.Popen(
        ["iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", str(server)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as behind:
        try:
            _wait_for_server(behind, server)
            command = ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-J", "-t", str(seconds), "-P", str(streams)]
            command += ["-R"] * is_down
            result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
        finally:
            behind.terminate()
    report = json.loads(result.stdout or "{}")
    if result.returncode != 0 or "error" in report:
        raise SystemExit(f"iperf3: {report.get('error', result.stderr)}")
    received = report["end"]["sum_received"]
    return Done(received["bytes"] / 2**30, received["seconds"], {})


def _wait_for_server(process, port):
    deadline = time.monotonic() + 10
    while not are_listening({port}):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"iperf3 does not listen on port {port}")
        time.sleep(0.01)


def open_sessions(program, count):
    """Idle sessions that have carried one request each: one that never was busy may look smaller than it is."""
    sessions = []
    for _ in range(count):
        session = socket.create_connection(("127.0.0.1", program.port), timeout=10)
        sessions.append(session)
        session.sendall(REQUEST)
        if not session.recv(4096):
            raise SystemExit(f"{program.name} closed an idle session")
    return sessions


def close_sessions(sessions):
    for session in sessions:
        session.close()
