"""Machines on this one: network namespaces with an address, a host name and a space of process ids of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """``server`` is the address by which it reaches what runs on this machine; ``link`` this end of its cable."""

    name: str
    namespace: str
    link: str
    address: str
    server: str

    @property
    def prefix(self) -> list[str]:
        """What runs a command there."""
        apart = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
        named = ["sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        return ["ip", "netns", "exec", self.namespace, *apart, *named]

    def cut(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        _run(f"ip link set {self.link} down")

    def mend(self) -> None:
        _run(f"ip link set {self.link} up")


def absence() -> str:
    """Why there can be no machines here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "unshare", "hostname") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    probe = f"gradus-probe-{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespace can be made: {done.stderr.strip()}"
    _run(f"ip netns del {probe}")
    return ""


@contextmanager
def machines(names: Sequence[str]) -> Iterator[tuple[Machine, ...]]:
    """Each with a cable to this machine, whose own address stays up whichever cable is cut."""
    # Of a block for private use, by process, so that two at once do not meet.
    block = f"10.77.{os.getpid() % 200 + 20}"
    server = f"{block}.254"
    made: list[Machine] = []
    _run(f"ip addr add {server}/32 dev lo")
    try:
        for i, name in enumerate(names):
            namespace, link = f"gradus{os.getpid()}-{i}", f"gr{os.getpid()}-{i}"
            here, there = f"{block}.{4 * i + 1}", f"{block}.{4 * i + 2}"
            made.append(Machine(name, namespace, link, there, server))
            _run(f"ip netns add {namespace}")
            _run(f"ip link add {link} type veth peer name eth0 netns {namespace}")
            _run(f"ip addr add {here}/30 dev {link}")
            _run(f"ip link set {link} up")
            inside = f"ip -n {namespace}"
            _run(f"{inside} addr add {there}/30 dev eth0")
            _run(f"{inside} link set eth0 up")
            _run(f"{inside} link set lo up")
            _run(f"{inside} route add default via {here}")
        yield tuple(made)
    finally:
        for machine in made:
            # The cable goes with it.
            subprocess.run(["ip", "netns", "del", machine.namespace], capture_output=True, check=False)
            subprocess.run(["ip", "link", "del", machine.link], capture_output=True, check=False)
        _run(f"ip addr del {server}/32 dev lo")


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)
