"""The driver's store, kept in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from annotate.models import Run
from annotate.prelabel.actions import store_completions
from annotate.prelabel.contracts import Answer, Completion
from annotate.prelabel.queries import stored_completions
from workers.waves import Place


class RunStore:
    """The completions of one run. ``completions`` and ``tokens`` count what was stored through here."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.completions = self.tokens = 0

    def stored(self, digests: Collection[str]) -> Mapping[Place, Completion]:
        return stored_completions(self._run, digests)

    def keep(self, answers: Sequence[Answer]) -> Mapping[Place, Completion]:
        held = store_completions(self._run, answers)
        self.completions += len(held)
        self.tokens += sum(one.prompt_tokens + one.completion_tokens for one in held.values())
        return held
