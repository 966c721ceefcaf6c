"""Workers' names, which tell on the same machine whether their process still lives."""

from __future__ import annotations

import os
import socket
import uuid


def worker_name() -> str:
    """Name this process uniquely: machine, process id, and eight characters of its own for each shift."""
    return f"{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


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
    return name.rpartition("-")[0].rpartition("-")[0] == _machine()


def _machine() -> str:
    """The host's name, and on Linux its space of process ids: two containers may share a name, never that."""
    host = socket.gethostname()
    try:
        return f"{host}.{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return host
