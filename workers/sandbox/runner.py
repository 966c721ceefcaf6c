"""The door: run a program nobody has read, and say what came of it.

The program never runs in the caller's process and never without every one of the kernel's means that the launcher
asks for; where one is missing, nothing runs. There is no weaker mode. Raises nothing for what a program does.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from annotate.settings import require
from workers.sandbox.enclosure import PACKAGES, SCRATCH
from workers.sandbox.limits import Limits, Outcome, Status

log = logging.getLogger(__name__)

PROGRAM = "program.py"
_PROJECT = Path(__file__).resolve().parents[2]
_STDIN = ".stdin"
_BOOT = "import sys; sys.path.append(sys.argv[1]); from workers.sandbox.launcher import main; main()"
# Starting and tearing down, on a machine that has much else to do.
_SLACK_SECONDS = 20.0
_ENVIRONMENT = {
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "PYTHONPATH": PACKAGES,
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def run_sandboxed(
    program: str, *, stdin: str = "", files: Mapping[str, str] | None = None, limits: Limits | None = None
) -> Outcome:
    """Run a Python program beside ``files`` (relative path: text) in a scratch folder that vanishes with it.

    It finds this interpreter's standard library and installed packages, and nothing else of the machine.
    ``Rejected`` names a file whose path leads elsewhere. Output is UTF-8; what is not becomes U+FFFD.
    """
    limits = limits or Limits()
    config = _config(program, stdin, files or {}, limits)
    started = time.monotonic()
    with _Run(config, limits) as run:
        run.follow()
        return run.outcome(time.monotonic() - started)


@cache
def sandbox_trouble() -> str:
    """Why nothing can run here, empty when it can: found by trying, once, and logged."""
    outcome = run_sandboxed("print(6 * 7)")
    if (outcome.status, outcome.stdout) == ("ok", "42\n"):
        log.info("sandbox: %s", ", ".join(outcome.means))
        return ""
    log.warning("sandbox: unusable here (%s): %s", outcome.status, outcome.stderr)
    return f"{outcome.status}: {outcome.stderr.strip()}"


class _Run:
    """One launcher, with its two outputs and its report being read up to their caps."""

    def __init__(self, config: bytes, limits: Limits) -> None:
        self._limits = limits
        self._texts = {name: bytearray() for name in ("stdout", "stderr", "report")}
        self._excess: Status | None = None
        handle = os.memfd_create("sandbox")
        report_out, report_in = os.pipe()
        try:
            with os.fdopen(handle, "w+b") as given:
                given.write(config)
                given.seek(0)
                self._process = subprocess.Popen(
                    [_python(), "-I", "-S", "-c", _BOOT, str(_PROJECT), str(report_in), str(os.getpid())],
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=(report_in,),
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
        except BaseException:
            os.close(report_out)
            raise
        finally:
            os.close(report_in)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pipes = {
            "stdout": self._process.stdout,
            "stderr": self._process.stderr,
            "report": os.fdopen(report_out, "rb"),
        }

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        # Everything below the launcher dies with it.
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in self._pipes.values():
            pipe.close()

    def follow(self) -> None:
        """Read until the launcher and all it started are gone."""
        deadline = time.monotonic() + self._limits.seconds + _SLACK_SECONDS
        with selectors.DefaultSelector() as selector:
            for name, pipe in self._pipes.items():
                selector.register(pipe, selectors.EVENT_READ, name)
            while selector.get_map():
                for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    else:
                        self._take(key.data, chunk)
                if time.monotonic() >= deadline:
                    self._excess = self._excess or "timeout"
                    self._process.kill()
                    break
        self._process.wait()

    def outcome(self, seconds: float) -> Outcome:
        facts: dict[str, Any] = {}
        for line in bytes(self._texts["report"]).splitlines():
            facts.update(json.loads(line))
        code, stderr = facts.get("code"), _readable(self._texts["stderr"])
        means = tuple(facts.get("means", ()))
        refused = facts.get("refused", "" if means else stderr or "the launcher said nothing")
        if refused and not self._excess and "ended" not in facts:
            return Outcome("refused", None, "", str(refused), seconds)
        status = self._excess or facts.get("ended") or self._status(code, float(facts.get("cpu", 0)), stderr)
        exit_code = code if status in {"ok", "failed", "memory"} and code is not None and code >= 0 else None
        return Outcome(status, exit_code, _readable(self._texts["stdout"]), stderr, seconds, means)

    def _take(self, name: str, chunk: bytes) -> None:
        text = self._texts[name]
        room = self._limits.output_bytes - len(text)
        text += chunk[: max(0, room)]
        if len(chunk) > room and not self._excess:
            self._excess = "output"
            self._process.send_signal(signal.SIGTERM)

    def _status(self, code: int | None, cpu: float, stderr: str) -> Status:
        if code is None:
            return "killed"
        if code == 0:
            return "ok"
        if code == -signal.SIGXCPU or (code < 0 and cpu >= self._limits.cpu_seconds):
            return "timeout"
        if code < 0:
            return "killed"
        last = stderr.rstrip().rpartition("\n")[2]
        return "memory" if last.startswith("MemoryError") else "failed"


def _config(program: str, stdin: str, files: Mapping[str, str], limits: Limits) -> bytes:
    require(isinstance(program, str), "program", "must be a text.")
    require(isinstance(stdin, str), "stdin", "must be a text.")
    for name, text in files.items():
        require(isinstance(text, str), "files", f"{name!r} must be a text.")
        path = PurePosixPath(name)
        is_inside = name and not path.is_absolute() and ".." not in path.parts and "\0" not in name
        require(
            bool(is_inside) and str(path) not in {".", PROGRAM, _STDIN}, "files", f"{name!r} is no place."
        )
    executable = _python()
    return json.dumps(
        {
            "files": {**files, PROGRAM: program, _STDIN: stdin},
            "stdin": f"{SCRATCH}/{_STDIN}",
            "limits": asdict(limits),
            "executable": executable,
            "arguments": [executable, "-s", "-B", PROGRAM],
            "environment": _ENVIRONMENT,
            "python": [executable, f"{sys.base_prefix}/lib"],
            "packages": sysconfig.get_path("purelib"),
            "hidden": [str(_PROJECT), str(Path.home())],
        }
    ).encode()


def _python() -> str:
    """The interpreter itself, not the link a virtual environment makes to it."""
    return os.path.realpath(sys.executable)


def _readable(text: bytearray) -> str:
    # No database takes a NUL in a text.
    return bytes(text).decode("utf-8", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
