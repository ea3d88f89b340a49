#!/usr/bin/env python3
"""What health checks cost: Herald and haproxy check the same thousand servers, in turn, on one machine.

The servers are as many addresses of 127.0.0.0/8 on which one nginx listens. Both proxies run the same configuration on one
thread and serve nobody, so what they take of a CPU is what the checks cost.
"""

import argparse
import os
import resource
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import report
from processes import free_port
from proxies import Bench

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What a `server` line has, beside `check`, and what its backend has.
KINDS = {
    "that connect": ([], ""),
    "with a PROXY header": ([], "send-proxy-v2"),
    "by HTTP": (["option httpchk GET /"], ""),
}


def main():
    options = arguments()
    # Every server's listening socket is a descriptor of nginx.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    addresses = [f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}" for number in range(options.servers)]
    with tempfile.TemporaryDirectory(prefix="herald-checks-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(directory, options.herald)
        rows = []
        for kind in options.kinds or KINDS:
            with web_server(bench, addresses, "proxy_protocol" if "header" in kind else "") as web:
                rows.append((f"CPU for a second of checks {kind}, ms", measure(bench, web.port, addresses, kind, options), 2))
    print(f"{options.servers} servers, each checked every {options.interval} s; {report.machine()}")
    print(f"{report.version(['haproxy', '-v'])}; {report.version(['nginx', '-v'])}")
    print(report.aligned(report.table(rows)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--herald", default=os.path.join(ROOT, ".build/static/release/herald"), help="the binary to measure")
    parser.add_argument("--servers", type=int, default=1000, help="how many servers are checked (1000)")
    parser.add_argument("--interval", type=int, default=2, help="seconds between two checks of a server (2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often the proxies take turns (3)")
    parser.add_argument("--seconds", type=float, default=10, help="how long each is measured in a round (10)")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, help="which kinds of checks (all)")
    return parser.parse_args()


def measure(bench, server, addresses, kind, options):
    """Milliseconds of CPU for each second, of each proxy by round."""
    lines, words = KINDS[kind]
    servers = [
        f"server s{number} {address}:{server} check inter {options.interval}s {words}"
        for number, address in enumerate(addresses)
    ]
    starters = {"herald": bench.start_herald_with, "haproxy": bench.start_haproxy_with}
    figures = {name: [] for name in starters}
    for number in range(options.rounds):
        # Whoever comes first in one round comes last in the next.
        for name in list(starters)[:: 1 if number % 2 == 0 else -1]:
            port = free_port()
            with starters[name](configuration(port, lines + servers), port) as program:
                # Every server was checked once, and nothing of the start is left.
                time.sleep(options.interval * 1.5)
                before, began = program.cpu_seconds(), time.monotonic()
                time.sleep(options.seconds)
                used = program.cpu_seconds() - before
                figures[name].append(used / (time.monotonic() - began) * 1000)
    print(f"checks {kind}: done", file=sys.stderr)
    return figures


def configuration(port, backend):
    lines = "\n    ".join(backend)
    return f"""
global
    maxconn 8000
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    {lines}
"""


def web_server(bench, addresses, words):
    port = free_port()
    listens = "\n".join(f"listen {address}:{port} {words};" for address in ["127.0.0.1", *addresses])
    text = f"""
        daemon off; worker_processes 1; pid {bench.directory}/web.pid; error_log stderr warn;
        events {{ worker_connections {len(addresses) + 8192}; }}
        http {{ access_log off; server {{ {listens} location / {{ return 200 "hello\\n"; }} }} }}
    """
    return bench.start_nginx_with("web", text, port)


if __name__ == "__main__":
    main()
