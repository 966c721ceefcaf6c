"""``sandbox:?parallel=2``: answers a program with what came of running it, so that runs are stored and replayed.

The request's last message is a JSON object with ``program`` and, where wanted, ``stdin``, ``files`` and ``limits``;
the completion's text is the outcome as JSON (``annotate.prelabel.checking.program_runs`` writes the one and reads the
other). A program that fails or must be stopped is an answer; only a sandbox that does not work is a failure. What a
program prints may change from run to run where it asks for the time or for chance: it knows nothing of seed or sample
number.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from annotate.errors import BackendError, Rejected
from annotate.prelabel.contracts import Appetite, Completion, Request
from annotate.settings import build_settings
from workers.backends.options import Options
from workers.sandbox.limits import Limits, Outcome
from workers.sandbox.runner import run_sandboxed, sandbox_trouble

_MOST_AT_ONCE = 4


def open_backend(target: str, options: Options) -> SandboxBackend:
    """``BackendError`` where this machine does not let programs be closed in, saying what is missing."""
    if target:
        raise BackendError(f"sandbox: takes no target, not {target!r}.", retry=False)
    parallel = options.whole("parallel", min(_MOST_AT_ONCE, os.cpu_count() or 1))
    options.done()
    trouble = sandbox_trouble()
    if trouble:
        raise BackendError(f"programs cannot be run safely on this machine: {trouble}", retry=False)
    return SandboxBackend(parallel)


class SandboxBackend:
    """Implements ``annotate.prelabel.contracts.Backend``; ``parallel`` programs run at a time."""

    name = "sandbox"

    def __init__(self, parallel: int = 1) -> None:
        self.appetite = Appetite(calls=parallel, requests=1)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol."""
        return [[_completion(request, sample) for sample in samples] for request, samples in requests]

    def close(self) -> None:
        """Nothing to let go of."""


def _completion(request: Request, sample: int) -> Completion:
    try:
        outcome = _run(json.loads(request.messages[-1].content))
    except (Rejected, TypeError, ValueError, KeyError, AttributeError) as error:
        reason = f"not a program to run: {type(error).__name__}: {error}"
        return Completion("", "error", sample, model=SandboxBackend.name, error=reason)
    if outcome.status == "refused":
        raise BackendError(f"the sandbox refused to run: {outcome.stderr}", retry=True, wait=5.0)
    return Completion(
        json.dumps(asdict(outcome), ensure_ascii=False),
        "stop",
        sample,
        model=SandboxBackend.name,
        server=", ".join(outcome.means),
    )


def _run(asked: dict[str, Any]) -> Outcome:
    limits: Limits = build_settings(Limits, asked.get("limits") or {})
    return run_sandboxed(
        asked["program"], stdin=asked.get("stdin", ""), files=asked.get("files") or {}, limits=limits
    )
