#!/usr/bin/env python3
"""Builds the image as its users do, and runs it as an orchestrator would; arguments are unittest's.

Everything lives in a directory, a mount namespace and a network namespace of its own, and is gone in the end.
"""

import ctypes
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import images
import network
from engine import Engine
from harness import FIGURES, ContainerTest

NEW_MOUNTS, NEW_NETWORK = 0x00020000, 0x40000000


def main():
    reason = obstacle()
    if reason:
        print(f"\n*** SKIPPED: the container test, as {reason} ***\n")
        return 0
    # An end by a signal is an orderly one, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    start = time.monotonic()
    directory = tempfile.mkdtemp(prefix="herald-container-")
    groups = set(control_groups())
    try:
        passed = build_and_test(directory)
    finally:
        shutil.rmtree(directory)
        for group in sorted(set(control_groups()) - groups, reverse=True):
            try:
                os.rmdir(group)
            except OSError as error:
                # podman may take a moment longer for what is inside; an empty group costs nothing.
                print(f"{group} is left: {error.strerror}")
    for what, figure in FIGURES.items():
        print(f"{what}: {figure}")
    print(f"the container test took {time.monotonic() - start:.0f} s")
    return 0 if passed else 1


def obstacle():
    """Why it can't be done here; None where it can."""
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("podman"):
        return "there is no podman"
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True).returncode != 0:
        return "this root may not make namespaces"
    return None


def build_and_test(directory):
    # Others have to get at what is in it, e.g. apt's own user.
    os.chmod(directory, 0o755)
    enter(NEW_MOUNTS)
    keep_mounts_here()
    engine = Engine(directory)
    engine.set_up()
    try:
        images.build_all(engine)
        # From here on there is no other network than the test's.
        enter(NEW_NETWORK)
        network.bring_up_loopback()
        ContainerTest.engine = engine
        arguments = ["run.py", "discover", "-v", "-s", HERE, *sys.argv[1:]]
        return unittest.main(module=None, argv=arguments, exit=False).result.wasSuccessful()
    finally:
        engine.tear_down()


def enter(kind):
    """Takes this process, and what it starts from now on, to a new namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(kind) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def keep_mounts_here():
    """No mount of ours is seen elsewhere, nor the state that podman's networks keep in a fixed place."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for place in ("/run/containers", "/run/netns"):
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)


def control_groups():
    """Those that podman makes."""
    return glob.glob("/sys/fs/cgroup/**/libpod_parent/", recursive=True)


if __name__ == "__main__":
    sys.exit(main())
