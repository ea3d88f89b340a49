"""What health checks cost: Herald and haproxy check the same thousand servers, at the same time, and serve nobody.

The servers are as many addresses of 127.0.0.0/8 on which one nginx listens. Both proxies run the same configuration on one
thread, so what they take of a CPU is what the checks cost.
"""

import contextlib
import time

from processes import free_port

SERVERS = 1000
INTERVAL_SECONDS = 2
# What its backend has, and a `server` line beside `check`.
KINDS = {
    "that connect": ([], ""),
    "with a PROXY header": ([], "send-proxy-v2"),
    "by HTTP": (["option httpchk GET /"], ""),
}


def measure(bench, kinds, rounds, seconds, progress=print):
    """Milliseconds of CPU for each second, by kind, proxy and round."""
    addresses = [f"127.1.{number // 250}.{1 + number % 250}" for number in range(SERVERS)]
    figures = {}
    for kind in kinds:
        with _web_server(bench, addresses, "proxy_protocol" if "header" in kind else "") as web:
            figures[kind] = _measure(bench, web.port, addresses, kind, rounds, seconds)
        progress(f"checks {kind}: done")
    return figures


def _measure(bench, server, addresses, kind, rounds, seconds):
    lines, words = KINDS[kind]
    servers = [
        f"server s{number} {address}:{server} check inter {INTERVAL_SECONDS}s {words}"
        for number, address in enumerate(addresses)
    ]
    figures = {"herald": [], "haproxy": []}
    with contextlib.ExitStack() as stack:
        programs = {}
        for name, start in (("herald", bench.start_herald_with), ("haproxy", bench.start_haproxy_with)):
            port = free_port()
            programs[name] = stack.enter_context(start(_configuration(port, lines + servers), port))
        # Every server is checked once, and nothing of the start is left.
        time.sleep(INTERVAL_SECONDS * 1.5)
        for _ in range(rounds):
            before, began = {name: program.cpu_seconds() for name, program in programs.items()}, time.monotonic()
            time.sleep(seconds)
            for name, program in programs.items():
                used = program.cpu_seconds() - before[name]
                figures[name].append(used / (time.monotonic() - began) * 1000)
    return figures


def rows(figures):
    """Rows of a table."""
    return [(f"checks {kind}, ms a second", values, 2) for kind, values in figures.items()]


def _configuration(port, backend):
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


def _web_server(bench, addresses, words):
    port = free_port()
    listens = "\n".join(f"listen {address}:{port} {words};" for address in ["127.0.0.1", *addresses])
    # Every server's listening socket is a descriptor of nginx.
    text = f"""
        daemon off; worker_processes 1; pid {bench.directory}/checked.pid; error_log stderr crit;
        events {{ worker_connections {len(addresses) + 8192}; }}
        http {{ access_log off; server {{ {listens} location / {{ return 200 "hello\\n"; }} }} }}
    """
    return bench.start_nginx_with("checked", text, port)
