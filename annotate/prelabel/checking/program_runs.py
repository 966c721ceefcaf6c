"""Programs that verifiers want run, and what came of them.

A verifier runs nothing itself: it asks the player ``sandbox`` (a backend of that name), so that a program runs apart
from the worker and its outcome is stored with the run and replayed like any completion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.contracts import Completion, Message, Request, Sampling

PLAYER = "sandbox"
PLAYERS = {PLAYER: "=sandbox:"}

# What a program meets because it is closed in, or because the machine has no more to give: nobody's mistake.
_OF_THE_ENCLOSURE = frozenset(
    {
        "MemoryError",
        "ModuleNotFoundError",
        "ImportError",
        "PermissionError",
        "OSError",
        "BlockingIOError",
        "EOFError",
    }
    | {
        "ConnectionError",
        "ConnectionRefusedError",
        "FileNotFoundError",
        "TimeoutError",
        "gaierror",
        "URLError",
    }
    | {"KeyboardInterrupt", "SystemExit", "ConnectTimeout", "NotADirectoryError", "IsADirectoryError"}
)


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """``status`` is ``ok`` or ``failed`` where the program ended by itself; everything else is unknown."""

    status: str
    stdout: str = ""
    stderr: str = ""
    error: str = ""

    @property
    def is_known(self) -> bool:
        return self.status in {"ok", "failed"}

    @property
    def reason(self) -> str:
        """Why nothing can be said of it; empty for a run that ended by itself."""
        return "" if self.is_known else _REASONS.get(self.status, self.error or "the program was not run")


_REASONS = {
    "timeout": "the program took too long",
    "memory": "the program wanted too much memory",
    "output": "the program printed too much",
    "killed": "the program was ended by a signal",
}


def program_request(
    program: str,
    *,
    about: int | None,
    stdin: str = "",
    files: Mapping[str, str] | None = None,
    limits: Mapping[str, Any] | None = None,
    purpose: str = "program",
) -> Request:
    """Ask for one run. ``limits`` are fields of ``workers.sandbox.limits.Limits``; unset ones keep their defaults."""
    asked = {"program": program, "stdin": stdin, "files": dict(files or {}), "limits": dict(limits or {})}
    content = json.dumps(asked, sort_keys=True)
    # Sampling says nothing to a program; zeros show that nothing is drawn.
    return Request((Message("user", content),), 1, Sampling(0.0), player=PLAYER, about=about, purpose=purpose)


def program_run(completions: Sequence[Completion]) -> ProgramRun:
    """Read the backend's answer; whatever is no outcome is unknown and says why."""
    if not completions:
        return ProgramRun("unknown", error="the program was not run")
    completion = completions[0]
    if completion.finish_reason != "stop":
        return ProgramRun("unknown", error=completion.error or "the program was not run")
    try:
        told = json.loads(completion.text)
        return ProgramRun(str(told["status"]), str(told["stdout"]), str(told["stderr"]))
    except (ValueError, KeyError, TypeError):
        return ProgramRun("unknown", error="the sandbox's answer cannot be read")


def is_of_the_enclosure(exception: str) -> bool:
    """Whether an exception of this name may be owed to the sandbox and not to the program."""
    return exception.rpartition(".")[2] in _OF_THE_ENCLOSURE
