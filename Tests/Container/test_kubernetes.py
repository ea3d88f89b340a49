"""Docker/kubernetes: what each manifest says, and the sidecar's pod run by podman."""

import re

import network
import yaml
from engine import wait_until
from harness import ContainerTest, read
from images import ROOT
from test_image import check

MANIFESTS = ("sidecar", "gateway")
BALANCER = "10.200.0.5"
CLIENT = ("203.0.113.7", 51234)
DESTINATION = ("198.51.100.1", 443)
ADDRESS = '{{(index .NetworkSettings.Networks "kubernetes").IPAddress}}'
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class KubernetesTest(ContainerTest):
    def test_every_configuration_is_right(self):
        for name in MANIFESTS:
            with self.subTest(name):
                check(self, configuration(name))

    def test_a_pod_is_given_the_time_that_its_herald_takes(self):
        for name in MANIFESTS:
            with self.subTest(name):
                settings = yaml.safe_load(configuration(name))
                needed = seconds(settings.get("drain-delay", "0s")) + seconds(settings["drain-timeout"])
                self.assertLess(needed + pause_before_stop(name), pod(name)["terminationGracePeriodSeconds"])

    def test_heralds_have_as_few_rights_as_can_be(self):
        for name in MANIFESTS:
            with self.subTest(name):
                context = herald(name)["securityContext"]
                self.assertEqual((context["runAsUser"], context["runAsNonRoot"]), (10001, True))
                self.assertEqual((context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]), (True, False))
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})

    def test_the_sidecars_pod_runs(self):
        network.add_addresses(BALANCER)
        self.addCleanup(self.engine.remove_containers)
        self.engine.podman("network", "create", "kubernetes")
        file = self.write("kubernetes/sidecar.yaml", for_podman("sidecar"))
        self.engine.podman("play", "kube", "--network", "kubernetes", file)
        infra = self.engine.podman("pod", "inspect", "--format", "{{.InfraContainerID}}", "website-pod-0")
        server = (self.engine.inspect(infra, ADDRESS), 8080)
        header = network.header_v2(CLIENT, DESTINATION)
        answer = wait_until(lambda: answered(server, BALANCER, header), "an answer")
        self.assertEqual(answer, (200, f"You are {CLIENT[0]}:{CLIENT[1]}.\n"))
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            # Podman 4.3 would want a shell for it.
            self.engine.podman("exec", "website-pod-0-herald", *herald("sidecar")[probe]["exec"]["command"])

    def test_the_gateway_finds_servers_that_come_and_go(self):
        network.add_addresses(CLIENT[0])
        self.addCleanup(self.engine.remove_containers)
        self.engine.podman("network", "create", "kubernetes")
        for name in ("first", "second"):
            self.start_server(name)
        network.keep_hardware_address(self.engine.podman("network", "inspect", "-f", "{{.NetworkInterface}}", "kubernetes"))
        folder = self.write("gateway/herald.yaml", configuration("gateway")).removesuffix("/herald.yaml")
        self.engine.podman(
            "run", "-d", "--name", "gateway", "--network", "kubernetes", "-v", f"{folder}:/etc/herald:ro", "localhost/herald",
            *herald("gateway")["args"],
        )  # fmt: skip
        gateway = (self.engine.inspect("gateway", ADDRESS), 8080)
        self.wait_for_servers(gateway, {"first", "second"})
        self.start_server("third")
        self.wait_for_servers(gateway, {"first", "second", "third"})
        self.engine.podman("rm", "-f", "-t", "0", "first")
        self.wait_for_servers(gateway, {"second", "third"})

    def start_server(self, name):
        """A server that podman's name service knows as a cluster's knows the pods of a headless service."""
        self.engine.podman(
            "run", "-d", "--name", name, "--hostname", name, "--network", "kubernetes", "--network-alias", "website",
            "-v", f"{ROOT}/Docker/nginx/nginx.conf:/etc/nginx/nginx.conf:ro", "nginx:stable",
        )  # fmt: skip

    def wait_for_servers(self, gateway, names):
        def serve():
            answers = [answered(gateway, CLIENT[0]) for _ in range(2 * len(names))]
            texts = [text.split(":")[0] for answer in answers if answer for text in answer[1:]]
            return sorted(texts) == sorted(2 * [f"{name} sees {CLIENT[0]}" for name in names])

        wait_until(serve, f"{names} and no other in turn")


def answered(server, client, header=b""):
    """The status and the text; None where there is no answer yet."""
    try:
        return network.get(server, client, header)
    except OSError:
        return None


def documents(name):
    return list(yaml.safe_load_all(read(f"Docker/kubernetes/{name}.yaml")))


def configuration(name):
    """The herald.yaml in a manifest."""
    maps = [document["data"] for document in documents(name) if document["kind"] == "ConfigMap"]
    return next(data["herald.yaml"] for data in maps if "herald.yaml" in data)


def pod(name):
    return next(document["spec"]["template"]["spec"] for document in documents(name) if document["kind"] == "Deployment")


def containers(name):
    return pod(name).get("initContainers", []) + pod(name)["containers"]


def herald(name):
    return next(container for container in containers(name) if container["name"] == "herald")


def pause_before_stop(name):
    """The longest `preStop` of a pod, in seconds."""
    return max(
        container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        for container in containers(name)
    )


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * SECONDS[unit]


def for_podman(name):
    """The manifest for podman 4.3, which knows no sidecars: an ordinary container in place of it, and one pod."""
    changed = documents(name)
    for document in changed:
        if document["kind"] == "Deployment":
            document["spec"]["replicas"] = 1
            spec = document["spec"]["template"]["spec"]
            spec["containers"] += spec.pop("initContainers")
    return yaml.safe_dump_all(changed)
