"""The images: Herald's from Docker/Dockerfile, and, for want of a registry, those that it and compose.yaml begin with."""

import glob
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def build_all(engine):
    timed("debian:bookworm-slim", lambda: import_debian(engine))
    timed("nginx:stable", lambda: build_base(engine, "nginx"))
    timed("swift:6.3-bookworm", lambda: build_base(engine, "swift"))
    timed("herald", lambda: build_herald(engine))


def timed(name, build):
    print(f"building {name} ...", end=" ", flush=True)
    start = time.monotonic()
    build()
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def import_debian(engine):
    """From the packages that this machine installs from."""
    sources = glob.glob("/etc/apt/sources.list.d/debian.sources") or ["/etc/apt/sources.list"]
    archive = f"{engine.directory}/debian.tar"
    engine.run("mmdebstrap", "--quiet", "--variant=minbase", "bookworm", archive, *sources, seconds=300)
    engine.podman("import", "--change", 'CMD ["bash"]', archive, "docker.io/library/debian:bookworm-slim")
    os.remove(archive)


TAGS = {"nginx": "docker.io/library/nginx:stable", "swift": "docker.io/library/swift:6.3-bookworm"}


def build_base(engine, name):
    context = f"{engine.directory}/{name}"
    os.makedirs(context)
    with open(f"{context}/gitconfig", "w") as file:
        file.write(git_configuration())
    build(engine, "-f", f"{HERE}/images/{name}.Dockerfile", "-t", TAGS[name], context)


def build_herald(engine):
    folders = sorted({path for path, _ in package_folders()})
    mounts = [f"{toolchain()}:/swift-toolchain:ro", *(f"{path}:{path}:ro" for path in folders)]
    volumes = [word for mount in mounts for word in ("-v", mount)]
    build(engine, "-f", f"{ROOT}/Docker/Dockerfile", *volumes, "-t", "localhost/herald", ROOT)


def build(engine, *arguments):
    # The machine's network, as packages are fetched, and its limits.
    engine.podman("build", "--pull=never", "--network=host", *arguments, seconds=900)


def toolchain():
    """The folder with bin/swift in it."""
    swift = shutil.which("swift") or sys.exit("there is no swift in the PATH")
    return os.path.dirname(os.path.dirname(os.path.realpath(swift)))


def package_folders():
    """Folders that git takes instead of an address, with the address: Swift packages may come from there."""
    listing = subprocess.run(
        ["git", "config", "--get-regexp", r"^url\..*\.insteadof$"], text=True, stdout=subprocess.PIPE, cwd=ROOT
    ).stdout
    pairs = [line.split(" ", 1) for line in listing.splitlines()]
    found = [(key.removeprefix("url.").removesuffix(".insteadof"), address) for key, address in pairs]
    return [(path, address) for path, address in found if os.path.isdir(path)]


def git_configuration():
    lines = ["[safe]", "directory = *"]
    for path, address in package_folders():
        lines += [f'[url "{path}"]', f"insteadOf = {address}"]
    return "\n".join(lines) + "\n"
