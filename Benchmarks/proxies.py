"""The proxies that are compared, and the servers behind them."""

import os
from typing import NamedTuple

from processes import Program, free_port, raise_open_files

# Sessions that each proxy is told to take at one time, where the limit on open files allows.
MAXIMUM_SESSIONS = 9500
# Addresses of loopback on which the web server listens: many servers without a process for each.
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 11)]


class Ports(NamedTuple):
    """Where clients are taken in: by a proxy, or by the servers themselves."""

    # HTTP, from clients that send no PROXY header.
    plain: int
    # The same, where they are taken in once they have said something.
    deferred: int
    # HTTP, from clients that send one, of version 2.
    announced: int
    # iperf3, without a header on either side: it knows none.
    bulk: int

    @classmethod
    def free(cls):
        while True:
            ports = cls(*(free_port() for _ in cls._fields))
            if len(set(ports)) == len(ports):
                return ports


class Bench:
    """Makes programs with their files in one directory."""

    def __init__(self, directory, herald):
        self.directory = directory
        self.herald = herald
        self.maximum_sessions = min(MAXIMUM_SESSIONS, (raise_open_files() - 500) // 2)

    def web_server(self):
        """nginx; behind its `announced` port it requires a PROXY header. Its `bulk` port is free, for an iperf3."""
        ports = Ports.free()
        listens = "\n".join(
            f"listen {address}:{port} backlog=4096 {words};"
            for address in ADDRESSES
            for port, words in ((ports.plain, ""), (ports.deferred, "deferred"), (ports.announced, "proxy_protocol"))
        )
        text = f"""
            daemon off; worker_processes 1; pid {self.directory}/web.pid; error_log stderr error;
            events {{ worker_connections 16384; }}
            http {{
                access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
                server {{ {listens} location / {{ return 200 "hello\\n"; }} }}
            }}
        """
        web = self.start_nginx_with("web", text, ports.plain)
        web.ports = ports
        return web

    def proxies(self):
        """Name and starter of each; a starter takes the ports of the servers behind, and the number of threads."""
        return {"herald": self.start_herald, "haproxy": self.start_haproxy, "nginx": self.start_nginx}

    def start_herald(self, servers, threads=1):
        ports = Ports.free()
        return self.start_herald_with(self._haproxy_text(ports, servers, threads), ports.plain, threads, ports)

    def start_haproxy(self, servers, threads=1):
        ports = Ports.free()
        return self.start_haproxy_with(self._haproxy_text(ports, servers, threads), ports.plain, ports)

    def start_nginx(self, servers, threads=1, words=""):
        # nginx's stream module sends version 1 only, has no checks, and defers nothing.
        ports = Ports.free()
        text = f"""
            daemon off; worker_processes {threads}; pid {self.directory}/stream-{ports.plain}.pid; error_log stderr crit;
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            events {{ worker_connections {self.maximum_sessions * 2 + 100}; }}
            stream {{
                {words}
                server {{
                    listen 127.0.0.1:{ports.plain} backlog=4096 reuseport;
                    listen 127.0.0.1:{ports.deferred} backlog=4096 reuseport;
                    proxy_pass 127.0.0.1:{servers.announced}; proxy_protocol on;
                }}
                server {{
                    listen 127.0.0.1:{ports.announced} proxy_protocol backlog=4096 reuseport;
                    set_real_ip_from 127.0.0.1;
                    proxy_pass 127.0.0.1:{servers.announced}; proxy_protocol on;
                }}
                server {{ listen 127.0.0.1:{ports.bulk} reuseport; proxy_pass 127.0.0.1:{servers.bulk}; }}
            }}
        """
        return self.start_nginx_with("nginx", text, ports.plain, ports)

    def start_nginx_with_half_close(self, servers):
        """nginx that passes each side's end on, as the others do, where it usually closes both with the first."""
        return self.start_nginx(servers, words="proxy_half_close on;")

    def start_herald_of_many(self, servers, balance, count):
        """Herald with `count` servers, all of them one web server at ten addresses."""
        port = free_port()
        lines = [
            f"server s{number} {ADDRESSES[number % len(ADDRESSES)]}:{servers.announced} send-proxy-v2"
            for number in range(count)
        ]
        text = self._haproxy_text(Ports(port, 0, 0, 0), servers, lines=[f"balance {balance}", *lines])
        return self.start_herald_with(text, port)

    def start_herald_with(self, configuration, port, threads=1, ports=None):
        """Herald with a configuration in haproxy's language that listens on `port`."""
        return self._program("herald", self.herald_command(configuration, threads), port, ports)

    def start_herald_by_yaml(self, text, port):
        """Herald with a configuration in its own language that listens on `port`; what it logs is in a file."""
        path = self._write(f"herald-{port}.yaml", text)
        return self._program("herald", [self.herald, "run", "--config", path, "--threads", "1"], port)

    def herald_command(self, configuration, threads=1):
        path = self._write(f"herald-{free_port()}.cfg", configuration)
        return [
            *(self.herald, "run", "--config", path, "--threads", str(threads), "--log-level", "error"),
            *("--admin", f"127.0.0.1:{free_port()}"),
        ]

    def start_haproxy_with(self, configuration, port, ports=None):
        path = self._write("haproxy.cfg", configuration)
        return self._program("haproxy", ["/usr/sbin/haproxy", "-db", "-f", path], port, ports)

    def start_nginx_with(self, name, text, port, ports=None):
        path = self._write(f"{name}-{port}.conf", text)
        command = ["/usr/sbin/nginx", "-e", "stderr", "-p", self.directory, "-c", path]
        return self._program(name, command, port, ports)

    def unchecked_text(self, ports, servers, threads=1):
        """The configuration of `start_herald`, without health checks."""
        return self._haproxy_text(ports, servers, threads, lines=[f"server s0 127.0.0.1:{servers.announced} send-proxy-v2"])

    def _haproxy_text(self, ports, servers, threads=1, lines=None):
        """One configuration for Herald and haproxy: both read the same words. A port of 0 is left out."""
        web = lines or [f"server s0 127.0.0.1:{servers.announced} send-proxy-v2 check inter 2s"]
        frontends = [
            ("plain", ports.plain, "", "web"),
            ("deferred", ports.deferred, "defer-accept", "web"),
            ("announced", ports.announced, "accept-proxy", "web"),
            ("bulk", ports.bulk, "", "iperf"),
        ]
        sections = [
            # Pipes are for splicing: unless told, haproxy asks for descriptors for a quarter as many as sessions.
            ["global", f"maxconn {self.maximum_sessions}", "maxpipes 100", f"nbthread {threads}"],
            ["defaults", "mode tcp", "timeout connect 5s", "timeout client 1h", "timeout server 1h"],
            *(
                [f"frontend {name}", f"bind 127.0.0.1:{port} {words}", f"default_backend {backend}"]
                for name, port, words, backend in frontends
                if port
            ),
            ["backend web", *web],
            # iperf3 serves one client at a time, and a check would be one.
            ["backend iperf", "option splice-auto", f"server s0 127.0.0.1:{servers.bulk}"],
        ]
        return "".join("\n    ".join(lines).rstrip() + "\n" for lines in sections)

    def _program(self, name, command, port, ports=None):
        return Program(name, command, port, os.path.join(self.directory, f"{name}-{port}.log"), ports)

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path
