"""Clients: sockets with an address and a deadline."""

import contextlib
import ipaddress
import json
import socket
import struct
import subprocess

SECONDS = 10
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def bring_up_loopback():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def add_addresses(*addresses):
    """Gives clients addresses to come from. Only for a network namespace of the test's own."""
    for address in addresses:
        subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)


def keep_hardware_address(bridge):
    """A bridge has the lowest address of its members, another one whenever they change, until one is set."""
    described = subprocess.run(["ip", "-json", "link", "show", bridge], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["ip", "link", "set", bridge, "address", json.loads(described)[0]["address"]], check=True)


@contextlib.contextmanager
def connected(server, client, header=b""):
    """A connection to a (host, port) from an address of this machine, on which a header went out first."""
    with socket.create_connection(server, timeout=SECONDS, source_address=(client, 0)) as connection:
        connection.sendall(header)
        yield connection


def header_v2(source, destination):
    """A version 2 PROXY header about two (IPv4 address, port)."""
    addresses = b"".join(ipaddress.IPv4Address(host).packed for host, _ in (source, destination))
    ports = struct.pack("!HH", source[1], destination[1])
    return SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 12) + addresses + ports


def ask(connection, path="/"):
    """The status and the body of an answer, on a connection that stays open."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: herald\r\n\r\n".encode())
    return read_answer(connection)


def read_answer(connection):
    with connection.makefile("rb") as lines:
        status = int(lines.readline().split()[1])
        fields = dict(field.decode().strip().lower().split(": ", 1) for field in iter(lines.readline, b"\r\n"))
        return status, lines.read(int(fields["content-length"])).decode()


def get(server, client, header=b"", path="/"):
    """The same, on a connection of its own."""
    with connected(server, client, header) as connection:
        return ask(connection, path)


def is_refused(server, client):
    try:
        with connected(server, client):
            return False
    except ConnectionRefusedError:
        return True
