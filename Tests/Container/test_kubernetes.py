"""Docker/kubernetes: what each manifest says, and the sidecar's pod run by podman."""

import re

import network
import yaml
from engine import wait_until
from harness import ContainerTest, read
from test_image import check

MANIFESTS = ("sidecar", "gateway")
BALANCER = "10.200.0.5"
CLIENT = ("203.0.113.7", 51234)
DESTINATION = ("198.51.100.1", 443)
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
        server = (self.address("website-pod-0-herald"), 8080)
        header = network.header_v2(CLIENT, DESTINATION)
        answer = wait_until(lambda: answered(server, header), "an answer")
        self.assertEqual(answer, (200, f"You are {CLIENT[0]}:{CLIENT[1]}.\n"))
        # The liveness probe of the manifest.
        self.engine.podman("healthcheck", "run", "website-pod-0-herald")
        self.engine.podman("exec", "website-pod-0-herald", *herald("sidecar")["readinessProbe"]["exec"]["command"])

    def address(self, container):
        """The container's, which is its pod's."""
        table = self.engine.podman("exec", "website-pod-0-application", "cat", "/etc/hosts")
        return next(line.split()[0] for line in table.splitlines() if "website-pod-0" in line)


def answered(server, header):
    try:
        return network.get(server, BALANCER, header)
    except OSError:
        return None


def documents(name):
    return list(yaml.safe_load_all(read(f"Docker/kubernetes/{name}.yaml")))


def configuration(name):
    """The herald.yaml in a manifest."""
    return next(document["data"]["herald.yaml"] for document in documents(name) if "herald.yaml" in document.get("data", {}))


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
