"""Herald in the pod of an application, run with Config/sidecar.yaml and as little as an orchestrator can allow."""

import http

import network
from engine import wait_until
from harness import FIGURES, ContainerTest, read
from process import StartWatch, resident_mib, status

CONFINEMENT = [
    "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "10001",
    "--memory", "64m", "--memory-swap", "64m", "--cpus", "0.5", "--pids-limit", "64",
]  # fmt: skip

MOST_RESIDENT_MIB = 12
# Herald's `drain-timeout` is 25 s.
STOP_SECONDS = 30

# Whom Config/sidecar.yaml believes, whom it does not, and whom the first announces to be connected where.
BALANCER = "10.200.0.5"
STRANGER = "192.0.2.9"
CLIENT = ("203.0.113.7", 51234)
DESTINATION = ("198.51.100.1", 443)
HEADER = network.header_v2(CLIENT, DESTINATION)

CONFIGURATION = read("Config/sidecar.yaml")
# The application understands PROXY headers, and logs whom they announce; a second one beside it.
APPLICATION = """
error_log /dev/stderr notice;
pid /tmp/nginx.pid;
events {}
http {
    log_format client 'client=$proxy_protocol_addr:$proxy_protocol_port';
    access_log /dev/stdout client;
    server {
        listen 127.0.0.1:3000 proxy_protocol;
        return 200 "first sees $proxy_protocol_addr:$proxy_protocol_port";
    }
    server {
        listen 127.0.0.1:3001 proxy_protocol;
        return 200 "second sees $proxy_protocol_addr:$proxy_protocol_port";
    }
}
"""
FIRST, SECOND = (f"{name} sees {CLIENT[0]}:{CLIENT[1]}" for name in ("first", "second"))


class SidecarTest(ContainerTest):
    @classmethod
    def setUpClass(cls):
        network.add_addresses(BALANCER, STRANGER)
        cls.addClassCleanup(cls.engine.remove_containers)
        cls.engine.podman("network", "create", "sidecar")
        cls.engine.podman("pod", "create", "--name", "website", "--network", "sidecar")
        file = cls.write("sidecar/nginx.conf", APPLICATION)
        volume = f"{file}:/etc/nginx/nginx.conf:ro"
        cls.engine.podman("run", "-d", "--pod", "website", "--name", "application", "-v", volume, "nginx:stable")
        form = "{{(index .NetworkSettings.Networks \"sidecar\").IPAddress}}"
        infra = cls.engine.podman("pod", "inspect", "--format", "{{.InfraContainerID}}", "website")
        host = cls.engine.inspect(infra, form)
        cls.website, cls.admin = (host, 8080), (host, 9901)

    def setUp(self):
        """Starts Herald, and measures how long that takes."""
        folder = self.write("sidecar/herald/herald.yaml", CONFIGURATION).removesuffix("/herald.yaml")
        self.engine.podman(
            "create", "--pod", "website", "--name", "herald", *CONFINEMENT, "-v", f"{folder}:/etc/herald:ro",
            "localhost/herald",
        )  # fmt: skip
        self.addCleanup(self.engine.podman, "rm", "-f", "-t", "0", "herald")
        self.engine.podman("init", "herald")
        self.pid = int(self.engine.inspect("herald", "{{.State.Pid}}"))
        watch = StartWatch(self.pid, "/herald", self.is_ready)
        self.engine.podman("start", "herald")
        self.assertIsNotNone(watch.result(), self.engine.logs("herald"))
        FIGURES["from exec to ready"] = f"{watch.milliseconds:.0f} ms"

    def readiness(self):
        return network.get(self.admin, BALANCER, path="/readyz")

    def is_ready(self):
        try:
            return self.readiness()[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def ask(self):
        """What a client is told that comes through the balancer."""
        return network.get(self.website, BALANCER, HEADER)

    def test_the_application_sees_and_logs_the_client(self):
        self.assertEqual(self.ask(), (200, FIRST))
        wait_until(lambda: f"client={CLIENT[0]}:{CLIENT[1]}" in self.engine.logs("application"), "the client in the log")

    def test_a_stranger_is_reset(self):
        with self.assertRaises(ConnectionResetError):
            network.get(self.website, STRANGER, HEADER)

    def test_is_process_1_without_rights_and_small(self):
        facts = status(self.pid)
        self.assertEqual(facts["NSpid"].split()[-1], "1")
        self.assertEqual(set(facts["Uid"].split()), {"10001"})
        self.assertEqual((int(facts["CapEff"], 16), int(facts["CapBnd"], 16), facts["NoNewPrivs"]), (0, 0, "1"))
        resident = resident_mib(self.pid)
        FIGURES["resident at start"] = f"{resident:.1f} MiB"
        self.assertLessEqual(resident, MOST_RESIDENT_MIB)

    def test_health_follows_the_application(self):
        self.assertEqual(self.health(), 0)
        self.engine.podman("stop", "application")
        self.addCleanup(self.engine.podman, "start", "application")
        wait_until(lambda: self.readiness()[0] == http.HTTPStatus.SERVICE_UNAVAILABLE, "not ready")
        self.assertEqual(self.health(), 1)
        self.engine.podman("start", "application")
        wait_until(self.is_ready, "ready again")
        self.assertEqual(self.health(), 0)

    def health(self):
        """As an orchestrator asks by the image's HEALTHCHECK."""
        return self.engine.run("podman", "healthcheck", "run", "herald", check=False).returncode

    def test_reloads_a_changed_file_and_keeps_sessions(self):
        with network.connected(self.website, BALANCER, HEADER) as connection:
            self.assertEqual(network.ask(connection), (200, FIRST))
            self.write("sidecar/herald/herald.yaml", CONFIGURATION.replace("127.0.0.1:3000", "127.0.0.1:3001"))
            self.engine.podman("kill", "--signal", "HUP", "herald")
            wait_until(lambda: self.ask() == (200, SECOND), "the second application")
            self.assertEqual(network.ask(connection), (200, FIRST))

    def test_a_broken_file_changes_nothing(self):
        self.write("sidecar/herald/herald.yaml", CONFIGURATION.replace("127.0.0.1:3000", "127.0.0.1:none"))
        self.engine.podman("kill", "--signal", "HUP", "herald")
        wait_until(lambda: "'none' is not a port" in self.engine.logs("herald"), "the mistake in the log")
        self.assertEqual(self.ask(), (200, FIRST))

    def test_a_stop_lets_the_session_in_flight_finish(self):
        with network.connected(self.website, BALANCER, HEADER) as connection:
            self.assertEqual(network.ask(connection), (200, FIRST))
            connection.sendall(b"GET / HTTP/1.1\r\n")
            stop = self.engine.start("podman", "stop", "-t", f"{STOP_SECONDS}", "herald")
            wait_until(lambda: network.is_refused(self.website, BALANCER), "no new client")
            status, text = self.readiness()
            self.assertEqual(status, http.HTTPStatus.SERVICE_UNAVAILABLE)
            self.assertIn("draining", text)
            connection.sendall(b"Host: website\r\nConnection: close\r\n\r\n")
            self.assertEqual(network.read_answer(connection), (200, FIRST))
            self.assertEqual(connection.recv(1), b"")
        _, errors = stop.communicate(timeout=STOP_SECONDS)
        self.assertEqual(stop.returncode, 0, errors)
        self.assertEqual(self.engine.inspect("herald", "{{.State.ExitCode}}"), "0", self.engine.logs("herald"))
        self.assertIn('"cut_off":0', self.engine.logs("herald"))
