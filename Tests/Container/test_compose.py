"""Docker/compose.yaml, as it is."""

import network
from engine import wait_until
from harness import ContainerTest
from images import ROOT
from process import status

CLIENT = "203.0.113.7"
PROJECT = "herald-test"
PUBLISHED = (CLIENT, 8080)
SERVERS = ("web1", "web2")


class ComposeTest(ContainerTest):
    def setUp(self):
        network.add_addresses(CLIENT)
        self.addCleanup(self.engine.remove_containers)
        self.compose("up", "-d", "--no-build")
        wait_until(lambda: self.health("herald") == 0, "Herald is healthy")

    def compose(self, *arguments):
        self.engine.run("podman-compose", "-p", PROJECT, "-f", f"{ROOT}/Docker/compose.yaml", *arguments)

    def health(self, service):
        return self.engine.run("podman", "healthcheck", "run", container(service), check=False).returncode

    def test_each_server_sees_and_logs_the_client(self):
        answers = [self.ask_and_log() for _ in SERVERS]
        self.assertEqual(sorted(answers), [f"{server} sees {CLIENT}" for server in SERVERS])
        for server in SERVERS:
            self.assertEqual(self.health(server), 0, server)

    def ask_and_log(self):
        """What one of the servers says; and the client, with its port, is in that one's log."""
        with network.connected(PUBLISHED, CLIENT) as connection:
            client = "{}:{}".format(*connection.getsockname())
            status, text = network.ask(connection)
        self.assertEqual(status, 200)
        server, seen = text.strip().split(" sees ")
        self.assertEqual(seen, client)
        wait_until(lambda: f"{client} by way of" in self.engine.logs(container(server)), f"{client} in the log")
        return f"{server} sees {CLIENT}"

    def test_nobody_has_rights_or_may_write(self):
        for service in ("herald", *SERVERS):
            with self.subTest(service):
                facts = status(int(self.engine.inspect(container(service), "{{.State.Pid}}")))
                self.assertNotIn("0", facts["Uid"].split())
                self.assertEqual((int(facts["CapEff"], 16), int(facts["CapBnd"], 16), facts["NoNewPrivs"]), (0, 0, "1"))
                self.assertEqual(self.engine.inspect(container(service), "{{.HostConfig.ReadonlyRootfs}}"), "true")

    def test_goes_down_at_once(self):
        self.compose("stop")
        for service in ("herald", *SERVERS):
            self.assertEqual(self.engine.inspect(container(service), "{{.State.ExitCode}}"), "0", service)
        self.compose("down")
        self.assertEqual(self.engine.podman("ps", "-aq"), "")


def container(service):
    return f"{PROJECT}_{service}_1"
