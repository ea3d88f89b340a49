"""Podman with settings, storage and networks of its own, all in one directory; nothing of the machine's is touched."""

import os
import resource
import subprocess
import time

CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile={open_files}:{open_files}", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "{directory}/libpod"
volume_path = "{directory}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{directory}/networks"
"""

STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{directory}/storage"
runroot = "{directory}/run"
"""

REGISTRIES_CONF = """\
unqualified-search-registries = ["docker.io"]
"""


class Engine:
    """What runs podman."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = os.environ | {
            "CONTAINERS_CONF": f"{directory}/containers.conf",
            "CONTAINERS_STORAGE_CONF": f"{directory}/storage.conf",
            "CONTAINERS_REGISTRIES_CONF": f"{directory}/registries.conf",
            "TMPDIR": f"{directory}/tmp",
            # The other format has no HEALTHCHECK.
            "BUILDAH_FORMAT": "docker",
        }

    def set_up(self):
        os.makedirs(f"{self.directory}/tmp")
        os.makedirs(f"{self.directory}/networks")
        # Podman's own default may be more than this machine allows.
        _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._write("containers.conf", CONTAINERS_CONF.format(directory=self.directory, open_files=open_files))
        self._write("storage.conf", STORAGE_CONF.format(directory=self.directory))
        self._write("registries.conf", REGISTRIES_CONF)

    def _write(self, name, text):
        with open(f"{self.directory}/{name}", "w") as file:
            file.write(text)

    def podman(self, *arguments, seconds=120, **options):
        """What podman prints; fails with what it says."""
        return self.run("podman", *arguments, seconds=seconds, **options).stdout.strip()

    def run(self, *command, seconds=120, check=True, **options):
        options = {"stdin": subprocess.DEVNULL} | options
        try:
            done = subprocess.run(
                command, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=seconds, **options
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"{' '.join(command)}: not done after {seconds} s\n{late.stdout}{late.stderr}") from None
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, *command):
        """The same, without waiting for its end."""
        return subprocess.Popen(
            command, env=self.environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def inspect(self, name, form):
        return self.podman("inspect", "--format", form, name)

    def logs(self, name):
        done = self.run("podman", "logs", name)
        return done.stdout + done.stderr

    def remove_containers(self):
        for arguments in (["pod", "rm", "-af", "-t", "0"], ["rm", "-af", "-t", "0"], ["network", "prune", "-f"]):
            self.run("podman", *arguments, check=False)

    def tear_down(self):
        self.remove_containers()
        for mount in mounts_below(self.directory):
            subprocess.run(["umount", mount], check=True)


def mounts_below(directory):
    """The innermost first."""
    with open("/proc/self/mounts") as table:
        points = [line.split()[1] for line in table]
    return sorted((point for point in points if point.startswith(directory + "/")), key=len, reverse=True)


def wait_until(condition, what, seconds=30):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
