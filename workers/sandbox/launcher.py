"""What stands between a worker and a program nobody has read. Runs in a process of its own, started by ``runner``.

Three processes. The *guard* (this one) leaves the worker's namespaces, watches the clock and the memory and reports.
Its child, *init*, is process 1 of a new process namespace: it builds the enclosure and waits; when it ends, the kernel
ends everything the program started. Its child becomes the program. All three die with the worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from workers.sandbox import call_filter, enclosure, kernel

# What an ordinary user's own user namespace calls the program's user.
NOBODY = 65534
# Above what systems give to people, services and containers; one per run, as the kernel counts processes by user.
_FIRST_FREE_USER = 0x40000000
_MEMORY_POLL = 0.05
_STARTED = 3
_SPACES = kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS


class Report:
    """One JSON object a line, short enough to be written whole."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def say(self, **facts: Any) -> None:
        os.write(self._handle, json.dumps(facts).encode() + b"\n")


def main() -> None:
    """``launcher REPORT_HANDLE WORKER_PID`` with the configuration as JSON on standard input."""
    report = Report(int(sys.argv[2]))
    worker = int(sys.argv[3])
    with os.fdopen(0, "rb") as file:
        config = json.load(file)
    # Standard input must not be taken by the next file that is opened.
    os.open(os.devnull, os.O_RDONLY)
    try:
        owner, means = _leave()
        kernel.die_with_parent(signal.SIGKILL)
        if os.getppid() != worker:
            return
        _guard(config, owner, means, report)
    except OSError as error:
        report.say(refused=str(error))


def _leave() -> tuple[int, list[str]]:
    """Enter new namespaces; the program's user in them, and what was used. OSError says what is missing."""
    spaces = ["process namespace", "network namespace", "ipc namespace"]
    if os.geteuid() == 0:
        with contextlib.suppress(PermissionError):
            kernel.unshare(_SPACES)
            return _FIRST_FREE_USER + os.getpid(), [*spaces, "own user id"]
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | _SPACES)
    except OSError as error:
        raise OSError(f"namespaces are not allowed here ({error.strerror or error})") from error
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {user} 1"),
        ("gid_map", f"{NOBODY} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    return NOBODY, [*spaces, "user namespace"]


def _guard(config: Mapping[str, Any], owner: int, means: list[str], report: Report) -> None:
    go_out, go_in = os.pipe()
    init = os.fork()
    if init == 0:
        try:
            os.close(go_in)
            kernel.die_with_parent(signal.SIGKILL)
            # A guard that died before the line above can no longer take us along.
            if os.read(go_out, 1):
                _init(config, owner, means, report)
        except Exception as error:  # noqa: BLE001  whatever it is, the program must not run half enclosed
            report.say(refused=f"{type(error).__name__}: {error}")
        os._exit(0)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(init, signal.SIGKILL))
    os.close(go_out)
    os.write(go_in, b"x")
    os.close(go_in)
    _watch(init, config["limits"], report)
    # Returns only when everything in the namespace is gone.
    os.waitpid(init, 0)


def _watch(init: int, limits: Mapping[str, Any], report: Report) -> None:
    handle = os.pidfd_open(init)
    deadline = time.monotonic() + float(limits["seconds"])
    pause = _MEMORY_POLL
    while not select.select([handle], [], [], min(pause, max(0.0, deadline - time.monotonic())))[0]:
        now = time.monotonic()
        excess = "timeout" if now >= deadline else ""
        if not excess and _resident_memory(init) > int(limits["memory"]):
            excess = "memory"
        if excess:
            report.say(ended=excess)
            os.kill(init, signal.SIGKILL)
            break
        # A machine with thousands of processes makes the look around slow; it may take a tenth of our time.
        pause = max(_MEMORY_POLL, 10 * (time.monotonic() - now))
    os.close(handle)


def _resident_memory(init: int) -> int:
    """Bytes held by the descendants of ``init``; pages shared after a fork count for each of them."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            parents[int(name)] = _number(f"/proc/{name}/stat")
    family, grown = {init}, True
    while grown:
        found = {child for child, parent in parents.items() if parent in family} - family
        family |= found
        grown = bool(found)
    pages = sum(_number(f"/proc/{member}/statm") for member in family - {init})
    return pages * os.sysconf("SC_PAGE_SIZE")


def _number(path: str) -> int:
    """A file's second field after the name: the parent in ``stat``, resident pages in ``statm``; 0 once gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _init(config: Mapping[str, Any], owner: int, means: list[str], report: Report) -> None:
    """Process 1: build the enclosure, start the program, say how it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    enclosure.enclose(config, owner)
    kernel.hide_from_tracers()
    started_in, started_out = os.pipe()
    program = os.fork()
    if program == 0:
        os.setsid()
        os.dup2(started_out, _STARTED)
        try:
            _become_program(config, owner)
        except Exception as error:  # noqa: BLE001  nothing may run on past this point
            os.write(_STARTED, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(started_out)
    trouble = os.read(started_in, 4096)
    if trouble:
        report.say(refused=trouble.decode(errors="replace"))
        return
    report.say(
        means=[*means, "mount namespace, read-only root", "seccomp filter", "no new privileges", "limits"]
    )
    while True:
        process, status, used = os.wait4(-1, 0)
        if process == program:
            code = os.waitstatus_to_exitcode(status)
            report.say(code=code, cpu=round(used.ru_utime + used.ru_stime, 3))
            return


def _become_program(config: Mapping[str, Any], owner: int) -> NoReturn:
    """The pipe ``_STARTED`` closes by itself when the program begins, and carries the reason when it cannot."""
    os.set_inheritable(_STARTED, False)
    os.closerange(_STARTED + 1, 4096)
    os.chdir(enclosure.SCRATCH)
    given = os.open(config["stdin"], os.O_RDONLY)
    os.unlink(config["stdin"])
    os.dup2(given, 0)
    os.close(given)
    _limit(config["limits"])
    kernel.give_up_privileges()
    if owner != NOBODY:
        os.setgroups([])
        os.setresgid(owner, owner, owner)
        os.setresuid(owner, owner, owner)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    call_filter.install()
    os.execve(config["executable"], config["arguments"], config["environment"])  # noqa: S606


def _limit(limits: Mapping[str, Any]) -> None:
    cpu = int(limits["cpu_seconds"])
    # In a user namespace of our own the guard and init are counted as well.
    processes = int(limits["processes"]) + 2
    for name, soft, hard in (
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_AS, limits["memory"], limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ):
        ceiling = resource.getrlimit(name)[1]
        wanted = [
            int(value) if ceiling == resource.RLIM_INFINITY else min(int(value), ceiling)
            for value in (soft, hard)
        ]
        resource.setrlimit(name, (wanted[0], wanted[1]))


if __name__ == "__main__":
    main()
