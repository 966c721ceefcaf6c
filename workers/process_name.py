"""Workers' names: where they run, for people, and on the same machine whether their process still lives."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from django.conf import settings


def worker_name() -> str:
    """Name this process uniquely: machine, address, process id, and eight characters of its own for each shift."""
    address = _address()
    return f"{machine_name()}{address and f'@{address}'}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def place_of(name: str) -> str:
    """Where the worker of that name runs, as people say it: ``gpu-1 (10.0.0.7), 4711``, the last its process."""
    rest, _, shift = name.rpartition("-")
    where, _, pid = rest.rpartition("-")
    machine, _, address = where.partition("@")
    if not (pid.isdecimal() and shift and machine):
        return name
    host = machine.rsplit(".", 2)[0]
    return f"{host} ({address}), {pid}" if address else f"{host}, {pid}"


def is_known_dead(name: str) -> bool:
    """Whether the worker of that name ran on this machine and its process is gone. A doubt counts as alive."""
    rest = name.rpartition("-")[0].rpartition("-")[2]
    if not is_of_this_machine(name) or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def is_of_this_machine(name: str) -> bool:
    """Whether the worker of that name runs, or ran, on this machine or in this container."""
    return name.rpartition("-")[0].rpartition("-")[0].partition("@")[0] == machine_name()


def machine_name() -> str:
    """The host's name and, on Linux, since when it has been up and its space of process ids.

    Two containers may share a name, but not that space; outside of containers its number is the same on every
    machine, and what tells two machines of one name apart is the mark that each makes when it starts.
    """
    host = socket.gethostname()[:40]
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        return f"{host}.{boot}.{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return host


def _address() -> str:
    """This machine's own address on the way to the database; empty where that is no way over a network."""
    held = settings.DATABASES["default"]
    host = held.get("HOST", "")
    if not host or host.startswith("/"):
        return ""
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            host, held.get("PORT") or 5432, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind) as probe:
            # Nothing is sent: the system only says which of its addresses it would send from.
            probe.connect(place)
            return str(probe.getsockname()[0])[:45]
    except OSError:
        return ""
