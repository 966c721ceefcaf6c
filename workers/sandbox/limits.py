"""What a program may use, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annotate.settings import require

Status = Literal["ok", "failed", "timeout", "memory", "output", "killed", "refused"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run; sizes are in bytes.

    ``seconds`` is by the clock, ``cpu_seconds`` per process. ``memory`` bounds the address space of each process and
    the resident memory of all of them. ``disk_bytes`` is the size of the scratch folder, which lies in memory and is
    not counted in ``memory``. ``output_bytes`` bounds standard output and standard error separately.
    """

    seconds: float = 10.0
    cpu_seconds: int = 5
    memory: int = 512 * MIB
    processes: int = 16
    file_bytes: int = 16 * MIB
    disk_bytes: int = 32 * MIB
    output_bytes: int = MIB // 4

    def __post_init__(self) -> None:
        require(0 < self.seconds <= 600, "seconds", "must lie between 0 and 600.")
        require(0 < self.cpu_seconds <= 600, "cpu_seconds", "must lie between 1 and 600.")
        require(64 * MIB <= self.memory <= 16384 * MIB, "memory", "must lie between 64 MiB and 16 GiB.")
        require(1 <= self.processes <= 256, "processes", "must lie between 1 and 256.")
        require(0 < self.file_bytes <= 1024 * MIB, "file_bytes", "must lie between 1 and 1 GiB.")
        require(MIB <= self.disk_bytes <= 1024 * MIB, "disk_bytes", "must lie between 1 MiB and 1 GiB.")
        require(0 < self.output_bytes <= 64 * MIB, "output_bytes", "must lie between 1 and 64 MiB.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run.

    ``ok``: it ended by itself with code 0; ``failed``: with another one; ``timeout``, ``memory``, ``output``: the
    limit that ended it; ``killed``: a signal did; ``refused``: it was never started, ``stderr`` says why.
    ``exit_code`` is None unless the program ended by itself. ``means`` names what of the kernel closed it in.
    """

    status: Status
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float
    means: tuple[str, ...] = ()
