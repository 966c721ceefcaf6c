"""What a run may still spend, as one worker knows it between two looks at the shared account."""

from __future__ import annotations

import time

from annotate.models import Run
from annotate.prelabel.queries import Budget, budget_of
from workers.store import RunStore

# The account is a sum over all of a run's answers: looking may take this share of the time, and no more.
_LOOKING_SHARE = 0.1
UNLIMITED = 1 << 62


class Allowance:
    """Counts what this worker stores on top of what the account said last."""

    def __init__(self, run: Run, store: RunStore) -> None:
        self._run, self._store = run, store
        self._is_limited = (run.budget_tokens, run.budget_completions) != (None, None)
        self._budget = Budget()
        self._completions = self._tokens = 0
        self._look_at = 0.0
        self._look()

    @property
    def is_spent(self) -> bool:
        return self._is_limited and self._current.is_spent

    def samples(self, under_way: int) -> int:
        """How many more samples may be asked for while ``under_way`` are.

        Tokens are not known before they are written: a sample under way is taken to cost what those before did on
        average. One at a time is asked for as long as anything is left.
        """
        if not self._is_limited:
            return UNLIMITED
        now = self._current
        if now.is_spent:
            return 0
        left = UNLIMITED
        if now.limit_completions is not None:
            left = now.limit_completions - now.completions
        if now.limit_tokens is not None and now.completions:
            left = min(left, (now.limit_tokens - now.tokens) * now.completions // max(1, now.tokens))
        return max(left - under_way, 0 if under_way else 1)

    @property
    def _current(self) -> Budget:
        if (self._store.completions, self._store.tokens) != (self._completions, self._tokens):
            self._look()
        return Budget(
            self._budget.limit_tokens,
            self._budget.limit_completions,
            self._budget.tokens + self._store.tokens - self._tokens,
            self._budget.completions + self._store.completions - self._completions,
        )

    def _look(self) -> None:
        began = time.monotonic()
        if not self._is_limited or began < self._look_at:
            return
        self._budget = budget_of(self._run)
        self._completions, self._tokens = self._store.completions, self._store.tokens
        ended = time.monotonic()
        self._look_at = ended + (ended - began) / _LOOKING_SHARE
