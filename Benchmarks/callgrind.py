"""Counts a program's own instructions and allocations by valgrind: the same on a busy machine as on a quiet one."""

import os
import re
import socket
import subprocess
import threading
from typing import NamedTuple

from processes import Program
from proxies import Ports
from workloads import REQUEST

ALLOCATORS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc")
# Of wrk.lua, too.
HEADER = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([192, 0, 2, 1, 198, 51, 100, 7, 220, 4, 1, 187])
# Of a flow: twice what Herald reads at most.
PIECE = 2**18
CLOSE = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


class Count(NamedTuple):
    instructions: float
    allocations: float

    def per_unit(self, fewer, units):
        """What one unit costs, from a run with `units` more of them: the start and the end drop out."""
        return Count(*((ours - theirs) / units for ours, theirs in zip(self, fewer)))


def request(bench, servers, threads=1):
    """For one request and its reply on a kept connection."""
    return _difference(bench, servers, _drive_requests, 500, 5500, threads)


def connection(bench, servers, threads=1):
    """For one connection with one request, that the server ends."""
    return _difference(bench, servers, lambda ports, count: _drive_connections(ports.plain, b"", count), 200, 1200, threads)


def announced_connection(bench, servers):
    """The same with a PROXY header on both sides."""
    return _difference(bench, servers, lambda ports, count: _drive_connections(ports.announced, HEADER, count), 200, 1200)


def spliced(bench, servers):
    """For one MiB of a long flow."""
    return _difference(bench, servers, lambda ports, count: _drive_flow(ports.bulk, servers.bulk, count), 16, 272)


def _difference(bench, servers, drive, fewer, more, threads=1):
    """One client after the other, so that every run goes the same way."""
    counts = [_count_herald(bench, servers, drive, count, threads) for count in (fewer, more)]
    return counts[1].per_unit(counts[0], more - fewer)


def _count_herald(bench, servers, drive, count, threads):
    ports = Ports.free()
    output = os.path.join(bench.directory, "callgrind.out")
    command = [*_valgrind(output), *bench.herald_command(bench.unchecked_text(ports, servers, threads), threads)]
    log = os.path.join(bench.directory, "callgrind.log")
    program = Program("herald under valgrind", command, ports.plain, log, ports, patience=60)
    try:
        drive(ports, count)
    finally:
        # No session is left to wait for; the counts are written at the end.
        program.stop(patience=60)
    return _read(output, log)


def count_command(directory, command):
    """All that a command takes, from its start to its end."""
    output = os.path.join(directory, "callgrind.out")
    subprocess.run([*_valgrind(output), *command], capture_output=True, check=True, timeout=120)
    return _read(output, None)


def _valgrind(output):
    if os.path.exists(output):
        os.remove(output)
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]


def _read(output, log):
    """Instructions from the total, allocations from the calls to the allocator's functions.

    Names are written once and by number later: "cfn=(7) malloc", "cfn=(7)". The line behind says how many calls.
    """
    if not os.path.exists(output):
        with open(log) as text:
            raise SystemExit(f"valgrind wrote nothing:\n{text.read()}")
    names, called, instructions, allocations = {}, None, None, 0
    with open(output) as lines:
        for line in lines:
            if match := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
                if match[3]:
                    names[match[2]] = match[3].split("'")[0]
                if match[1]:
                    called = names[match[2]]
            elif line.startswith("calls=") and called in ALLOCATORS:
                allocations += int(line[6:].split()[0])
            elif line.startswith("totals:"):
                instructions = int(line.split()[1])
    if instructions is None:
        raise SystemExit("valgrind wrote no total")
    return Count(instructions, allocations)


def _drive_requests(ports, count):
    with socket.create_connection(("127.0.0.1", ports.plain), timeout=60) as client:
        for _ in range(count):
            client.sendall(REQUEST)
            if not client.recv(4096):
                raise SystemExit("the connection that requests come on has ended")


def _drive_connections(port, header, count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(header + CLOSE)
            received = 0
            while part := client.recv(4096):
                received += len(part)
            if received == 0:
                raise SystemExit("a connection ended without an answer")


def _drive_flow(port, server_port, mebibytes):
    """So much from a server to a client who keeps up: the next piece is sent once the last one has come."""
    taken = threading.Semaphore(1)
    pieces = mebibytes * 2**20 // PIECE
    with socket.create_server(("127.0.0.1", server_port)) as listener:
        sender = threading.Thread(target=_send, args=(listener, pieces, taken), daemon=True)
        sender.start()
        received = 0
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            while part := client.recv(PIECE):
                if (received + len(part)) // PIECE > received // PIECE:
                    taken.release()
                received += len(part)
        sender.join(60)
    if received != pieces * PIECE:
        raise SystemExit(f"a flow of {pieces * PIECE} bytes came to {received}")


def _send(listener, pieces, taken):
    listener.settimeout(60)
    server, _ = listener.accept()
    with server:
        for _ in range(pieces):
            taken.acquire(timeout=60)
            server.sendall(bytes(PIECE))
