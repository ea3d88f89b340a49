"""The proxies that are compared, and the web server behind them, each on one thread."""

import os

from processes import Program, free_port


class Bench:
    """Makes programs with their files in one directory."""

    def __init__(self, directory, herald):
        self.directory = directory
        self.herald = herald

    def web_server(self, address="127.0.0.1"):
        """nginx that requires a PROXY header."""
        port = free_port()
        text = f"""
            daemon off; worker_processes 1; pid {self.directory}/web.pid; error_log stderr warn;
            events {{ worker_connections 8192; }}
            http {{
                access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
                server {{
                    listen {address}:{port} proxy_protocol backlog=4096;
                    location / {{ return 200 "hello\\n"; }}
                }}
            }}
        """
        return self.start_nginx_with("web", text, port)

    def proxies(self):
        """Name and starter of each; a starter takes the port of the server behind."""
        return {"herald": self.start_herald, "haproxy": self.start_haproxy, "nginx": self.start_nginx}

    def start_herald(self, server, balance="roundrobin", servers=1):
        port = free_port()
        return self.start_herald_with(self._haproxy_text(port, server, balance, servers), port)

    def start_haproxy(self, server):
        port = free_port()
        return self.start_haproxy_with(self._haproxy_text(port, server), port)

    def start_herald_with(self, configuration, port):
        """Herald with a configuration in haproxy's language that listens on `port`."""
        path = self._write("herald.cfg", configuration)
        command = [self.herald, "run", "--config", path, "--threads", "1", "--log-level", "error"]
        if os.path.basename(self.herald) == "haproxy":
            command = [self.herald, "-db", "-f", path]
        return self._program("herald", command, port)

    def start_haproxy_with(self, configuration, port):
        path = self._write("haproxy.cfg", configuration)
        return self._program("haproxy", ["/usr/sbin/haproxy", "-db", "-f", path], port)

    def start_nginx(self, server):
        # nginx sends version 1 only.
        port = free_port()
        text = f"""
            daemon off; worker_processes 1; pid {self.directory}/stream.pid; error_log stderr warn;
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            events {{ worker_connections 8192; }}
            stream {{ server {{
                listen 127.0.0.1:{port} backlog=4096; proxy_pass 127.0.0.1:{server}; proxy_protocol on;
            }} }}
        """
        return self.start_nginx_with("nginx", text, port)

    def _haproxy_text(self, port, server, balance="roundrobin", servers=1):
        """One configuration for Herald and haproxy: both read the same words."""
        lines = "\n".join(
            f"    server s{number} 127.0.0.{number % 10 + 1}:{server} send-proxy-v2"
            for number in range(servers)
        )
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
    balance {balance}
{lines}
"""

    def start_nginx_with(self, name, text, port):
        path = self._write(f"{name}.conf", text)
        return self._program(name, ["/usr/sbin/nginx", "-e", "stderr", "-p", self.directory, "-c", path], port)

    def _program(self, name, command, port):
        return Program(name, command, port, os.path.join(self.directory, f"{name}.log"))

    def _write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path
