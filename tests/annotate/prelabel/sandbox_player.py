"""Answer a verifier's programs with the sandbox itself."""

from __future__ import annotations

import pytest

from annotate.prelabel.contracts import Completion, Finding, Request, Strategy
from tests.annotate.prelabel.answering import run
from workers.backends.registry import open_backend
from workers.sandbox.runner import sandbox_trouble

needs_sandbox = pytest.mark.skipif(bool(sandbox_trouble()), reason=f"no sandbox here: {sandbox_trouble()}")


def played(strategy: Strategy) -> tuple[Finding, list[Request]]:
    """The finding and every program that was asked for."""
    backend = open_backend("sandbox:")

    def answer(request: Request, sample: int) -> Completion:
        return backend.answer([(request, [sample])])[0][0]

    return run(strategy, answer)
