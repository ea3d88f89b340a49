"""The image itself."""

import json
import tarfile

from harness import FIGURES, ContainerTest, read

MOST_BYTES = 20_000_000


class ImageTest(ContainerTest):
    @classmethod
    def setUpClass(cls):
        cls.image = json.loads(cls.engine.podman("image", "inspect", "localhost/herald"))[0]
        cls.config = cls.image["Config"]

    def test_is_small(self):
        FIGURES["image"] = f"{self.image['Size'] / 1e6:.1f} MB"
        self.assertLessEqual(self.image["Size"], MOST_BYTES)

    def test_holds_one_file_that_is_not_writable_by_others(self):
        self.engine.podman("create", "--name", "contents", "localhost/herald")
        archive = f"{self.engine.directory}/contents.tar"
        self.engine.podman("export", "--output", archive, "contents")
        with tarfile.open(archive) as contents:
            files = {member.name: member.mode & 0o777 for member in contents if member.isfile() and member.size > 0}
        self.engine.podman("rm", "contents")
        self.assertEqual(files, {"herald": 0o755})

    def test_is_not_root_and_says_how_it_is_stopped_and_asked(self):
        self.assertEqual(self.config["User"], "10001:10001")
        self.assertEqual(self.config["StopSignal"], "SIGTERM")
        self.assertEqual(self.config["Entrypoint"], ["/herald"])
        self.assertEqual(self.config["Cmd"], ["run", "--config", "/etc/herald/herald.yaml"])
        self.assertEqual(self.image["Healthcheck"]["Test"], ["CMD", "/herald", "health"])

    def test_is_labelled_with_the_version_that_it_has(self):
        version = self.engine.podman("run", "--rm", "--network=none", "localhost/herald", "--version")
        self.assertEqual(f"herald {self.config['Labels']['org.opencontainers.image.version']}", version)
        self.assertEqual(self.config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0")

    def test_without_a_configuration_it_says_which_file_is_missing(self):
        done = self.engine.run("podman", "run", "--rm", "--network=none", "localhost/herald", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/etc/herald/herald.yaml", done.stderr)

    def test_every_example_is_right(self):
        for name in ("Config/herald.yaml", "Config/sidecar.yaml", "Config/aws-nlb.yaml", "Docker/herald/herald.yaml"):
            with self.subTest(name):
                check(self, read(name))


def check(test, text):
    """Has the image's herald check a configuration."""
    folder = test.write("check/herald.yaml", text).removesuffix("/herald.yaml")
    command = ["podman", "run", "--rm", "--network=none", "-v", f"{folder}:/etc/herald:ro", "localhost/herald"]
    done = test.engine.run(*command, "check", "--config", "/etc/herald/herald.yaml", check=False)
    test.assertEqual(done.returncode, 0, done.stderr)
